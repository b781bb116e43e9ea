//! `format console|json|filter|append|journald`

use super::filter;
use crate::context::{Context, Parsed};
use crate::model::{AppendEncoder, EncoderFormat, JournaldEncoder, LogEncoder};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, flag_word, text_word};
use crate::values::scalar::scalar;

/// An entry for a name that may be set to nothing.
macro_rules! optional {
    ($name:literal => $field:ident) => {
        Entry::last(
            $name,
            Shape::arguments(1, 1, concat!($name, " <text>")),
            |format, line, _| {
                format.$field = Some(line.text(0).to_owned());
                Ok(())
            },
        )
    };
}

/// The entry for the encoder that another one changes.
macro_rules! wrap {
    ($($inner:ident)?) => {
        Entry::last("wrap", WRAP, |outer, line, cx| {
            outer$(.$inner)?.wrap = Some(Box::new(parse(&line.inner(), cx)?));
            Ok(())
        })
    };
}

/// Reads an encoder; the line begins with its kind.
pub(super) fn parse(line: &Line, cx: &mut Context) -> Parsed<LogEncoder> {
    let mut encoder = LogEncoder::Json(EncoderFormat::default());
    ENCODERS.apply(line, &mut encoder, cx)?;
    Ok(encoder)
}

const ENCODERS: Grammar<LogEncoder> = Grammar {
    vocabulary: Vocabulary::Module("log format"),
    entries: &[&[
        Entry::many("console", PLAIN, |encoder, line, cx| {
            *encoder = LogEncoder::Console(format(line, cx)?);
            Ok(())
        }),
        Entry::many("json", PLAIN, |encoder, line, cx| {
            *encoder = LogEncoder::Json(format(line, cx)?);
            Ok(())
        }),
        Entry::unbuilt(Entry::many("filter", WRAPPING, |encoder, line, cx| {
            let mut filter = filter::Building::default();
            FILTER.apply_all(line.lines(), &mut filter, cx)?;
            *encoder = LogEncoder::Filter(filter.finish());
            Ok(())
        })),
        Entry::unbuilt(Entry::many("append", WRAPPING, |encoder, line, cx| {
            let mut append = AppendEncoder::default();
            APPEND.apply_all(line.lines(), &mut append, cx)?;
            *encoder = LogEncoder::Append(append);
            Ok(())
        })),
        Entry::unbuilt(Entry::many("journald", PLAIN, |encoder, line, cx| {
            let mut journald = JournaldEncoder::default();
            JOURNALD.apply_all(line.lines(), &mut journald, cx)?;
            *encoder = LogEncoder::Journald(journald);
            Ok(())
        })),
    ]],
    other: None,
};

const PLAIN: Shape = Shape::with_block(0, 0, Block::Maybe, "format <encoder> { ... }");
const WRAPPING: Shape = Shape::with_block(0, usize::MAX, Block::Maybe, "format <encoder> { ... }");

const FORMAT: Grammar<EncoderFormat> = Grammar {
    vocabulary: Vocabulary::Subdirective("format"),
    entries: &[&[
        Entry::unbuilt(optional!("message_key" => message_key)),
        Entry::unbuilt(optional!("level_key" => level_key)),
        Entry::unbuilt(optional!("time_key" => time_key)),
        Entry::unbuilt(optional!("name_key" => name_key)),
        optional!("caller_key" => caller_key),
        optional!("stacktrace_key" => stacktrace_key),
        Entry::unbuilt(optional!("line_ending" => line_ending)),
        text_word!("time_format", "<format>" => time_format),
        Entry::unbuilt(flag_word!("time_local" => time_local)),
        text_word!("duration_format", "<format>" => duration_format),
        text_word!("level_format", "<format>" => level_format),
    ]],
    other: None,
};

fn format(line: &Line, cx: &mut Context) -> Parsed<EncoderFormat> {
    let mut format = EncoderFormat::default();
    FORMAT.apply_all(line.lines(), &mut format, cx)?;
    Ok(format)
}

const FILTER: Grammar<filter::Building> = Grammar {
    vocabulary: Vocabulary::Subdirective("format filter"),
    entries: &[&[
        wrap!(encoder),
        Entry::many("fields", FIELDS, |filter, line, cx| {
            FILTER_FIELDS.apply_all(line.lines(), filter, cx)
        }),
    ]],
    other: Some(filter::field),
};

const FILTER_FIELDS: Grammar<filter::Building> = Grammar {
    vocabulary: Vocabulary::Subdirective("fields"),
    entries: &[],
    other: Some(filter::field),
};

const APPEND: Grammar<AppendEncoder> = Grammar {
    vocabulary: Vocabulary::Subdirective("format append"),
    entries: &[&[
        wrap!(),
        Entry::many("fields", FIELDS, |append, line, cx| {
            APPEND_FIELDS.apply_all(line.lines(), append, cx)
        }),
    ]],
    other: Some(append_field),
};

const APPEND_FIELDS: Grammar<AppendEncoder> = Grammar {
    vocabulary: Vocabulary::Subdirective("fields"),
    entries: &[],
    other: Some(append_field),
};

const JOURNALD: Grammar<JournaldEncoder> = Grammar {
    vocabulary: Vocabulary::Subdirective("format journald"),
    entries: &[&[wrap!()]],
    other: None,
};

const FIELDS: Shape = Shape::with_block(0, 0, Block::Maybe, "fields { ... }");
const WRAP: Shape = Shape::with_block(1, usize::MAX, Block::Maybe, "wrap <encoder> ...");

fn append_field(append: &mut AppendEncoder, line: &Line, cx: &mut Context) -> Parsed<()> {
    Shape::arguments(1, 1, "<field> <value>").check(line, cx)?;
    let value = scalar(&line.arguments[0], cx)?;
    append.fields.insert(line.name.text.clone(), value);
    Ok(())
}

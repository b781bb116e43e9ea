//! `encode [<matcher>] [<formats...>] { gzip ...; zstd ...; minimum_length ...; match ... }`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::{Call, Directive};
use crate::context::{Context, Parsed, Reported, suggest};
use crate::matchers::response;
use crate::model::{Encode, Gzip, Handler, Zstd};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::third_party::{self, Place};
use crate::values::number::integer;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "encode",
    Shape::with_block(
        0,
        usize::MAX,
        Block::Maybe,
        "encode [<matcher>] [<formats...>]",
    ),
    parse,
);

pub(super) const GRAMMAR: Grammar<Encode> = Grammar {
    vocabulary: Vocabulary::Subdirective("encode"),
    entries: &[&[
        Entry::<Encode>::many("gzip", Shape::arguments(0, 1, "gzip [<level>]"), gzip),
        Entry::<Encode>::many(
            "zstd",
            Shape::with_block(0, 1, Block::Maybe, "zstd [<level>] { ... }"),
            zstd,
        ),
        Entry::<Encode>::last(
            "minimum_length",
            Shape::arguments(1, 1, "minimum_length <bytes>"),
            |encode, line, cx| {
                encode.minimum_length = integer(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
        Entry::<Encode>::once(
            "match",
            Shape::with_block(
                0,
                usize::MAX,
                Block::Maybe,
                "match status|header <arguments...>",
            ),
            |encode, line, cx| {
                encode.matcher = Some(response::parse(line, cx)?);
                Ok(())
            },
        ),
    ]],
    other: Some(
        |_, line, cx| match third_party::explain(Place::Encoding, line.name, cx) {
            Some(reported) => Err(reported),
            None => GRAMMAR.unknown(line, cx),
        },
    ),
};

/// Formats on the first line have their default settings and come after those in the block.
fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut encode = Encode {
        origin: call.origin().into(),
        ..Encode::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut encode, call.cx)?;
    for token in call.line.arguments {
        if add_default(&mut encode, &token.text).is_none() {
            return Err(unknown(token, call.cx));
        }
    }
    if encode.prefer.is_empty() {
        for format in ["zstd", "gzip"] {
            add_default(&mut encode, format);
        }
    }
    Ok(Handler::Encode(encode))
}

fn add_default(encode: &mut Encode, format: &str) -> Option<()> {
    match format {
        "gzip" => encode.encodings.gzip = Some(Gzip::default()),
        "zstd" => encode.encodings.zstd = Some(Zstd::default()),
        _ => return None,
    }
    encode.prefer.push(format.to_owned());
    Some(())
}

fn unknown(token: &Token, cx: &mut Context) -> Reported {
    if let Some(reported) = third_party::explain(Place::Encoding, token, cx) {
        return reported;
    }
    let message = format!("unknown encoding `{}`", token.text);
    let help = suggest(&token.text, ["gzip", "zstd"], "write `gzip` or `zstd`");
    cx.fail(token, codes::BAD_VALUE, message, help)
}

fn gzip(encode: &mut Encode, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut gzip = Gzip::default();
    if let Some(level) = line.arguments.first() {
        gzip.level = integer(level, cx)?;
        if !(-3..=9).contains(&gzip.level) {
            let message = format!("`{}` is no level of gzip", level.text);
            let help = "write a number from 1 (fast) to 9 (small)";
            return Err(cx.fail(level, codes::BAD_VALUE, message, help));
        }
    }
    encode.encodings.gzip = Some(gzip);
    encode.prefer.push("gzip".to_owned());
    Ok(())
}

fn zstd(encode: &mut Encode, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut zstd = Zstd::default();
    if let Some(token) = line.arguments.first() {
        zstd.level = level(token, cx)?;
    }
    ZSTD.apply_all(line.lines(), &mut zstd, cx)?;
    encode.encodings.zstd = Some(zstd);
    encode.prefer.push("zstd".to_owned());
    Ok(())
}

const ZSTD: Grammar<Zstd> = Grammar {
    vocabulary: Vocabulary::Subdirective("zstd"),
    entries: &[&[
        Entry::once(
            "level",
            Shape::arguments(1, 1, "level <level>"),
            |zstd: &mut Zstd, line, cx| {
                if !zstd.level.is_empty() {
                    let message = "the level is given twice";
                    let help = "keep one of the two";
                    return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
                }
                zstd.level = level(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
        Entry::once(
            "disable_checksum",
            Shape::arguments(0, 0, "disable_checksum"),
            |zstd, _, _| {
                zstd.checksum = Some(false);
                Ok(())
            },
        ),
    ]],
    other: None,
};

const LEVELS: [&str; 4] = ["fastest", "default", "better", "best"];

fn level(token: &Token, cx: &mut Context) -> Parsed<String> {
    if LEVELS
        .iter()
        .any(|level| level.eq_ignore_ascii_case(&token.text))
    {
        return Ok(token.text.clone());
    }
    let message = format!("`{}` is no level of Zstandard", token.text);
    let help = suggest(
        &token.text,
        LEVELS,
        "write `fastest`, `default`, `better` or `best`",
    );
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}

//! `output stdout|stderr|discard|file|net`

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed, Reported, suggest};
use crate::model::{Duration, FileWriter, LogWriter, NetWriter};
use crate::spec::{
    Block, Entry, Grammar, Line, Shape, Vocabulary, flag_word, text_word, value_word,
};
use crate::values::duration::{duration, timeout};
use crate::values::number::integer;
use crate::values::size::signed_size;

/// Reads an output; the line begins with its kind.
pub(super) fn parse(line: &Line, cx: &mut Context) -> Parsed<LogWriter> {
    let mut writer = LogWriter::Stderr;
    OUTPUTS.apply(line, &mut writer, cx)?;
    Ok(writer)
}

const OUTPUTS: Grammar<LogWriter> = Grammar {
    vocabulary: Vocabulary::Module("log output"),
    entries: &[&[
        Entry::many("stdout", ANYTHING, |writer, _, _| {
            *writer = LogWriter::Stdout;
            Ok(())
        }),
        Entry::many("stderr", ANYTHING, |writer, _, _| {
            *writer = LogWriter::Stderr;
            Ok(())
        }),
        Entry::many("discard", ANYTHING, |writer, _, _| {
            *writer = LogWriter::Discard;
            Ok(())
        }),
        Entry::many(
            "file",
            Shape::with_block(1, 1, Block::Maybe, "output file <path>"),
            |writer, line, cx| {
                let filename = line.text(0).to_owned();
                let mut file = FileWriter {
                    filename,
                    ..FileWriter::default()
                };
                FILE.apply_all(line.lines(), &mut file, cx)?;
                *writer = LogWriter::File(file);
                Ok(())
            },
        ),
        Entry::unbuilt(Entry::many(
            "net",
            Shape::with_block(1, 1, Block::Maybe, "output net <network address>"),
            |writer, line, cx| {
                let address = line.text(0).to_owned();
                let mut net = NetWriter {
                    address,
                    ..NetWriter::default()
                };
                NET.apply_all(line.lines(), &mut net, cx)?;
                *writer = LogWriter::Net(net);
                Ok(())
            },
        )),
    ]],
    other: None,
};

const ANYTHING: Shape = Shape::arguments(0, 0, "output stdout|stderr|discard");

const FILE: Grammar<FileWriter> = Grammar {
    vocabulary: Vocabulary::Subdirective("output file"),
    entries: &[&[
        value_word!("mode", "<octal digits>", mode => mode),
        Entry::unbuilt(
            value_word!("dir_mode", "inherit|from_file|<octal digits>", dir_mode => dir_mode),
        ),
        Entry::many(
            "roll_disabled",
            Shape::arguments(0, 0, "roll_disabled"),
            |file, _, _| {
                file.roll = Some(false);
                Ok(())
            },
        ),
        value_word!("roll_size", "<size>", megabytes => roll_size_mb),
        Entry::many(
            "roll_uncompressed",
            Shape::arguments(0, 0, "roll_uncompressed"),
            |file, _, _| {
                file.roll_gzip = Some(false);
                Ok(())
            },
        ),
        value_word!("roll_compression", "none|gzip|zstd", compression => roll_compression),
        Entry::unbuilt(flag_word!("roll_local_time" => roll_local_time)),
        value_word!("roll_keep", "<number>", integer => roll_keep),
        value_word!("roll_keep_for", "<length of time>", days => roll_keep_days),
        Entry::unbuilt(value_word!("roll_interval", "<length of time>", duration => roll_interval)),
        Entry::unbuilt(Entry::last(
            "roll_minutes",
            Shape::arguments(1, usize::MAX, "roll_minutes <minutes...>"),
            |file, line, cx| {
                file.roll_minutes = minutes(line, cx)?;
                Ok(())
            },
        )),
        Entry::unbuilt(Entry::last(
            "roll_at",
            Shape::arguments(1, usize::MAX, "roll_at <times...>"),
            |file, line, cx| {
                let times = listed(line, cx)?;
                file.roll_at = times.into_iter().map(|(_, time)| time.to_owned()).collect();
                Ok(())
            },
        )),
        Entry::unbuilt(text_word!("backup_time_format", "<format>" => backup_time_format)),
    ]],
    other: None,
};

const NET: Grammar<NetWriter> = Grammar {
    vocabulary: Vocabulary::Subdirective("output net"),
    entries: &[&[
        value_word!("dial_timeout", "<length of time>", duration => dial_timeout),
        flag_word!("soft_start" => soft_start),
    ]],
    other: None,
};

fn octal(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    u32::from_str_radix(text, 8).ok().filter(|_| digits)
}

fn bad_mode(token: &Token, cx: &mut Context) -> Reported {
    let message = format!("`{}` are no permissions of a file", token.text);
    let help = "write them in octal digits, such as `0640`";
    cx.fail(token, codes::BAD_VALUE, message, help)
}

/// Permissions are printed with at least four digits; none at all are not printed.
fn mode(token: &Token, cx: &mut Context) -> Parsed<Option<String>> {
    match octal(&token.text) {
        Some(0) => Ok(None),
        Some(bits) => Ok(Some(format!("{bits:04o}"))),
        None => Err(bad_mode(token, cx)),
    }
}

fn dir_mode(token: &Token, cx: &mut Context) -> Parsed<String> {
    let text = token.text.trim();
    let known = ["inherit", "from_file"].contains(&text.to_lowercase().as_str());
    if known || octal(text).is_some() {
        Ok(text.to_owned())
    } else {
        Err(bad_mode(token, cx))
    }
}

/// Bytes are rounded up to whole megabytes.
fn megabytes(token: &Token, cx: &mut Context) -> Parsed<i64> {
    const MEGABYTE: u64 = 1 << 20;
    let bytes = signed_size(token, cx)?.unsigned_abs();
    Ok(bytes.div_ceil(MEGABYTE).cast_signed())
}

/// A length of time is rounded up to whole days.
fn days(token: &Token, cx: &mut Context) -> Parsed<i64> {
    const DAY: u64 = 24 * 3600 * Duration::SECOND.unsigned_abs();
    let time = timeout(token, cx)?.0.unsigned_abs();
    Ok(time.div_ceil(DAY).cast_signed())
}

fn compression(token: &Token, cx: &mut Context) -> Parsed<String> {
    const KINDS: &[&str] = &["none", "gzip", "zstd"];
    let kind = token.text.trim().to_lowercase();
    if KINDS.contains(&kind.as_str()) {
        return Ok(kind);
    }
    let help = suggest(&kind, KINDS.iter().copied(), "one of none, gzip, zstd");
    let message = format!("`{}` is no kind of compression", token.text);
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}

/// The arguments of a line, of which each may be a list with commas.
fn listed<'l>(line: &Line<'l>, cx: &mut Context) -> Parsed<Vec<(&'l Token, &'l str)>> {
    let mut values = Vec::new();
    for token in line.arguments {
        for value in token.text.split(',').map(str::trim) {
            if value.is_empty() {
                let message = format!("`{}` has an empty value", token.text);
                let help = "write one comma between two values";
                return Err(cx.fail(token, codes::BAD_VALUE, message, help));
            }
            values.push((token, value));
        }
    }
    Ok(values)
}

fn minutes(line: &Line, cx: &mut Context) -> Parsed<Vec<i64>> {
    let mut minutes = Vec::new();
    for (token, minute) in listed(line, cx)? {
        minutes.push(minute.parse().map_err(|_| {
            let message = format!("`{minute}` is no number of a minute");
            cx.fail(
                token,
                codes::BAD_VALUE,
                message,
                "write numbers from 0 to 59",
            )
        })?);
    }
    Ok(minutes)
}

//! Numbers of bytes with a unit: `10MB`, `1.5 GiB`, `4096`.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};

/// A number of bytes.
pub(crate) fn size(token: &Token, cx: &mut Context) -> Parsed<u64> {
    parse(&token.text).ok_or_else(|| {
        let message = format!("`{}` is no size", token.text);
        let help = "write a number with a unit (B, KB, KiB, MB, MiB, GB, GiB), such as `10MB`";
        cx.fail(token, codes::BAD_VALUE, message, help)
    })
}

/// A number of bytes that fits into JSON's field for it.
pub(crate) fn signed_size(token: &Token, cx: &mut Context) -> Parsed<i64> {
    let bytes = size(token, cx)?;
    i64::try_from(bytes).map_err(|_| {
        let message = format!("`{}` is too large", token.text);
        cx.fail(token, codes::BAD_VALUE, message, "write a smaller size")
    })
}

/// The rules of the library that Caddy uses: commas in the number are ignored, the unit's case does not matter, and the
/// product is rounded down.
fn parse(text: &str) -> Option<u64> {
    let end = text
        .find(|character: char| !character.is_ascii_digit() && !matches!(character, '.' | ','))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.replace(',', "").parse().ok()?;
    let unit = unit.trim().to_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let bytes = number * *factor as f64;
    // Beyond this the conversion of the library is undefined.
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("p", 1_000_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("pi", 1 << 50),
    ("pib", 1 << 50),
    ("e", 1_000_000_000_000_000_000),
    ("eb", 1_000_000_000_000_000_000),
    ("ei", 1 << 60),
    ("eib", 1 << 60),
];

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("4096", Some(4096)),
            ("10MB", Some(10_000_000)),
            ("10 MiB", Some(10 << 20)),
            ("1.5k", Some(1500)),
            ("1,000B", Some(1000)),
            ("5gib", Some(5 << 30)),
            ("0", Some(0)),
            ("", None),
            ("MB", None),
            ("-1", None),
            ("1x", None),
            ("99e", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}

//! Lengths of time: Go's syntax and `d` for days.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::Duration;

/// A length of time such as `1m30s`, `1.5h`, `2d` or `0`.
pub(crate) fn duration(token: &Token, cx: &mut Context) -> Parsed<Duration> {
    parse(&token.text).map(Duration).ok_or_else(|| {
        let message = format!("`{}` is no length of time", token.text);
        cx.fail(
            token,
            codes::BAD_VALUE,
            message,
            "write a number with a unit (ns, us, ms, s, m, h, d), such as `30s`",
        )
    })
}

/// A length of time that is not negative, as timeouts are.
pub(crate) fn timeout(token: &Token, cx: &mut Context) -> Parsed<Duration> {
    let duration = duration(token, cx)?;
    if duration.0 < 0 {
        let message = format!("`{}` is negative", token.text);
        return Err(cx.fail(token, codes::BAD_VALUE, message, "write 0 for none"));
    }
    Ok(duration)
}

/// A length of time in nanoseconds.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    let mut parts = 0;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at(end);
        let (unit, nanoseconds) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        total += amount(number, *nanoseconds)?;
        rest = &after[unit.len()..];
        parts += 1;
    }
    let total = if negative { -total } else { total };
    (parts > 0).then_some(total)?.try_into().ok()
}

/// A decimal number times a unit, fractions of a nanosecond cut off.
fn amount(number: &str, unit: i128) -> Option<i128> {
    const DIGITS_MAX: usize = 18;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|character| character.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(fraction) || whole.len() > DIGITS_MAX {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(DIGITS_MAX)];
    let value = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<i128>().ok()
        }
    };
    let scale = 10_i128.pow(fraction.len() as u32);
    Some(value(whole)? * unit + value(fraction)? * unit / scale)
}

/// Units in nanoseconds; longer names before those that they start with.
const UNITS: &[(&str, i128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("0", Some(0)),
            ("5s", Some(5_000_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("2d12h", Some(216_000_000_000_000)),
            ("1µs", Some(1_000)),
            ("-1s", Some(-1_000_000_000)),
            ("300ms", Some(300_000_000)),
            ("5", None),
            ("s", None),
            ("", None),
            ("-", None),
            ("1x", None),
            ("1.2.3s", None),
            ("99999999999999999h", None),
            ("999999999999999999999s", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}

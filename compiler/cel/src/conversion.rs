//! Conversions of constants that can only fail.

use crate::Function;
use crate::tree::Constant;

/// Why a conversion of a constant fails, if it does.
pub(crate) fn problem(function: Function, value: &Constant) -> Option<&'static str> {
    let fits = match (function, value) {
        (Function::ToBool, Constant::String(text)) => BOOLS.contains(&text.as_str()),
        (Function::ToDouble, Constant::String(text)) => is_double(text),
        (Function::ToInt, Constant::String(text)) => text.parse::<i64>().is_ok(),
        (Function::ToInt, Constant::Uint(value)) => i64::try_from(*value).is_ok(),
        (Function::ToInt, Constant::Double(value)) => value.abs() < TWO_TO_63,
        (Function::ToUint, Constant::String(text)) => {
            !text.starts_with('+') && text.parse::<u64>().is_ok()
        }
        (Function::ToUint, Constant::Int(value)) => *value >= 0,
        (Function::ToUint, Constant::Double(value)) => (0.0..2.0 * TWO_TO_63).contains(value),
        (Function::ToString, Constant::Bytes(bytes)) => std::str::from_utf8(bytes).is_ok(),
        (Function::ToDuration, Constant::String(text)) => is_duration(text),
        (Function::ToTimestamp, Constant::String(text)) => is_timestamp(text),
        (Function::ToTimestamp, Constant::Int(value)) => SECONDS.contains(value),
        (
            Function::ToString | Function::ToDuration | Function::ToTimestamp | Function::ToInt,
            Constant::Null,
        ) => false,
        _ => true,
    };
    (!fits).then(|| expected(function))
}

fn expected(function: Function) -> &'static str {
    match function {
        Function::ToBool => "write `true` or `false`",
        Function::ToDuration => "write a duration such as `1h30m`",
        Function::ToTimestamp => "write a time such as `2024-01-31T12:00:00Z`",
        Function::ToString => "write a text, or a number",
        _ => "write a number that the type can hold",
    }
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// The first and the last second of the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// What counts as a truth value in a text.
const BOOLS: &[&str] = &[
    "true", "True", "TRUE", "t", "T", "1", "false", "False", "FALSE", "f", "F", "0",
];

fn is_double(text: &str) -> bool {
    let starts = text.trim_start_matches(['+', '-']);
    let special = ["inf", "infinity", "nan"]
        .iter()
        .any(|word| starts.eq_ignore_ascii_case(word));
    special || text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Numbers with units, such as `1h30m` and `1.5s`, with at most one sign before them.
fn is_duration(text: &str) -> bool {
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1e0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let length = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(length);
        let unit = after
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let size = UNITS.iter().find(|(name, _)| *name == unit);
        let dots = number.matches('.').count();
        match (number.parse::<f64>(), size) {
            (Ok(number), Some((_, size))) if dots <= 1 => total += number * size,
            _ => return false,
        }
        rest = after;
    }
    text.ends_with(|last: char| last.is_alphabetic()) && total < TWO_TO_63
}

/// A time as in RFC 3339 §5.6, with a `T`, a `Z` or an offset.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((head, tail)) = bytes.split_at_checked(19) else {
        return false;
    };
    let pattern = b"dddd-dd-ddTdd:dd:dd";
    let shaped = head.iter().zip(pattern).all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        shape => byte == shape,
    });
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap_or(u32::MAX);
    if !shaped {
        return false;
    }
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let date = year >= 1 && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    let time = number(11..13) < 24 && number(14..16) < 60 && number(17..19) < 60;
    date && time && is_zone(tail)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// A fraction of a second, if any, and the zone.
fn is_zone(mut tail: &[u8]) -> bool {
    if let [b'.' | b',', rest @ ..] = tail {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        tail = &rest[digits..];
    }
    let pair = |high: u8, low: u8| {
        let digits = high.is_ascii_digit() && low.is_ascii_digit();
        digits.then(|| (high - b'0') * 10 + low - b'0')
    };
    match tail {
        b"Z" => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            pair(*h1, *h2).is_some_and(|hours| hours <= 24)
                && pair(*m1, *m2).is_some_and(|minutes| minutes < 60)
        }
        _ => false,
    }
}

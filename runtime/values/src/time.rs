//! Points and lengths of time.

use zs_abi::value::Function;
use zs_proto::date::Civil;

use crate::value::{NO_OVERLOAD, Problem, Timestamp, Value};

const NANOS: i64 = 1_000_000_000;
const OVERFLOW: Problem = "timestamp overflow";
const DURATION_OVERFLOW: Problem = "duration overflow";

/// The first and the last second of the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The result of a function of this group.
///
/// # Errors
/// What CEL says.
pub fn time(function: Function, arguments: Vec<Value>) -> Result<Value, Problem> {
    match &arguments[..] {
        [Value::Timestamp(time)] => part(function, *time, 0),
        [Value::Timestamp(time), Value::String(zone)] => {
            part(function, *time, offset(zone).ok_or("unknown time zone")?)
        }
        [Value::Duration(nanos)] => {
            let unit = match function {
                Function::Hours => 3600 * NANOS,
                Function::Minutes => 60 * NANOS,
                Function::Seconds => NANOS,
                Function::Milliseconds => 1_000_000,
                _ => return Err(NO_OVERLOAD),
            };
            Ok(Value::Int(nanos / unit))
        }
        _ => Err(NO_OVERLOAD),
    }
}

fn part(function: Function, time: Timestamp, offset: i32) -> Result<Value, Problem> {
    let local = time.seconds + i64::from(offset);
    let civil = Civil::from_unix(local);
    Ok(Value::Int(match function {
        Function::FullYear => civil.year,
        Function::Month => i64::from(civil.month) - 1,
        Function::Date => i64::from(civil.day),
        Function::DayOfMonth => i64::from(civil.day) - 1,
        Function::DayOfWeek => i64::from(civil.weekday),
        Function::DayOfYear => local.div_euclid(86_400) - days_before(civil.year, 1, 1),
        Function::Hours => i64::from(civil.hour),
        Function::Minutes => i64::from(civil.minute),
        Function::Seconds => i64::from(civil.second),
        Function::Milliseconds => i64::from(time.nanos / 1_000_000),
        _ => return Err(NO_OVERLOAD),
    }))
}

/// Seconds that a zone is ahead: `UTC`, or hours and minutes such as `+02:00`.
fn offset(zone: &[u8]) -> Option<i32> {
    if matches!(zone, b"" | b"UTC") {
        return Some(0);
    }
    let (hours, minutes) = std::str::from_utf8(zone).ok()?.split_once(':')?;
    let negative = hours.starts_with('-');
    let hours: i32 = hours.parse().ok()?;
    let minutes: i32 = minutes.parse().ok()?;
    if !(0..60).contains(&minutes) || hours.abs() > 24 {
        return None;
    }
    let minutes = if negative { -minutes } else { minutes };
    Some((hours * 60 + minutes) * 60)
}

/// The sum of times.
pub fn add(left: &Value, right: &Value) -> Result<Value, Problem> {
    match (left, right) {
        (Value::Duration(left), Value::Duration(right)) => {
            let sum = left.checked_add(*right).ok_or(DURATION_OVERFLOW)?;
            Ok(Value::Duration(sum))
        }
        (Value::Timestamp(time), Value::Duration(nanos))
        | (Value::Duration(nanos), Value::Timestamp(time)) => moved(*time, i128::from(*nanos)),
        _ => Err(NO_OVERLOAD),
    }
}

/// The difference of times.
pub fn subtract(left: &Value, right: &Value) -> Result<Value, Problem> {
    match (left, right) {
        (Value::Duration(left), Value::Duration(right)) => {
            let rest = left.checked_sub(*right).ok_or(DURATION_OVERFLOW)?;
            Ok(Value::Duration(rest))
        }
        (Value::Timestamp(time), Value::Duration(nanos)) => moved(*time, -i128::from(*nanos)),
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            let nanos = i64::try_from(nanos(*left) - nanos(*right));
            Ok(Value::Duration(nanos.map_err(|_| DURATION_OVERFLOW)?))
        }
        _ => Err(NO_OVERLOAD),
    }
}

fn nanos(time: Timestamp) -> i128 {
    i128::from(time.seconds) * i128::from(NANOS) + i128::from(time.nanos)
}

fn moved(time: Timestamp, by: i128) -> Result<Value, Problem> {
    let sum = nanos(time) + by;
    let seconds = i64::try_from(sum.div_euclid(i128::from(NANOS))).map_err(|_| OVERFLOW)?;
    if !SECONDS.contains(&seconds) {
        return Err(OVERFLOW);
    }
    Ok(Value::Timestamp(Timestamp {
        seconds,
        nanos: sum.rem_euclid(i128::from(NANOS)) as u32,
    }))
}

/// A point in time from seconds.
pub fn from_seconds(seconds: i64) -> Result<Value, Problem> {
    if !SECONDS.contains(&seconds) {
        return Err(OVERFLOW);
    }
    Ok(Value::Timestamp(Timestamp { seconds, nanos: 0 }))
}

/// A length of time in seconds.
pub fn seconds(nanos: i64) -> f64 {
    // Whole seconds and the rest are exact on their own, as Go does it.
    (nanos / NANOS) as f64 + (nanos % NANOS) as f64 / NANOS as f64
}

/// Days from 1970-01-01 to a date (the inverse of [`Civil::from_unix`]).
fn days_before(year: i64, month: u8, day: u8) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A time as RFC 3339 §5.6 writes it, with as many digits of the fraction as
/// are needed.
pub fn to_text(time: Timestamp) -> String {
    let civil = Civil::from_unix(time.seconds);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
    );
    if time.nanos > 0 {
        text += format!(".{:09}", time.nanos).trim_end_matches('0');
    }
    text + "Z"
}

/// A time as RFC 3339 §5.6 has it.
pub fn parse_timestamp(text: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, rest) = text.split_at_checked(19)?;
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = date.get(range)?;
        let all = part.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| part.parse().ok()).flatten()
    };
    let shaped = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
        .iter()
        .all(|(at, byte)| date.as_bytes()[*at] == *byte);
    if !shaped {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    if !(1..=12).contains(&month) || day == 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_before(i64::from(year), month, day);
    // A day that the month does not have comes back as one of the next.
    if Civil::from_unix(days * 86_400).day != day {
        return None;
    }
    let (nanos, zone) = fraction(rest)?;
    let offset = match zone {
        "Z" => 0,
        zone if zone.len() == 6 && zone.starts_with(['+', '-']) => offset(zone.as_bytes())?,
        _ => return None,
    };
    let local = days * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    let seconds = local - i64::from(offset);
    SECONDS
        .contains(&seconds)
        .then_some(Value::Timestamp(Timestamp { seconds, nanos }))
}

/// Nanoseconds of a fraction, if there is one, and what is behind it.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix(['.', ',']) else {
        return Some((0, text));
    };
    let len = rest.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return None;
    }
    let nanos = format!("{:0<9}", &rest[..len.min(9)]).parse().ok()?;
    Some((nanos, &rest[len..]))
}

/// A length of time as Go writes one: `1h30m`, `-1.5s`.
pub fn parse_duration(text: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(text).ok()?;
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Some(Value::Duration(0));
    }
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let behind = &rest[whole..];
        let point = behind.strip_prefix('.');
        let digits = point.map_or(0, |part| {
            part.bytes().take_while(u8::is_ascii_digit).count()
        });
        if whole + digits == 0 {
            return None;
        }
        let (fraction, tail) = match point {
            Some(part) => part.split_at(digits),
            None => ("", behind),
        };
        let unit_len = tail
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(tail.len());
        let unit = unit(&tail[..unit_len])?;
        let value: u64 = if whole == 0 {
            0
        } else {
            rest[..whole].parse().ok()?
        };
        let mut part = value.checked_mul(unit)?;
        if !fraction.is_empty() {
            let share = format!("0.{fraction}").parse::<f64>().ok()? * unit as f64;
            part = part.checked_add(share as u64)?;
        }
        total = total.checked_add(part)?;
        rest = &tail[unit_len..];
    }
    let nanos = if negative {
        0i64.checked_sub_unsigned(total)?
    } else {
        i64::try_from(total).ok()?
    };
    Some(Value::Duration(nanos))
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

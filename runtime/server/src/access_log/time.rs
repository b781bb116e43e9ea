//! The forms of times in lines.

use std::io::Write;

use zs_abi::TimePart;
use zs_abi::tables::{LOG_TIME_MILLIS, LOG_TIME_NANOS, LOG_TIME_SECONDS};
use zs_proto::date::Civil;

/// Appends a time; within JSON as a value, `bare` without marks around it.
pub(super) fn push(
    out: &mut Vec<u8>,
    (seconds, nanos): (i64, u32),
    format: u32,
    layout: &[u8],
    bare: bool,
) {
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    match format {
        LOG_TIME_SECONDS => number(out, total as f64 / 1e9, bare),
        LOG_TIME_MILLIS => number(out, total as f64 / 1e6, bare),
        LOG_TIME_NANOS => drop(write!(out, "{total}")),
        _ if bare => laid_out(out, seconds, nanos, layout),
        _ => {
            out.push(b'"');
            laid_out(out, seconds, nanos, layout);
            out.push(b'"');
        }
    }
}

/// Numbers in lines for people have an exponent, as Go prints them.
fn number(out: &mut Vec<u8>, value: f64, bare: bool) {
    if !bare {
        drop(write!(out, "{value}"));
        return;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    drop(write!(out, "{digits}e+{exponent:0>2}"));
}

/// Appends a time as a layout says.
pub(super) fn laid_out(out: &mut Vec<u8>, seconds: i64, nanos: u32, layout: &[u8]) {
    let civil = Civil::from_unix(seconds);
    let mut rest = layout.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != 0 {
            out.push(byte);
            continue;
        }
        let Some(part) = rest.next().and_then(TimePart::from_number) else {
            return;
        };
        match part {
            TimePart::Fraction => {
                let count = rest.next().unwrap_or_default();
                out.extend_from_slice(&fraction(nanos, count));
            }
            TimePart::TrimmedFraction => {
                let count = rest.next().unwrap_or_default();
                let mark = rest.next().unwrap_or(b'.');
                let mut digits = fraction(nanos, count);
                while digits.last() == Some(&b'0') {
                    digits.pop();
                }
                if !digits.is_empty() {
                    out.push(mark);
                    out.extend_from_slice(&digits);
                }
            }
            part => civil_part(out, civil, part),
        }
    }
}

fn fraction(nanos: u32, count: u8) -> Vec<u8> {
    let mut digits = format!("{nanos:09}").into_bytes();
    digits.truncate(count.into());
    digits
}

fn civil_part(out: &mut Vec<u8>, civil: Civil, part: TimePart) {
    let Civil {
        year,
        month,
        day,
        weekday,
        hour,
        minute,
        second,
    } = civil;
    let month_name = MONTHS[usize::from(month.clamp(1, 12)) - 1];
    let weekday = WEEKDAYS[usize::from(weekday) % 7];
    let half_day_hour = (hour + 11) % 12 + 1;
    // Memory does not fail.
    let _written = match part {
        TimePart::Year => write!(out, "{year:04}"),
        TimePart::ShortYear => write!(out, "{:02}", year.rem_euclid(100)),
        TimePart::MonthName => write!(out, "{month_name}"),
        TimePart::ShortMonthName => write!(out, "{}", &month_name[..3]),
        TimePart::Month => write!(out, "{month:02}"),
        TimePart::PlainMonth => write!(out, "{month}"),
        TimePart::Weekday => write!(out, "{weekday}"),
        TimePart::ShortWeekday => write!(out, "{}", &weekday[..3]),
        TimePart::Day => write!(out, "{day:02}"),
        TimePart::PlainDay => write!(out, "{day}"),
        TimePart::SpacedDay => write!(out, "{day:2}"),
        TimePart::DayOfYear => write!(out, "{:03}", day_of_year(year, month, day)),
        TimePart::Hour => write!(out, "{hour:02}"),
        TimePart::HalfDayHour => write!(out, "{half_day_hour:02}"),
        TimePart::PlainHalfDayHour => write!(out, "{half_day_hour}"),
        TimePart::Minute => write!(out, "{minute:02}"),
        TimePart::PlainMinute => write!(out, "{minute}"),
        TimePart::Second => write!(out, "{second:02}"),
        TimePart::PlainSecond => write!(out, "{second}"),
        TimePart::HalfOfDay => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
        TimePart::LowerHalfOfDay => write!(out, "{}", if hour < 12 { "am" } else { "pm" }),
        TimePart::Fraction | TimePart::TrimmedFraction => Ok(()),
    };
}

fn day_of_year(year: i64, month: u8, day: u8) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let days = before[usize::from(month.clamp(1, 12)) - 1] + u32::from(day);
    days + u32::from(leap && month > 2)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let written = |format, layout: &[u8], bare| {
            let mut out = Vec::new();
            push(&mut out, (1_795_478_403, 724_000_000), format, layout, bare);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(written(LOG_TIME_SECONDS, b"", false), "1795478403.724");
        assert_eq!(written(LOG_TIME_SECONDS, b"", true), "1.795478403724e+09");
        let layout = [
            &b"\0\x01/\0\x05/\0\x09 "[..],
            b"\0\x0c\0\x15\x03\0\x16\x09,",
        ]
        .concat();
        assert_eq!(written(3, &layout, true), "2026/11/24 00724,724");
    }
}

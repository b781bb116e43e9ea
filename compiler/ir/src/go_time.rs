//! Go's layouts of times, which show how one certain time would be written (`https://pkg.go.dev/time#Layout`).

use zs_abi::TimePart;

/// A layout in the form that the runtime reads. Times are in UTC, so that what stands for a zone is a text.
pub fn compile(layout: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = layout;
    'text: while let Some(first) = rest.chars().next() {
        if let Some(used) = fraction(rest, &mut out) {
            rest = &rest[used..];
            continue;
        }
        for (sample, meaning) in SAMPLES {
            let Some(behind) = rest.strip_prefix(sample) else {
                continue;
            };
            // `Jan` and `Mon` within words are texts, and so is the line before a year.
            let word = matches!(*sample, "Jan" | "Mon");
            let is_text = word && behind.starts_with(|next: char| next.is_ascii_lowercase());
            if is_text || (*sample == "_2" && behind.starts_with("006")) {
                continue;
            }
            match meaning {
                Part(part) => out.extend_from_slice(&[0, *part as u8]),
                Zone(text) => out.extend_from_slice(text.as_bytes()),
            }
            rest = behind;
            continue 'text;
        }
        let len = first.len_utf8();
        out.extend_from_slice(&rest.as_bytes()[..len]);
        rest = &rest[len..];
    }
    out
}

/// Reads `.000`, `.999` and the same with a comma; how many bytes it is.
fn fraction(rest: &str, out: &mut Vec<u8>) -> Option<usize> {
    let (mark, digit) = match rest.as_bytes() {
        [mark @ (b'.' | b','), digit @ (b'0' | b'9'), ..] => (*mark, *digit),
        _ => return None,
    };
    let digits = rest.as_bytes()[1..].iter();
    let count = digits.take_while(|byte| **byte == digit).count();
    let behind = rest.as_bytes().get(1 + count);
    if behind.is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let shown = count.min(9) as u8;
    if digit == b'0' {
        out.extend_from_slice(&[mark, 0, TimePart::Fraction as u8, shown]);
    } else {
        out.extend_from_slice(&[0, TimePart::TrimmedFraction as u8, shown, mark]);
    }
    Some(1 + count)
}

enum Meaning {
    Part(TimePart),
    Zone(&'static str),
}

use Meaning::{Part, Zone};

/// What stands for a part of the time; of two that begin alike the longer one comes first.
const SAMPLES: &[(&str, Meaning)] = &[
    ("January", Part(TimePart::MonthName)),
    ("Jan", Part(TimePart::ShortMonthName)),
    ("Monday", Part(TimePart::Weekday)),
    ("Mon", Part(TimePart::ShortWeekday)),
    ("MST", Zone("UTC")),
    ("2006", Part(TimePart::Year)),
    ("_2", Part(TimePart::SpacedDay)),
    ("002", Part(TimePart::DayOfYear)),
    ("01", Part(TimePart::Month)),
    ("02", Part(TimePart::Day)),
    ("03", Part(TimePart::HalfDayHour)),
    ("04", Part(TimePart::Minute)),
    ("05", Part(TimePart::Second)),
    ("06", Part(TimePart::ShortYear)),
    ("15", Part(TimePart::Hour)),
    ("1", Part(TimePart::PlainMonth)),
    ("2", Part(TimePart::PlainDay)),
    ("3", Part(TimePart::PlainHalfDayHour)),
    ("4", Part(TimePart::PlainMinute)),
    ("5", Part(TimePart::PlainSecond)),
    ("PM", Part(TimePart::HalfOfDay)),
    ("pm", Part(TimePart::LowerHalfOfDay)),
    ("-07:00:00", Zone("+00:00:00")),
    ("-070000", Zone("+000000")),
    ("-07:00", Zone("+00:00")),
    ("-0700", Zone("+0000")),
    ("-07", Zone("+00")),
    ("Z07:00:00", Zone("Z")),
    ("Z070000", Zone("Z")),
    ("Z07:00", Zone("Z")),
    ("Z0700", Zone("Z")),
    ("Z07", Zone("Z")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        assert_eq!(
            compile("02/Jan/2006:15:04:05 -0700"),
            b"\0\x09/\0\x04/\0\x01:\0\x0c:\0\x0f:\0\x11 +0000"
        );
        assert_eq!(compile("5.000Z07:00"), b"\0\x12.\0\x15\x03Z");
        assert_eq!(compile("05.999"), b"\0\x11\0\x16\x03.");
        assert_eq!(compile("Months"), b"Months");
    }
}

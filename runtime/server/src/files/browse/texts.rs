//! Lists for programs: JSON and plain text, as Caddy writes them.

use std::io::Write;

use zs_proto::date::Civil;
use zs_proto::percent;

use super::folder::{Item, Time};

/// The list as a line of JSON.
pub(super) fn json(items: &[Item]) -> Vec<u8> {
    let mut out = vec![b'['];
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"name\":");
        string(&mut out, &item.name);
        // Memory does not fail, here and below.
        let _written = write!(out, ",\"size\":{},\"url\":", item.size);
        string(&mut out, &address(item));
        let _written = write!(
            out,
            ",\"mod_time\":\"{}\",\"mode\":{},\"is_dir\":{},\"is_symlink\":{}",
            precise(item.changed),
            item.mode,
            item.is_folder,
            item.is_link
        );
        if let Some(target) = item.target.as_ref().filter(|target| !target.is_empty()) {
            out.extend_from_slice(b",\"symlink_path\":");
            string(&mut out, target);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]\n");
    out
}

/// The list as columns that are set by tabs.
pub(super) fn plain(items: &[Item]) -> Vec<u8> {
    let mut rows = vec![
        ["Name", "Size", "Modified"].map(str::to_owned),
        ["----", "----", "--------"].map(str::to_owned),
    ];
    rows.extend(items.iter().map(|item| {
        [
            String::from_utf8_lossy(&item.name).into_owned(),
            human_size(item.size),
            long_time(item.changed),
        ]
    }));
    let length = |text: &String| text.chars().count();
    let width = |column: usize| rows.iter().map(|row| length(&row[column])).max();
    let widths = [0, 1].map(|column| (width(column).unwrap_or(0) + 1).next_multiple_of(TAB));
    let mut out = Vec::new();
    for row in &rows {
        for (text, width) in row.iter().zip(widths) {
            out.extend_from_slice(text.as_bytes());
            let tabs = (width - length(text)).div_ceil(TAB);
            out.extend(std::iter::repeat_n(b'\t', tabs));
        }
        out.extend_from_slice(row[2].as_bytes());
        out.push(b'\n');
    }
    out
}

/// How far a tab reaches.
const TAB: usize = 8;

/// Where a file is, as seen from its folder. The dot keeps a colon in the name from making a scheme of what is before it.
pub(super) fn address(item: &Item) -> Vec<u8> {
    let mut address = b"./".to_vec();
    percent::encode_path(&item.name, &mut address);
    address
}

/// A size with two digits or more, in units of 1024.
pub(super) fn human_size(bytes: u64) -> String {
    let mut exponent = 0;
    while exponent + 1 < UNITS.len() && bytes >> (10 * (exponent + 1)) > 0 {
        exponent += 1;
    }
    let unit = UNITS[exponent];
    if bytes < 10 {
        return format!("{bytes} {unit}");
    }
    let value = bytes as f64 / (1_u64 << (10 * exponent)) as f64;
    let value = (value * 10.0 + 0.5).floor() / 10.0;
    match value < 10.0 {
        true => format!("{value:.1} {unit}"),
        false => format!("{value:.0} {unit}"),
    }
}

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// `2024-01-02T03:04:05.5Z`
pub(super) fn precise((seconds, nanos): Time) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = Civil::from_unix(seconds);
    let mut fraction = String::new();
    if nanos > 0 {
        let digits = format!("{nanos:09}");
        fraction = format!(".{}", digits.trim_end_matches('0'));
    }
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// `January 2, 2006 at 15:04:05`
fn long_time((seconds, _): Time) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = Civil::from_unix(seconds);
    let name = MONTHS[usize::from(month.clamp(1, 12)) - 1];
    format!("{name} {day}, {year:04} at {hour:02}:{minute:02}:{second:02}")
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

/// A text of JSON as Go writes it: nothing in it means anything within HTML or a script, and what is no text is replaced.
fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for letter in String::from_utf8_lossy(text).chars() {
        match letter {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _written = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => {
                let mut bytes = [0; 4];
                out.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (9, "9 B"),
            (10, "10 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_239, "10 KiB"),
            (200_000, "195 KiB"),
            (1 << 40, "1.0 TiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }

    #[test]
    fn texts_of_json() {
        let mut out = Vec::new();
        string(&mut out, b"a\"\\\x01<\xff\xe2\x80\xa8");
        assert_eq!(out, r#""a\"\\\u0001\u003c�\u2028""#.as_bytes());
    }
}

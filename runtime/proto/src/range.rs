//! Parts of a representation (RFC 9110 §14), read as Go's file server reads them, which Caddy answers with.

/// A part of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first byte's offset.
    pub start: u64,
    /// Bytes.
    pub length: u64,
}

/// Why a `Range` cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeError {
    /// It is malformed.
    Malformed,
    /// All parts begin behind the end.
    Outside,
}

impl RangeError {
    /// What the client is told.
    pub const fn message(self) -> &'static [u8] {
        match self {
            Self::Malformed => b"invalid range\n",
            Self::Outside => b"invalid range: failed to overlap\n",
        }
    }
}

/// As many parts are answered at most; a list of more is malformed.
pub const PARTS_MAX: usize = 1024;

/// The parts that a `Range` asks for; none stands for the whole. Parts that together are longer than the whole are
/// answered with the whole, as are those of an empty representation.
///
/// # Errors
/// If the field is malformed, or all parts lie behind the end.
pub fn parse(field: &[u8], size: u64) -> Result<Vec<Part>, RangeError> {
    let list = field.strip_prefix(b"bytes=");
    let list = list.ok_or(RangeError::Malformed)?;
    let mut parts = Vec::new();
    let mut outside = false;
    for spec in list.split(|byte| *byte == b',').map(trim) {
        if spec.is_empty() {
            continue;
        }
        match part(spec, size).ok_or(RangeError::Malformed)? {
            Some(_) if parts.len() == PARTS_MAX => return Err(RangeError::Malformed),
            Some(part) => parts.push(part),
            None => outside = true,
        }
    }
    if parts.is_empty() && outside && size > 0 {
        return Err(RangeError::Outside);
    }
    let total = parts
        .iter()
        .try_fold(0_u64, |sum, part| sum.checked_add(part.length));
    if total.is_none_or(|total| total > size) {
        parts.clear();
    }
    Ok(parts)
}

/// One part; `None` inside if it begins behind the end.
fn part(spec: &[u8], size: u64) -> Option<Option<Part>> {
    let dash = spec.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (trim(&spec[..dash]), trim(&spec[dash + 1..]));
    if first.is_empty() {
        if last.first() == Some(&b'-') {
            return None;
        }
        let length = number(last)?.min(size);
        let start = size - length;
        return Some(Some(Part { start, length }));
    }
    let start = number(first)?;
    if start >= size {
        return Some(None);
    }
    let end = if last.is_empty() {
        size - 1
    } else {
        let end = number(last)?;
        if end < start {
            return None;
        }
        end.min(size - 1)
    };
    let length = end - start + 1;
    Some(Some(Part { start, length }))
}

/// A number below 2^63; Go reads a sign in front of it.
fn number(digits: &[u8]) -> Option<u64> {
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(digits).ok().filter(|_| all_digits)?;
    text.parse()
        .ok()
        .filter(|number| *number <= i64::MAX as u64)
}

fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !blank(byte));
    let end = text.iter().rposition(|byte| !blank(byte));
    match (start, end) {
        (Some(start), Some(end)) => &text[start..=end],
        _ => b"",
    }
}

/// Appends the value of `Content-Range` for a part.
pub fn push_content_range(out: &mut Vec<u8>, part: Part, size: u64) {
    let Part { start, length } = part;
    // An empty part has no last byte; Go then writes the one before it.
    let last = i128::from(start) + i128::from(length) - 1;
    out.extend_from_slice(format!("bytes {start}-{last}/{size}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_ten_bytes() {
        use RangeError::{Malformed, Outside};
        type Expected = Result<&'static [(u64, u64)], RangeError>;
        let cases: &[(&str, Expected)] = &[
            ("bytes=0-0", Ok(&[(0, 1)])),
            ("bytes=2-", Ok(&[(2, 8)])),
            ("bytes=-3", Ok(&[(7, 3)])),
            ("bytes=-30", Ok(&[(0, 10)])),
            ("bytes=-0", Ok(&[(10, 0)])),
            ("bytes=5-100", Ok(&[(5, 5)])),
            ("bytes= 1 - 2 ,\t4-4", Ok(&[(1, 2), (4, 1)])),
            ("bytes=0-1,,", Ok(&[(0, 2)])),
            ("bytes=0-1,20-", Ok(&[(0, 2)])),
            ("bytes=0-9,0-9", Ok(&[])),
            ("bytes=", Ok(&[])),
            ("bytes=+1-2", Ok(&[(1, 2)])),
            ("bytes=10-", Err(Outside)),
            ("bytes=10-,20-30", Err(Outside)),
            ("bytes=3-2", Err(Malformed)),
            ("bytes=--1", Err(Malformed)),
            ("bytes=-", Err(Malformed)),
            ("bytes=a-b", Err(Malformed)),
            ("bytes=1", Err(Malformed)),
            ("bytes=99999999999999999999-", Err(Malformed)),
            ("bytes =0-1", Err(Malformed)),
            ("Bytes=0-1", Err(Malformed)),
            ("lines=0-1", Err(Malformed)),
            ("bytes=-18446744073709551615", Err(Malformed)),
        ];
        for (field, expected) in cases {
            let parts = parse(field.as_bytes(), 10);
            let plain = parts.map(|parts| {
                let both = |part: &Part| (part.start, part.length);
                parts.iter().map(both).collect::<Vec<_>>()
            });
            assert_eq!(plain, expected.map(<[_]>::to_vec), "{field}");
        }
    }

    #[test]
    fn nothing_has_no_parts() {
        assert_eq!(parse(b"bytes=0-", 0), Ok(Vec::new()));
        let empty = Part {
            start: 0,
            length: 0,
        };
        assert_eq!(parse(b"bytes=-5", 0), Ok(vec![empty]));
    }

    #[test]
    fn content_range() {
        let mut out = Vec::new();
        push_content_range(
            &mut out,
            Part {
                start: 2,
                length: 3,
            },
            10,
        );
        assert_eq!(out, b"bytes 2-4/10");
    }
}

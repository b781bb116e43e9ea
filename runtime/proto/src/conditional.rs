//! Conditional requests (RFC 9110 §13), in the order and with the leniency of Go's file server, which Caddy answers with.

use crate::Head;
use crate::date::Civil;

/// What is known of a representation that is about to be sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validators<'a> {
    /// The entity tag as `ETag` gives it; empty if there is none.
    pub etag: &'a [u8],
    /// When it was changed last, in seconds since 1970; `None` if that is not told.
    pub modified: Option<i64>,
}

/// What a request's conditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The representation is sent; of `Range` only if the flag says so.
    Send {
        /// Whether `Range` counts: `If-Range` holds or is not there.
        ranges: bool,
    },
    /// 304
    NotModified,
    /// 412
    Failed,
}

/// Weighs the conditions of a request. `safe`: its method is `GET` or `HEAD`.
pub fn weigh(request: &Head, safe: bool, validators: Validators) -> Verdict {
    let holds = match listed(request, b"If-Match") {
        Some(list) => Some(any_tag(list, |tag| strong(tag, validators.etag))),
        None => unmodified_since(request, validators),
    };
    if holds == Some(false) {
        return Verdict::Failed;
    }
    match listed(request, b"If-None-Match") {
        Some(list) if any_tag(list, |tag| weak(tag, validators.etag)) => {
            return if safe {
                Verdict::NotModified
            } else {
                Verdict::Failed
            };
        }
        None if safe && not_modified_since(request, validators) => return Verdict::NotModified,
        _ => {}
    }
    Verdict::Send {
        ranges: safe && range_condition(request, validators),
    }
}

/// The first line of a field, unless it is empty.
fn listed<'r>(request: &'r Head, name: &'static [u8]) -> Option<&'r [u8]> {
    request.first(name).filter(|value| !value.is_empty())
}

/// `Some(false)` if the condition is there and does not hold.
fn unmodified_since(request: &Head, validators: Validators) -> Option<bool> {
    let since = Civil::parse(listed(request, b"If-Unmodified-Since")?)?;
    Some(validators.modified? <= since)
}

fn not_modified_since(request: &Head, validators: Validators) -> bool {
    let since = listed(request, b"If-Modified-Since").and_then(Civil::parse);
    matches!((validators.modified, since), (Some(modified), Some(since)) if modified <= since)
}

fn range_condition(request: &Head, validators: Validators) -> bool {
    let Some(condition) = listed(request, b"If-Range") else {
        return true;
    };
    if let Some((tag, _)) = scan_tag(condition) {
        return strong(tag, validators.etag);
    }
    validators.modified.is_some() && Civil::parse(condition) == validators.modified
}

/// Whether any tag of a list is the one, or the list is `*`. What follows something malformed does not count.
fn any_tag(list: &[u8], is_it: impl Fn(&[u8]) -> bool) -> bool {
    let mut rest = list.trim_ascii_start();
    while let Some(first) = rest.first() {
        match first {
            b',' => rest = rest[1..].trim_ascii_start(),
            b'*' => return true,
            _ => {
                let Some((tag, behind)) = scan_tag(rest) else {
                    return false;
                };
                if is_it(tag) {
                    return true;
                }
                rest = behind.trim_ascii_start();
            }
        }
    }
    false
}

/// The entity tag at the start of a text, and what follows it (RFC 9110 §8.8.3).
fn scan_tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let opaque = text.strip_prefix(b"W/").unwrap_or(text);
    let inside = opaque.strip_prefix(b"\"")?;
    let end = inside
        .iter()
        .position(|byte| !matches!(byte, 0x21 | 0x23..=0x7e | 0x80..))?;
    let whole = text.len() - inside.len() + end + 1;
    (inside[end] == b'"').then(|| text.split_at(whole))
}

fn strong(left: &[u8], right: &[u8]) -> bool {
    left == right && left.first() == Some(&b'"')
}

fn weak(left: &[u8], right: &[u8]) -> bool {
    let opaque = |tag| <[u8]>::strip_prefix(tag, b"W/").unwrap_or(tag);
    opaque(left) == opaque(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const SEND: Verdict = Verdict::Send { ranges: true };
    const WHOLE: Verdict = Verdict::Send { ranges: false };

    fn verdict(fields: &[(&str, &str)]) -> Verdict {
        let mut head = Head::new();
        for (name, value) in fields {
            head.push(name.as_bytes(), value.as_bytes());
        }
        let validators = Validators {
            etag: b"\"a\"",
            modified: Some(784_111_777),
        };
        weigh(&head, true, validators)
    }

    #[test]
    fn one_condition() {
        for (name, value, expected) in [
            ("If-Match", "\"a\"", SEND),
            ("If-Match", "*", SEND),
            ("If-Match", "\"b\" , \"a\"", SEND),
            ("If-Match", "\"b\"", Verdict::Failed),
            ("If-Match", "W/\"a\"", Verdict::Failed),
            ("If-Match", "b, \"a\"", Verdict::Failed),
            ("If-None-Match", "\"a\"", Verdict::NotModified),
            ("If-None-Match", "W/\"a\"", Verdict::NotModified),
            ("If-None-Match", "*", Verdict::NotModified),
            ("If-None-Match", ",, \"b\",\"a\"", Verdict::NotModified),
            ("If-None-Match", "\"b\"", SEND),
            ("If-None-Match", "a", SEND),
            ("If-None-Match", "\"a", SEND),
            ("If-Modified-Since", SAME, Verdict::NotModified),
            ("If-Modified-Since", OLD, SEND),
            ("If-Modified-Since", "yesterday", SEND),
            ("If-Unmodified-Since", SAME, SEND),
            ("If-Unmodified-Since", OLD, Verdict::Failed),
            ("If-Range", "\"a\"", SEND),
            ("If-Range", "W/\"a\"", WHOLE),
            ("If-Range", SAME, SEND),
            ("If-Range", OLD, WHOLE),
            ("If-Range", "x", WHOLE),
        ] {
            assert_eq!(verdict(&[(name, value)]), expected, "{name}: {value}");
        }
    }

    #[test]
    fn tags_count_more_than_dates() {
        let (tag, date) = ("If-None-Match", "If-Modified-Since");
        assert_eq!(verdict(&[(tag, "\"b\""), (date, SAME)]), SEND);
        let (tag, date) = ("If-Match", "If-Unmodified-Since");
        assert_eq!(verdict(&[(tag, "\"a\""), (date, OLD)]), SEND);
    }
}

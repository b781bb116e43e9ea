//! Matching of path patterns that hold percent signs: where the pattern has
//! one, the path is compared as it is escaped, elsewhere decoded.

use crate::{glob, path, percent};

/// Buffers that one match needs; reused from match to match.
#[derive(Debug, Default)]
pub struct Scratch {
    cleaned: Vec<u8>,
    compared: Vec<u8>,
    pattern: Vec<u8>,
}

/// Whether a pattern (in lower case) matches an escaped path. `%xx` in the
/// pattern wants that very escape, `%*` is a star over escaped text.
pub fn matches(pattern: &[u8], raw_path: &[u8], scratch: &mut Scratch) -> bool {
    let merge = crate::ascii::find(pattern, b"//").is_none();
    scratch.cleaned.clear();
    scratch.compared.clear();
    path::clean_into(raw_path, merge, &mut scratch.cleaned);
    scratch.cleaned.make_ascii_lowercase();
    if !project(pattern, &scratch.cleaned, &mut scratch.compared) {
        return false;
    }
    scratch.compared.make_ascii_lowercase();
    scratch.pattern.clear();
    crate::ascii::replace_into(pattern, b"%*", b"*", usize::MAX, &mut scratch.pattern);
    glob::matches(&scratch.pattern, &scratch.compared)
}

/// Appends the path in the form that the pattern is compared with; false if
/// it cannot match.
fn project(pattern: &[u8], path: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut at, mut in_path) = (0, 0);
    while at < pattern.len() && in_path < path.len() {
        let escaped = percent::escape(&path[in_path..]);
        let len = if escaped.is_some() { 3 } else { 1 };
        let here = &path[in_path..in_path + len];
        if path[in_path] == b'%' && escaped.is_none() && path.len() >= in_path + 3 {
            return false;
        }
        let star = match pattern[at..] {
            [b'%', b'*', ..] => Some((2, false)),
            [b'*', ..] => Some((1, true)),
            _ => None,
        };
        if let Some((width, decoded)) = star {
            at += width;
            // The star begins at the last byte of an escape that stands here:
            // its first two bytes were stepped over when it was looked at.
            let from = in_path + len - 1;
            let Some(until) = span_until(&path[from..], pattern.get(at)) else {
                return false;
            };
            let taken = &path[from..from + until];
            if !decoded {
                out.extend_from_slice(taken);
            } else if !percent::decode_path(taken, out) {
                return false;
            }
            in_path = from + until;
        } else if pattern[at] == b'%' && pattern.len() >= at + 3 {
            if escaped.is_some() {
                out.extend_from_slice(here);
            }
            at += 3;
            in_path += len;
        } else {
            out.push(escaped.unwrap_or(path[in_path]));
            at += 1;
            in_path += len;
        }
    }
    // What the pattern does not reach still has to be matched.
    let rest = &path[in_path..];
    if !percent::decode_path(rest, out) {
        out.extend_from_slice(rest);
    }
    true
}

/// How far a star reaches: to the next byte of the pattern, or to the end.
fn span_until(path: &[u8], next: Option<&u8>) -> Option<usize> {
    match next {
        None => Some(path.len()),
        Some(next) => path.iter().position(|byte| byte == next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let cases = [
            ("/foo%2fbar", "/foo%2Fbar", true),
            ("/foo%2fbar", "/foo/bar", false),
            ("/foo%2fbar", "/foo%2Fbarbaz", false),
            ("/bands/%*/%*", "/bands/AC%2FDC/T.N.T", true),
            ("/bands/*/*", "/bands/AC/T.N.T", true),
            ("/%25@.txt", "/%25%40.txt", true),
            ("/%25@.txt", "/%25@.txt", true),
            ("/%25%40.txt", "/%25@.txt", false),
            ("/foo%2f*", "/foo%2Fbar", true),
        ];
        let mut scratch = Scratch::default();
        for (pattern, path, expected) in cases {
            assert_eq!(
                matches(pattern.as_bytes(), path.as_bytes(), &mut scratch),
                expected,
                "{pattern} {path}"
            );
        }
    }
}

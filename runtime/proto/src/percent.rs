//! Percent-coding of paths and query values, as Go's `net/url` does it.

/// Appends the decoded text; `+` stays. Returns false, having appended
/// nothing, if an escape is malformed.
pub fn decode_path(text: &[u8], out: &mut Vec<u8>) -> bool {
    decode(text, false, out)
}

/// Appends the decoded text of a query name or value, in which `+` is a space.
/// Returns false, having appended nothing, if an escape is malformed.
pub fn decode_query(text: &[u8], out: &mut Vec<u8>) -> bool {
    decode(text, true, out)
}

fn decode(text: &[u8], plus: bool, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'%' => {
                let Some(byte) = escape(&text[at..]) else {
                    out.truncate(start);
                    return false;
                };
                out.push(byte);
                at += 3;
            }
            b'+' if plus => {
                out.push(b' ');
                at += 1;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    true
}

/// The byte that an escape at the start of the text stands for.
pub fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

/// Appends a decoded path in its default escaped form (Go's `EscapedPath`
/// without `RawPath`).
pub fn encode_path(path: &[u8], out: &mut Vec<u8>) {
    encode(path, stays_in_path, out);
}

/// Appends text escaped for a query name or value; a space becomes `+`.
pub fn encode_query(text: &[u8], out: &mut Vec<u8>) {
    for part in text.split_inclusive(|byte| *byte == b' ') {
        match part.split_last() {
            Some((b' ', rest)) => {
                encode(rest, is_unreserved, out);
                out.push(b'+');
            }
            _ => encode(part, is_unreserved, out),
        }
    }
}

/// Appends text with its bytes beyond ASCII escaped, as fields of a head must
/// have it (Go's `hexEscapeNonASCII`).
pub fn encode_letters(text: &[u8], out: &mut Vec<u8>) {
    encode(text, |byte| byte.is_ascii(), out);
}

/// Whether a path as received is a valid escaped form, so that it may be kept
/// (Go's `validEncoded`).
pub fn is_encoded_path(path: &[u8]) -> bool {
    path.iter().all(|byte| {
        stays_in_path(*byte)
            || matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'[' | b']' | b'%')
    })
}

fn encode(text: &[u8], stays: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    for byte in text {
        if stays(*byte) {
            out.push(*byte);
        } else {
            out.push(b'%');
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

const fn stays_in_path(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@'
        )
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let mut out = Vec::new();
        assert!(decode_path(b"/a%2Fb+%c3%A9", &mut out));
        assert_eq!(out, "/a/b+é".as_bytes());
        for bad in [&b"%"[..], b"%1", b"%zz", b"a%2"] {
            assert!(!decode_path(bad, &mut out));
        }
        out.clear();
        assert!(decode_query(b"a+b%2B", &mut out));
        assert_eq!(out, b"a b+");
    }

    #[test]
    fn encodes() {
        let mut out = Vec::new();
        encode_path("/a b?é!".as_bytes(), &mut out);
        assert_eq!(out, b"/a%20b%3F%C3%A9%21");
        out.clear();
        encode_query(b"a b&c/~ ", &mut out);
        assert_eq!(out, b"a+b%26c%2F~+");
        assert!(is_encoded_path(b"/a!(b)%20"));
        assert!(!is_encoded_path(b"/a\"b"));
    }
}

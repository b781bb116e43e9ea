//! Base64 with the alphabet of RFC 4648 §4.

/// Whether a text must be filled up with `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// To a multiple of four characters.
    Full,
    /// Never.
    None,
}

/// Decodes a text, in which line ends count for nothing; `None` if it is
/// malformed.
pub fn decode(text: &[u8], padding: Padding) -> Option<Vec<u8>> {
    let mut letters: Vec<u8> = text.to_vec();
    letters.retain(|letter| !matches!(letter, b'\r' | b'\n'));
    let mut digits = &letters[..];
    if padding == Padding::Full {
        if !digits.len().is_multiple_of(4) {
            return None;
        }
        for _ in 0..2 {
            digits = digits.strip_suffix(b"=").unwrap_or(digits);
        }
    }
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for letter in group {
            bits = bits << 6 | digit(*letter)?;
        }
        bits <<= 6 * (4 - group.len());
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(out)
}

fn digit(letter: u8) -> Option<u32> {
    Some(u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        for (text, bytes) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("Zm8=", Some("fo")),
            ("Zm9v", Some("foo")),
            ("Zm\r\n9v", Some("foo")),
            ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some("Aladdin:open sesame")),
            ("Zm9", None),
            ("Zg=", None),
            ("Z===", None),
            ("=", None),
            ("Zg==Zg==", None),
            ("Zm9_", None),
        ] {
            let decoded = decode(text.as_bytes(), Padding::Full);
            assert_eq!(decoded.as_deref(), bytes.map(str::as_bytes), "{text}");
        }
        assert_eq!(decode(b"Zm8", Padding::None).as_deref(), Some(&b"fo"[..]));
        assert_eq!(decode(b"Zm8=", Padding::None), None);
    }
}

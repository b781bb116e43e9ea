//! Classes of bytes that the grammars of HTTP are made of.

/// Whether the byte may stand in a token (RFC 9110 §5.6.2), such as a method
/// or a field name.
pub const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Whether the byte may stand in a field value (RFC 9110 §5.5): visible ASCII,
/// space, tab and everything above ASCII.
pub const fn is_field_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Whether every byte may stand in a token and there is at least one.
pub fn is_token_text(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_token(*byte))
}

/// The text without spaces and tabs at its ends.
pub fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| !is_blank(*b));
    let Some(start) = start else { return &[] };
    let end = text.iter().rposition(|b| !is_blank(*b)).unwrap_or(start);
    &text[start..=end]
}

/// The elements of a comma-separated list, trimmed, without empty ones
/// (RFC 9110 §5.6.1).
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(trim)
        .filter(|element| !element.is_empty())
}

/// Where a byte first stands in `text`.
pub fn find_byte(text: &[u8], byte: u8) -> Option<usize> {
    let pattern = LOW_BITS * u64::from(byte);
    let (words, rest) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let found = zero_bytes(u64::from_le_bytes(*word) ^ pattern);
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|other| *other == byte)?;
    Some(words.len() * 8 + at)
}

/// How many bytes at the start of `text` may stand in a field value.
pub fn field_value_len(text: &[u8]) -> usize {
    let (words, _) = text.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(LOW_BITS * 0x20) & !word & HIGH_BITS;
        if control | zero_bytes(word ^ (LOW_BITS * 0x7f)) != 0 {
            break;
        }
        at += 8;
    }
    at + text[at..]
        .iter()
        .take_while(|byte| is_field_value(**byte))
        .count()
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The high bit of the lowest byte that is zero; bits above it may be set for
/// other bytes, too.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

/// Where `needle` first stands in `text`; an empty needle stands at 0.
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let Some((first, rest)) = needle.split_first() else {
        return Some(0);
    };
    let last = text.len().checked_sub(needle.len())?;
    let mut at = 0;
    while at <= last {
        at += find_byte(&text[at..=last], *first)?;
        if text[at + 1..].starts_with(rest) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Appends `text` with every `find` replaced, at most `limit` times. An empty
/// `find` stands before every character and at the end, as in Go's
/// `strings.Replace`. Returns the number of replacements.
pub fn replace_into(
    text: &[u8],
    needle: &[u8],
    replacement: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> usize {
    if needle.is_empty() {
        return interleave(text, replacement, limit, out);
    }
    let mut rest = text;
    let mut count = 0;
    while count < limit {
        let Some(at) = find(rest, needle) else { break };
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(replacement);
        rest = &rest[at + needle.len()..];
        count += 1;
    }
    out.extend_from_slice(rest);
    count
}

fn interleave(text: &[u8], replacement: &[u8], limit: usize, out: &mut Vec<u8>) -> usize {
    let mut count = 0;
    for (at, byte) in text.iter().enumerate() {
        let starts_character = at == 0 || byte & 0xc0 != 0x80;
        if starts_character && count < limit {
            out.extend_from_slice(replacement);
            count += 1;
        }
        out.push(*byte);
    }
    if count < limit {
        out.extend_from_slice(replacement);
        count += 1;
    }
    count
}

/// Appends a number in decimal digits.
pub fn push_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The value of a text of decimal digits only; `None` if it is empty, holds
/// anything else or does not fit.
pub fn parse_decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(
            byte as u8,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\''
                | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_like_go() {
        let replaced = |text: &str, find: &str, with: &str, limit| {
            let mut out = Vec::new();
            replace_into(
                text.as_bytes(),
                find.as_bytes(),
                with.as_bytes(),
                limit,
                &mut out,
            );
            String::from_utf8(out).unwrap()
        };
        assert_eq!(replaced("aaa", "a", "b", 2), "bba");
        assert_eq!(replaced("abc", "", "-", usize::MAX), "-a-b-c-");
        assert_eq!(replaced("aaa", "aa", "b", usize::MAX), "ba");
        assert_eq!(replaced("", "x", "y", usize::MAX), "");
    }

    #[test]
    fn decimals() {
        let mut out = Vec::new();
        push_decimal(&mut out, u64::MAX);
        assert_eq!(parse_decimal(&out), Some(u64::MAX));
        assert_eq!(parse_decimal(b"18446744073709551616"), None);
        assert_eq!(parse_decimal(b""), None);
        assert_eq!(parse_decimal(b"+1"), None);
    }

    #[test]
    fn finds() {
        for len in 0..40 {
            let mut text = vec![b'x'; len];
            assert_eq!(find_byte(&text, b'\n'), None);
            assert_eq!(field_value_len(&text), len);
            for at in 0..len {
                text[at] = b'\n';
                assert_eq!(find_byte(&text, b'\n'), Some(at));
                assert_eq!(field_value_len(&text), at);
                text[at] = 0x7f;
                assert_eq!(field_value_len(&text), at);
                text[at] = b'\t';
                assert_eq!(field_value_len(&text), len);
                text[at] = 0xff;
                assert_eq!(field_value_len(&text), len);
                text[at] = b'x';
            }
        }
        assert_eq!(find(b"aab", b"ab"), Some(1));
        assert_eq!(find(b"aa", b"ab"), None);
        assert_eq!(find(b"a", b"ab"), None);
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b" a b\t"), b"a b");
    }
}

//! Shell globbing in which a star does not cross a slash (Go's `path.Match`).

/// Whether the pattern matches all of the text. `*` stands for any run
/// without `/`, `?` for one character but `/`, `[a-z]` and `[^a-z]` for one of
/// a class, and a backslash takes the next character literally. A malformed
/// pattern matches nothing.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // Where to go on if what follows the last star does not match: the star
    // takes one character more. Earlier stars need no second try, because the
    // first place at which what follows them matched leaves the most text.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix(b"*") {
            retry = Some((rest, text));
            pattern = rest;
            continue;
        }
        match step(pattern, text) {
            Step::Both(pattern_rest, text_rest) => {
                pattern = pattern_rest;
                text = text_rest;
            }
            Step::Done => return well_formed(pattern),
            Step::Malformed => return false,
            Step::Differs => {
                let Some((after_star, star_text)) = retry else {
                    return false;
                };
                let len = character_len(star_text);
                if len == 0 || star_text[0] == b'/' {
                    return false;
                }
                pattern = after_star;
                text = &star_text[len..];
                retry = Some((after_star, text));
            }
        }
    }
}

enum Step<'a> {
    /// One character matched; the rests.
    Both(&'a [u8], &'a [u8]),
    /// Pattern and text are used up.
    Done,
    Differs,
    Malformed,
}

fn step<'a>(pattern: &'a [u8], text: &'a [u8]) -> Step<'a> {
    let Some(first) = pattern.first() else {
        return if text.is_empty() {
            Step::Done
        } else {
            Step::Differs
        };
    };
    let len = character_len(text);
    match first {
        b'?' if len > 0 && text[0] != b'/' => Step::Both(&pattern[1..], &text[len..]),
        b'?' => Step::Differs,
        b'[' => class(pattern, text, len),
        b'\\' if pattern.len() < 2 => Step::Malformed,
        b'\\' => literal(&pattern[1..], text),
        _ => literal(pattern, text),
    }
}

fn literal<'a>(pattern: &'a [u8], text: &'a [u8]) -> Step<'a> {
    if text.first() == pattern.first() {
        Step::Both(&pattern[1..], &text[1..])
    } else {
        Step::Differs
    }
}

fn class<'a>(pattern: &'a [u8], text: &'a [u8], len: usize) -> Step<'a> {
    let mut rest = &pattern[1..];
    let negated = rest.first() == Some(&b'^');
    if negated {
        rest = &rest[1..];
    }
    let character = &text[..len];
    let mut found = false;
    let mut ranges = 0;
    loop {
        if ranges > 0 && rest.first() == Some(&b']') {
            rest = &rest[1..];
            break;
        }
        let Some((low, after)) = class_character(rest) else {
            return Step::Malformed;
        };
        rest = after;
        let mut high = low;
        if rest.first() == Some(&b'-') {
            let Some((end, after)) = class_character(&rest[1..]) else {
                return Step::Malformed;
            };
            high = end;
            rest = after;
        }
        // UTF-8 orders texts as their characters.
        found |= !character.is_empty() && low <= character && character <= high;
        ranges += 1;
    }
    if character.is_empty() || character == b"/" || found == negated {
        return Step::Differs;
    }
    Step::Both(rest, &text[len..])
}

fn class_character(pattern: &[u8]) -> Option<(&[u8], &[u8])> {
    let pattern = match pattern.first()? {
        b'-' | b']' => return None,
        b'\\' => &pattern[1..],
        _ => pattern,
    };
    let len = character_len(pattern);
    // A class must be closed, so that something follows each of its members.
    if len == 0 || len == pattern.len() {
        return None;
    }
    Some(pattern.split_at(len))
}

/// Bytes of the UTF-8 character at the start; 1 for bytes that are none, 0 for
/// an empty text.
pub(crate) fn character_len(text: &[u8]) -> usize {
    let len = match text.first() {
        None => return 0,
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(_) => 1,
    };
    let whole = text.len() >= len && text[1..len].iter().all(|byte| byte & 0xc0 == 0x80);
    if whole { len } else { 1 }
}

/// Whether the rest of a pattern that is not needed any more is well-formed;
/// nothing is left when a match is complete.
fn well_formed(rest: &[u8]) -> bool {
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let cases: &[(&str, &str, bool)] = &[
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[]a]", "]", false),
            ("[-]", "-", false),
            ("[", "a", false),
            ("[^", "a", false),
            ("[a-", "a", false),
            ("a\\", "a", false),
            ("*x", "xxx", true),
            ("", "", true),
            ("", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                *expected,
                "{pattern} {text}"
            );
        }
    }
}

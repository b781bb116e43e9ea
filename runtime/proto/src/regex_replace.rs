//! Replacement of matches, as Go's `ReplaceAllString`: `$1` and `${name}` in
//! the replacement stand for groups.

use crate::glob::character_len;
use crate::regex::{Program, Scratch, UNSET};

/// Replaces every match.
#[derive(Debug)]
pub struct Replacer<'a> {
    /// The expression.
    pub program: Program<'a>,
    /// The site data, which holds the names of groups.
    pub data: &'a [u8],
    /// The replacement.
    pub replacement: &'a [u8],
}

impl Replacer<'_> {
    /// Appends the text with every match replaced. Returns whether there was
    /// a match.
    pub fn replace_into(&self, text: &[u8], scratch: &mut Scratch, out: &mut Vec<u8>) -> bool {
        let mut captures = vec![UNSET; self.program.slots().max(2)];
        let mut from = 0;
        let mut copied = 0;
        let mut matched = false;
        while from <= text.len() {
            if !self.program.search(text, from, &mut captures, scratch) {
                break;
            }
            let (start, end) = (captures[0] as usize, captures[1] as usize);
            if end > text.len() || start > end {
                break;
            }
            // An empty match right after a match is none of its own.
            if end > copied || start == 0 {
                out.extend_from_slice(&text[copied..start]);
                self.expand_into(text, &captures, out);
                matched = true;
                copied = end;
            }
            let step = character_len(&text[from..]).max(1);
            from = if from + step > end { from + step } else { end };
        }
        out.extend_from_slice(&text[copied..]);
        matched
    }

    /// Appends the replacement for one match.
    fn expand_into(&self, text: &[u8], captures: &[u32], out: &mut Vec<u8>) {
        let mut rest = self.replacement;
        while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            if rest.first() == Some(&b'$') {
                out.push(b'$');
                rest = &rest[1..];
            } else if let Some((name, after)) = reference(rest) {
                self.push_group(name, text, captures, out);
                rest = after;
            } else {
                out.push(b'$');
            }
        }
        out.extend_from_slice(rest);
    }

    fn push_group(&self, name: &[u8], text: &[u8], captures: &[u32], out: &mut Vec<u8>) {
        for group in groups_of(self.program, self.data, name) {
            if let Some(value) = group_text(text, captures, group) {
                out.extend_from_slice(value);
                return;
            }
        }
    }
}

/// The groups that a name or a decimal index means.
pub fn groups_of<'a>(
    program: Program<'a>,
    data: &'a [u8],
    name: &'a [u8],
) -> impl Iterator<Item = usize> {
    let number = crate::ascii::parse_decimal(name).map(|number| number as usize);
    let by_name = program
        .names()
        .filter(move |(_, offset, len)| {
            let start = *offset as usize;
            number.is_none() && data.get(start..start + *len as usize) == Some(name)
        })
        .map(|(group, _, _)| group as usize);
    number.into_iter().chain(by_name)
}

/// The text of a group, if it took part in the match.
pub fn group_text<'t>(text: &'t [u8], captures: &[u32], group: usize) -> Option<&'t [u8]> {
    let start = *captures.get(group.checked_mul(2)?)?;
    let end = *captures.get(group * 2 + 1)?;
    if start == UNSET || end == UNSET {
        return None;
    }
    text.get(start as usize..end as usize)
}

/// The name after a `$`, and what follows it.
fn reference(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    if let Some(inner) = text.strip_prefix(b"{") {
        let len = inner.iter().take_while(|byte| is_name(byte)).count();
        if len == 0 || inner.get(len) != Some(&b'}') {
            return None;
        }
        return Some((&inner[..len], &inner[len + 1..]));
    }
    let len = text.iter().take_while(|byte| is_name(byte)).count();
    if len == 0 {
        None
    } else {
        Some(text.split_at(len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::tests::program;

    fn replaced(words: &[u8], text: &str, replacement: &str) -> String {
        let replacer = Replacer {
            program: Program::new(words).unwrap(),
            data: b"",
            replacement: replacement.as_bytes(),
        };
        let mut out = Vec::new();
        replacer.replace_into(text.as_bytes(), &mut Scratch::default(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn groups() {
        // a(.)
        let words = program(
            4,
            &[
                [4, 0, 1, 0],
                [1, 97, 97, 2],
                [4, 2, 3, 0],
                [1, 0, 255, 4],
                [4, 3, 5, 0],
                [4, 1, 6, 0],
                [0, 0, 0, 0],
            ],
            &[],
        );
        assert_eq!(replaced(&words, "xabyac", "<$1>"), "x<b>y<c>");
        assert_eq!(replaced(&words, "ab", "$1x"), "");
        assert_eq!(replaced(&words, "ab", "${1}x$$$"), "bx$$");
        assert_eq!(replaced(&words, "ab", "${1"), "${1");
    }

    #[test]
    fn empty_matches() {
        // b*
        let words = program(
            2,
            &[
                [4, 0, 1, 0],
                [3, 2, 3, 0],
                [1, 98, 98, 1],
                [4, 1, 4, 0],
                [0, 0, 0, 0],
            ],
            &[],
        );
        assert_eq!(replaced(&words, "abbc", "-"), "-a-c-");
        assert_eq!(replaced(&words, "é", "-"), "-é-");
        assert_eq!(replaced(&words, "", "-"), "-");
    }
}

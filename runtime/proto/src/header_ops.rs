//! Operations on the fields of a head, with the meaning of Caddy's `header`.

use crate::ascii;
use crate::head::Head;
use crate::regex::Scratch;
use crate::regex_replace::Replacer;

/// Removes a field; a star at the start or end (or both) of the name stands
/// for any text.
pub fn delete(head: &mut Head, pattern: &[u8]) {
    let starts = pattern.len() > 1 && pattern.ends_with(b"*");
    let ends = pattern.first() == Some(&b'*');
    if !starts && !ends {
        head.remove(pattern);
        return;
    }
    let core = pattern.to_ascii_lowercase();
    let core = &core[usize::from(ends)..core.len() - usize::from(starts)];
    head.retain(|name, _| {
        let name = name.to_ascii_lowercase();
        !match (ends, starts) {
            (true, true) => ascii::find(&name, core).is_some(),
            (true, false) => name.ends_with(core),
            _ => name.starts_with(core),
        }
    });
}

/// What to search for in values.
#[derive(Debug)]
pub enum Search<'a> {
    /// The matches of an expression.
    Regex(Replacer<'a>),
    /// This text, replaced by the other.
    Text(&'a [u8], &'a [u8]),
}

/// Replaces text inside the values of a field; `*` means every field.
pub fn replace(head: &mut Head, field: &[u8], search: &Search<'_>, scratch: &mut Scratch) {
    head.change_values(|name, value, out| {
        if field != b"*" && !name.eq_ignore_ascii_case(field) {
            return false;
        }
        match search {
            Search::Regex(replacer) => replacer.replace_into(value, scratch, out),
            Search::Text(needle, replacement) => {
                ascii::replace_into(value, needle, replacement, usize::MAX, out) > 0
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, left) in [
            ("x-*", "Server A-X-B"),
            ("*-b", "X-A Server"),
            ("*x-*", "Server"),
            ("server", "X-A A-X-B"),
        ] {
            let mut head = Head::new();
            for name in ["X-A", "Server", "A-X-B"] {
                head.push(name.as_bytes(), b"v");
            }
            delete(&mut head, pattern.as_bytes());
            let names: Vec<_> = head
                .iter()
                .map(|(n, _)| String::from_utf8_lossy(n))
                .collect();
            assert_eq!(names.join(" "), left, "{pattern}");
        }
    }

    #[test]
    fn replacing_text() {
        let mut head = Head::new();
        head.push(b"A", b"one two");
        head.push(b"B", b"one");
        let mut scratch = Scratch::default();
        replace(&mut head, b"a", &Search::Text(b"one", b"1"), &mut scratch);
        assert_eq!(head.first(b"a"), Some(&b"1 two"[..]));
        replace(&mut head, b"*", &Search::Text(b"o", b"0"), &mut scratch);
        assert_eq!(head.first(b"A"), Some(&b"1 tw0"[..]));
        assert_eq!(head.first(b"B"), Some(&b"0ne"[..]));
    }
}

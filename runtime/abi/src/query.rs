//! Queries that rules write: their parts are marked when the site is built,
//! and put together when the values of placeholders stand in them.

/// Stands before a name in a query whose parts are marked.
pub const NAME: u8 = 1;
/// Stands before a value in such a query.
pub const VALUE: u8 = 2;

/// Marks where the names and values of a query begin, before the values of
/// placeholders stand in it: those bring no further ones. A `=` behind the
/// first of a parameter is a part of its value.
pub fn mark_into(text: &[u8], out: &mut impl Extend<u8>) {
    let (mut rest, mut mark) = (text, NAME);
    while !rest.is_empty() {
        let ends = |byte: &u8| *byte == b'&' || *byte == b'=' && mark == NAME;
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        out.extend([mark]);
        out.extend(rest[..end].iter().copied());
        let is_value = rest.get(end) == Some(&b'=');
        mark = if is_value { VALUE } else { NAME };
        rest = rest.get(end + 1..).unwrap_or(b"");
    }
}

/// Puts a query together whose parts are marked, without the names that
/// are empty (Caddy's `buildQueryString`).
pub fn join_into(marked: &[u8], out: &mut impl Extend<u8>) {
    let mut has_begun = false;
    let is_mark = |byte: &u8| matches!(*byte, NAME | VALUE);
    let mut rest = marked;
    while let Some((mark, behind)) = rest.split_first() {
        let end = behind.iter().position(is_mark).unwrap_or(behind.len());
        let part = &behind[..end];
        if *mark == VALUE {
            out.extend(*b"=");
        } else if has_begun && !part.is_empty() {
            out.extend(*b"&");
        }
        has_begun |= *mark == VALUE || !part.is_empty();
        out.extend(part.iter().copied());
        rest = &behind[end..];
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    extern crate std;

    #[test]
    fn marked_and_joined() {
        for (text, expected) in [
            ("&x=y", "x=y"),
            ("a=b&&x=y&", "a=b&x=y"),
            ("sig=abc==&x", "sig=abc==&x"),
            ("a=", "a"),
            ("a&=b", "a=b"),
            ("", ""),
        ] {
            let (mut marked, mut out) = (Vec::new(), Vec::new());
            mark_into(text.as_bytes(), &mut marked);
            join_into(&marked, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
    }
}

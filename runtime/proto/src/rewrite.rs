//! Changes to a request's target, with the meaning that Caddy's `rewrite` and
//! `uri` give them. Operands have been expanded by the caller.

use crate::query::Query;
use crate::regex::Scratch;
use crate::regex_replace::Replacer;
use crate::target::Target;
use crate::{ascii, path, percent};

/// Sets the path from the escaped text that a rule made. The text is decoded
/// if it can be, and escaped anew.
pub fn set_path(target: &mut Target, text: &[u8]) {
    let mut decoded = Vec::new();
    if !percent::decode_path(text, &mut decoded) {
        decoded.extend_from_slice(text);
    }
    target.set_decoded_path(&decoded);
}

/// Removes a prefix from the path, which is cleaned first. Where the prefix
/// has an escape the path must have the same one; elsewhere decoded bytes are
/// compared, without regard to case.
pub fn strip_prefix(target: &mut Target, prefix: &[u8]) {
    let prefix = rooted(prefix);
    strip(target, &prefix, |path| {
        path.drain(..matching_prefix(path, &prefix));
    });
}

/// Removes a suffix from the path, as [`strip_prefix`] does a prefix.
pub fn strip_suffix(target: &mut Target, suffix: &[u8]) {
    strip(target, suffix, |path| {
        path.truncate(path.len() - matching_suffix(path, suffix));
    });
}

/// Takes something off the cleaned path. What is left is made a whole path
/// again: it may lack its slash, or begin with dot segments.
fn strip(target: &mut Target, off: &[u8], take: impl Fn(&mut Vec<u8>)) {
    let merge = ascii::find(off, b"//").is_none();
    let mut stripped = false;
    change_path(target, |path| {
        let mut cleaned = clean(path, merge);
        let whole = cleaned.len();
        take(&mut cleaned);
        stripped |= cleaned.len() != whole;
        cleaned
    });
    if stripped {
        make_whole(target);
    }
}

/// Cleans the decoded path below a slash; the escaped one stays if it still
/// says the same (Caddy's `canonicalizePath`).
fn make_whole(target: &mut Target) {
    let path = clean(&rooted(&target.path), false);
    let raw = rooted(&target.raw_path);
    let mut decoded = Vec::new();
    if percent::decode_path(&raw, &mut decoded) && decoded == path {
        target.raw_path = raw;
        target.path = path;
    } else {
        target.set_decoded_path(&path);
    }
}

fn rooted(path: &[u8]) -> Vec<u8> {
    let slash = if path.first() == Some(&b'/') {
        &b""[..]
    } else {
        b"/"
    };
    [slash, path].concat()
}

/// Replaces text in path and query, at most `limit` times in each (0 = all).
pub fn replace(target: &mut Target, needle: &[u8], replacement: &[u8], limit: u32) {
    let limit = if limit == 0 {
        usize::MAX
    } else {
        limit as usize
    };
    let merge = ascii::find(needle, b"//").is_none();
    change_path(target, |path| {
        let mut out = Vec::new();
        ascii::replace_into(&clean(path, merge), needle, replacement, limit, &mut out);
        out
    });
    let mut query = Vec::new();
    ascii::replace_into(&target.query, needle, replacement, limit, &mut query);
    target.query = query;
}

/// Replaces the matches of an expression in the path.
pub fn replace_matches(target: &mut Target, replacer: &Replacer<'_>, scratch: &mut Scratch) {
    change_path(target, |path| {
        let mut out = Vec::new();
        replacer.replace_into(path, scratch, &mut out);
        out
    });
}

/// Applies a change to the pairs of the query and encodes them anew, sorted
/// by name.
pub fn change_query(target: &mut Target, change: impl FnOnce(&mut Query)) {
    let mut query = Query::parse(&target.query);
    change(&mut query);
    target.query.clear();
    query.encode_into(&mut target.query);
}

/// Changes the escaped path and derives the decoded one from it; if that is
/// empty or cannot be decoded, the decoded path is changed by itself (Caddy's
/// `changePath`).
fn change_path(target: &mut Target, mut change: impl FnMut(&[u8]) -> Vec<u8>) {
    let raw = change(&target.raw_path);
    let mut decoded = Vec::new();
    if !percent::decode_path(&raw, &mut decoded) || decoded.is_empty() {
        decoded = change(&target.path);
    }
    let mut check = Vec::new();
    let agrees = percent::is_encoded_path(&raw)
        && percent::decode_path(&raw, &mut check)
        && check == decoded;
    if agrees {
        target.raw_path = raw;
        target.path = decoded;
    } else {
        target.set_decoded_path(&decoded);
    }
}

fn clean(path: &[u8], merge: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    path::clean_into(path, merge, &mut out);
    out
}

/// Length of the start of `path` that the prefix covers; 0 if it does not.
fn matching_prefix(path: &[u8], prefix: &[u8]) -> usize {
    let (mut at, mut in_prefix) = (0, 0);
    while at < path.len() && in_prefix < prefix.len() {
        let wanted = prefix[in_prefix];
        let mut byte = path[at];
        if byte == b'%' && wanted != b'%' && path.len() >= at + 3 {
            let Some(decoded) = percent::escape(&path[at..]) else {
                return 0;
            };
            byte = decoded;
            at += 2;
        }
        if !byte.eq_ignore_ascii_case(&wanted) {
            return 0;
        }
        at += 1;
        in_prefix += 1;
    }
    if in_prefix == prefix.len() { at } else { 0 }
}

/// Length of the end of `path` that the suffix covers; 0 if it does not.
fn matching_suffix(path: &[u8], suffix: &[u8]) -> usize {
    let (mut at, mut in_suffix) = (path.len(), suffix.len());
    while at > 0 && in_suffix > 0 {
        let ends_escaped = |text: &[u8]| text.len() >= 3 && text[text.len() - 3] == b'%';
        let mut byte = path[at - 1];
        at -= 1;
        if ends_escaped(&path[..at + 1]) && !ends_escaped(&suffix[..in_suffix]) {
            let Some(decoded) = percent::escape(&path[at - 2..]) else {
                return 0;
            };
            byte = decoded;
            at -= 2;
        }
        if !byte.eq_ignore_ascii_case(&suffix[in_suffix - 1]) {
            return 0;
        }
        in_suffix -= 1;
    }
    if in_suffix == 0 { path.len() - at } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(uri: &str, change: impl FnOnce(&mut Target)) -> String {
        let mut target = Target::default();
        target.parse(b"GET", uri.as_bytes()).unwrap();
        change(&mut target);
        let mut out = Vec::new();
        target.uri_into(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn prefixes() {
        for (uri, prefix, expected) in [
            ("/prefix/foo", "/prefix", "/foo"),
            ("/prefix", "/prefix", "/"),
            ("/prefix", "prefix", "/"),
            ("/PREfix/a?b", "/prefix", "/a?b"),
            ("/prefix/foo%2Fbar", "/prefix", "/foo%2Fbar"),
            ("/foo/prefix/bar", "/prefix", "/foo/prefix/bar"),
            ("//prefix/foo", "/prefix", "/foo"),
            ("//prefix/foo", "//prefix", "/foo"),
            ("/a%2Fb/c", "/a/b", "/c"),
            ("/a%2Fb/c", "/a%2Fb", "/c"),
            ("/a/b/c", "/a%2Fb", "/a/b/c"),
            ("/%70refix/foo", "/prefix", "/foo"),
            ("/prefixed", "/prefix", "/ed"),
            ("/prefix%2Fa", "/prefix", "/a"),
            ("/prefix%2F..%2Fa", "/prefix", "/a"),
            ("/prefix..%2Fa", "/prefix", "/a"),
        ] {
            let got = changed(uri, |target| strip_prefix(target, prefix.as_bytes()));
            assert_eq!(got, expected, "{uri} {prefix}");
        }
    }

    #[test]
    fn suffixes_and_replacements() {
        let suffix = |uri, suffix: &str| changed(uri, |t| strip_suffix(t, suffix.as_bytes()));
        assert_eq!(suffix("/foo/bar/suffix", "/suffix"), "/foo/bar");
        assert_eq!(suffix("/foo.php?x", ".php"), "/foo?x");
        assert_eq!(suffix("/foo", "/suffix"), "/foo");
        assert_eq!(suffix("/foo%2Ephp", ".php"), "/foo");
        assert_eq!(suffix("/a%2Fb", "%2Fb"), "/a");
        assert_eq!(suffix("/a/b", "%2Fb"), "/a/b");
        let replaced = |uri, limit| changed(uri, |t| replace(t, b"foo", b"bar", limit));
        assert_eq!(replaced("/foo/foo?foo", 0), "/bar/bar?bar");
        assert_eq!(replaced("/foo/foo?foo", 1), "/bar/foo?bar");
    }

    #[test]
    fn setting_paths() {
        let set = |uri, path: &str| changed(uri, |t| set_path(t, path.as_bytes()));
        assert_eq!(set("/a?b", "/bar%3Fbaz"), "/bar%3Fbaz?b");
        assert_eq!(set("/a", "/100%"), "/100%25");
        assert_eq!(set("/a", ""), "/");
    }
}

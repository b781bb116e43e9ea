//! Cleaning of paths: dot segments and repeated slashes, as Go's `path.Clean`
//! with a trailing slash kept.

/// Appends the cleaned path. With `merge`, repeated slashes become one;
/// without, each empty segment counts as a segment of its own.
pub fn clean_into(path: &[u8], merge: bool, out: &mut Vec<u8>) {
    if is_clean(path, merge) {
        out.extend_from_slice(path);
        return;
    }
    let start = out.len();
    let rooted = path.first() == Some(&b'/');
    if rooted {
        out.push(b'/');
    }
    let base = out.len();
    // Up to here `..` cannot take anything away, because what stands there is
    // `..` itself.
    let mut fixed = base;
    let segments = path[usize::from(rooted)..].split(|byte| *byte == b'/');
    let count = segments.clone().count();
    for (number, segment) in segments.enumerate() {
        match segment {
            b"" if merge || number + 1 == count => {}
            b"." => {}
            b".." if out.len() > fixed => {
                let last = out[fixed..].iter().rposition(|byte| *byte == b'/');
                out.truncate(fixed + last.unwrap_or(0));
            }
            b".." if rooted => {}
            b".." => {
                separate(out, base);
                out.extend_from_slice(b"..");
                fixed = out.len();
            }
            _ => {
                separate_segment(out, base, segment.is_empty());
                out.extend_from_slice(segment);
            }
        }
    }
    if out.len() == start {
        out.push(b'.');
    }
    if path.ends_with(b"/") && &out[start..] != b"/" {
        out.push(b'/');
    }
}

fn separate(out: &mut Vec<u8>, base: usize) {
    if out.len() > base {
        out.push(b'/');
    }
}

/// An empty segment is kept as the slash that would follow it.
fn separate_segment(out: &mut Vec<u8>, base: usize, empty: bool) {
    if empty || out.len() > base {
        out.push(b'/');
    }
}

/// Whether cleaning would certainly change nothing; true for nearly every request.
pub fn is_clean(path: &[u8], merge: bool) -> bool {
    if path.first() != Some(&b'/') {
        return false;
    }
    let mut previous = 0;
    for byte in path {
        if previous == b'/' && (*byte == b'.' || (merge && *byte == b'/')) {
            return false;
        }
        previous = *byte;
    }
    true
}

/// The path up to and including its last slash, and the rest (Go's
/// `path.Split`).
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let at = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    path.split_at(at)
}

/// The last element without trailing slashes (Go's `path.Base`).
pub fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |at| at + 1);
    if end == 0 {
        return b"/";
    }
    split(&path[..end]).1
}

/// The extension of the last element, with its dot (Go's `path.Ext`).
pub fn extension(path: &[u8]) -> &[u8] {
    let file = split(path).1;
    match file.iter().rposition(|b| *b == b'.') {
        Some(at) => &file[at..],
        None => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(path: &str, merge: bool) -> String {
        let mut out = Vec::new();
        clean_into(path.as_bytes(), merge, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn merging() {
        for (path, expected) in [
            ("/", "/"),
            ("", "."),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("//a///b//", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/../../a", "/a"),
            ("/..", "/"),
            ("/a/..", "/"),
            ("/a/../", "/"),
            ("/.", "/"),
            ("/./", "/"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("../../a/..", "../.."),
            ("a/..", "."),
            ("/.a/..b/", "/.a/..b/"),
            ("/a/b/..", "/a"),
            ("///", "/"),
        ] {
            assert_eq!(clean(path, true), expected, "{path}");
        }
    }

    #[test]
    fn keeping_slashes() {
        for (path, expected) in [
            ("//a", "//a"),
            ("/a//b", "/a//b"),
            ("/a//../b", "/a/b"),
            ("/a/./b", "/a/b"),
            ("//", "//"),
            ("/a//", "/a//"),
            ("/a//.//b", "/a///b"),
        ] {
            assert_eq!(clean(path, false), expected, "{path}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(split(b"/a/b.c"), (&b"/a/"[..], &b"b.c"[..]));
        assert_eq!(base(b"/a/b/"), b"b");
        assert_eq!(base(b"/"), b"/");
        assert_eq!(extension(b"/a.b/c.tar.gz"), b".gz");
        assert_eq!(extension(b"/a.b/c"), b"");
    }
}

//! Files that a pattern covers, as Go's `filepath.Glob` finds them: `*`, `?` and `[...]` stand for letters of one name, never
//! for a slash, and `\\` makes a letter stand for itself.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use zs_abi::Source;
use zs_abi::tables::{Candidate, Segment, Template};
use zs_proto::glob;

use super::Texts;
use crate::limits::{PATTERN_FILES_MAX, PATTERN_NAMES_MAX};

/// The text of a pattern. What placeholders bring stands for itself.
pub(super) fn text(texts: &Texts, entry: &Candidate) -> Cow<'static, [u8]> {
    let site = texts.expander.site;
    let template = entry.value.template;
    let template = template.and_then(|template| site.data.record::<Template>(template.0));
    let Some(template) = template else {
        return texts.value(&entry.value);
    };
    let (mut pattern, mut piece) = (Vec::new(), Vec::new());
    for segment in site.data.range::<Segment>(template.segments) {
        piece.clear();
        texts.expander.segment(&segment, &mut piece);
        let is_written = segment.source == Source::Constant as u32;
        for byte in &piece {
            if !is_written && SPECIAL.contains(byte) {
                pattern.push(b'\\');
            }
            pattern.push(*byte);
        }
    }
    Cow::Owned(pattern)
}

/// The files below a folder that a pattern covers, in the order of their names. The folder's own name is no pattern.
pub(super) fn files(root: &[u8], pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut names_left = PATTERN_NAMES_MAX;
    let mut found = vec![root.to_vec()];
    let mut parts = pattern.split(|byte| *byte == b'/').peekable();
    let mut has_matched = false;
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        if part.is_empty() {
            // A slash at the end means a folder, which a pattern before it never does.
            if is_last && has_matched {
                return Vec::new();
            }
            if is_last && pattern.len() > 1 {
                found.iter_mut().for_each(|path| path.push(b'/'));
            }
            continue;
        }
        if is_pattern(part) {
            has_matched = true;
            let below = |folder: &Vec<u8>| names(folder, part, &mut names_left);
            found = found.iter().flat_map(below).collect();
        } else {
            let name = unescaped(part);
            found.iter_mut().for_each(|path| push(path, &name));
            if is_last {
                found.retain(|path| fs::symlink_metadata(path_of(path)).is_ok());
            }
        }
        found.truncate(PATTERN_FILES_MAX);
    }
    found
}

/// The files in a folder whose names a pattern covers.
fn names(folder: &[u8], pattern: &[u8], left: &mut usize) -> Vec<Vec<u8>> {
    // What is no folder, or may not be read, holds nothing.
    let Ok(entries) = fs::read_dir(path_of(folder)) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for entry in entries.map_while(Result::ok) {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let name = entry.file_name().into_vec();
        if glob::matches(pattern, &name) {
            names.push(name);
        }
    }
    names.sort_unstable();
    let whole = |name: Vec<u8>| {
        let mut path = folder.to_vec();
        push(&mut path, &name);
        path
    };
    names.into_iter().map(whole).collect()
}

fn push(path: &mut Vec<u8>, name: &[u8]) {
    if path == b"." {
        path.clear();
    } else if !path.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}

fn path_of(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// Letters that mean something in a pattern.
const SPECIAL: &[u8] = b"*?[\\";

/// Whether a part stands for more than one name.
fn is_pattern(part: &[u8]) -> bool {
    let mut rest = part;
    loop {
        match rest {
            [] => return false,
            [b'\\', _, behind @ ..] => rest = behind,
            [b'*' | b'?' | b'[' | b'\\', ..] => return true,
            [_, behind @ ..] => rest = behind,
        }
    }
}

/// A part without special letters but those that stand for themselves.
fn unescaped(part: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(part.len());
    let mut rest = part;
    loop {
        match rest {
            [] => return name,
            [b'\\', letter, behind @ ..] | [letter, behind @ ..] => {
                name.push(*letter);
                rest = behind;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        for (part, is, name) in [
            ("plain", false, "plain"),
            ("a\\*b", false, "a*b"),
            ("a*b", true, ""),
            ("[", true, ""),
            ("a\\", true, ""),
            ("\\\\?", true, ""),
        ] {
            assert_eq!(is_pattern(part.as_bytes()), is, "{part}");
            if !is {
                assert_eq!(unescaped(part.as_bytes()), name.as_bytes());
            }
        }
    }
}

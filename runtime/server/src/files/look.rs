//! Looking for files: the matcher `file`, on which `try_files` stands.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use zs_abi::tables::{
    Candidate, FileLook, FileLookId, LOOK_FALLBACK, LOOK_FIRST, LOOK_LARGEST, LOOK_RECENT,
    LOOK_SMALLEST,
};
use zs_io::Clock;
use zs_proto::path::clean_into;

use crate::exchange::{Exchange, FileMatch};
use crate::expand::Expander;
use crate::site::LoadedSite;

use super::{Texts, open, pattern};

/// Looks for a file, and keeps what is known of the one that is found. `None` if there is no such record.
pub(crate) fn look(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: Clock,
    number: FileLookId,
) -> Option<bool> {
    let record: FileLook = site.data.record(number.0)?;
    let texts = Texts {
        expander: Expander {
            site,
            exchange,
            clock,
        },
    };
    let found = if matches!(record.policy, LOOK_FIRST | LOOK_FALLBACK) {
        first(&texts, &record)
    } else {
        best(&texts, &record)
    };
    let is_found = found.is_some();
    if let Some(found) = found {
        exchange.file_match = Some(Box::new(found));
    }
    Some(is_found)
}

/// The first file that exists; the last of the list unseen, if so asked.
fn first(texts: &Texts, record: &FileLook) -> Option<FileMatch> {
    let root = texts.root(&record.root);
    let listed = texts
        .expander
        .site
        .data
        .range::<Candidate>(record.candidates);
    let count = record.candidates.count as usize;
    listed.enumerate().find_map(|(number, candidate)| {
        let unseen = record.policy == LOOK_FALLBACK && number + 1 == count;
        let mut found = candidates(texts, &root, &candidate, record).into_iter();
        if unseen {
            return found
                .next()
                .or_else(|| Some(fallback(texts, &root, &candidate, record)));
        }
        found.find_map(|mut found| {
            let metadata = open::look_at(&found.absolute)?;
            found.is_folder = metadata.is_dir();
            // A path with a slash at the end means a folder, one without anything else.
            (found.is_folder == found.absolute.ends_with(b"/")).then_some(found)
        })
    })
}

/// The file that comes before all others by the policy, of equal ones the first.
fn best(texts: &Texts, record: &FileLook) -> Option<FileMatch> {
    let root = texts.root(&record.root);
    let listed = texts
        .expander
        .site
        .data
        .range::<Candidate>(record.candidates);
    let mut best: Option<(FileMatch, Metadata)> = None;
    for mut found in listed.flat_map(|candidate| candidates(texts, &root, &candidate, record)) {
        let Some(metadata) = open::look_at(&found.absolute) else {
            continue;
        };
        let size = metadata.len();
        let changed = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
        let better = match (record.policy, &best) {
            (LOOK_LARGEST, Some((_, other))) => size > other.len(),
            (LOOK_SMALLEST, Some((_, other))) => size < other.len(),
            (LOOK_RECENT, Some((_, other))) => changed(&metadata) > changed(other),
            (_, None) => true,
            _ => false,
        };
        if better {
            found.is_folder = metadata.is_dir();
            best = Some((found, metadata));
        }
    }
    best.map(|(found, _)| found)
}

/// The files that an entry of the list stands for: those that a pattern covers, or the one that it names.
fn candidates(texts: &Texts, root: &[u8], entry: &Candidate, record: &FileLook) -> Vec<FileMatch> {
    let Some((path, remainder)) = candidate(texts, entry, record) else {
        return Vec::new();
    };
    if entry.is_pattern == 0 {
        return vec![file_at(root, open::join(root, &path), remainder)];
    }
    let files = pattern::files(&open::join(root, b""), &path).into_iter();
    files
        .map(|absolute| file_at(root, absolute, remainder.clone()))
        .collect()
}

/// The path below the root that an entry of the list names, with the request's values, before it is looked at, and what
/// comes behind. Only what is written with a slash at the end may be a folder: with `{path}` a request for `/folder/`
/// finds nothing.
fn candidate(texts: &Texts, entry: &Candidate, record: &FileLook) -> Option<(Vec<u8>, Vec<u8>)> {
    let text = match entry.is_pattern {
        0 => texts.value(&entry.value),
        _ => pattern::text(texts, entry),
    };
    let mut path = cleaned(&text);
    if text.ends_with(b"/") && !path.ends_with(b"/") {
        path.push(b'/');
    }
    let at = split(&path, texts.items(record.split));
    let remainder = path.split_off(at);
    let is_folder = path != b"/" && path.ends_with(b"/");
    (!is_folder || ends_in_slash(texts, entry)).then_some((path, remainder))
}

/// The last file of a list, which is taken without looking.
fn fallback(texts: &Texts, root: &[u8], entry: &Candidate, record: &FileLook) -> FileMatch {
    let mut path = cleaned(&texts.value(&entry.value));
    let at = split(&path, texts.items(record.split));
    let remainder = path.split_off(at);
    if ends_in_slash(texts, entry) {
        path.push(b'/');
    }
    file_at(root, open::join(root, &path), remainder)
}

/// A path without dot segments, repeated slashes and the one at the end.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let mut cleaned = Vec::with_capacity(path.len() + 1);
    clean_into(path, true, &mut cleaned);
    if cleaned.len() > 1 && cleaned.ends_with(b"/") {
        cleaned.pop();
    }
    cleaned
}

fn file_at(root: &[u8], absolute: Vec<u8>, remainder: Vec<u8>) -> FileMatch {
    let below = open::join(root, b"");
    let relative = absolute.strip_prefix(below.as_slice()).unwrap_or(&absolute);
    FileMatch {
        relative: relative.to_vec(),
        remainder,
        is_folder: false,
        absolute,
    }
}

/// Whether the file is written with a slash at the end, whatever the request brings.
fn ends_in_slash(texts: &Texts, entry: &Candidate) -> bool {
    let site = texts.expander.site;
    match entry.value.template {
        None => site.text(entry.value.text).ends_with(b"/"),
        Some(template) => {
            let record = site.data.record::<zs_abi::tables::Template>(template.0);
            let segments =
                record.map(|record| site.data.range::<zs_abi::tables::Segment>(record.segments));
            let last = segments.and_then(Iterator::last);
            last.is_some_and(|segment| {
                segment.source == zs_abi::Source::Constant as u32
                    && site.text(segment.argument).ends_with(b"/")
            })
        }
    }
}

/// Where a path is split: behind the first of some texts that ends a part of it, whatever the case of the letters.
fn split(path: &[u8], mut at: impl Iterator<Item = impl AsRef<[u8]>>) -> usize {
    let split = at.find_map(|text| {
        let text = text.as_ref();
        let found = path
            .windows(text.len().max(1))
            .position(|window| window.eq_ignore_ascii_case(text))?;
        let end = found + text.len();
        (end == path.len() || path[end] == b'/').then_some(end)
    });
    split.unwrap_or(path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        for (path, texts, at) in [
            ("/a.php/b", &[".php"][..], 6),
            ("/a.PHP", &[".php"], 6),
            ("/a.phps/b", &[".php"], 9),
            ("/a/b", &[".php"], 4),
            ("/a.py/b.php", &[".php", ".py"], 11),
            ("/a.py/b", &[".php", ".py"], 5),
        ] {
            let texts = texts.iter().map(|text| text.as_bytes().to_vec());
            assert_eq!(split(path.as_bytes(), texts), at, "{path}");
        }
    }
}

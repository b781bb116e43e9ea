//! Files that do not exist for clients.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use zs_proto::glob;
use zs_proto::path::{clean_into, is_clean};

/// What is hidden: names and patterns that any part of a path may have, and whole paths.
pub(super) struct Hidden<'a> {
    entries: Vec<Cow<'a, [u8]>>,
}

impl<'a> Hidden<'a> {
    pub(super) fn new(entries: impl Iterator<Item = Cow<'a, [u8]>>) -> Self {
        Self {
            entries: entries.collect(),
        }
    }

    /// Whether a path is hidden.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let path = absolute(path);
        self.entries.iter().any(|entry| {
            if !entry.contains(&b'/') {
                let mut parts = path.split(|byte| *byte == b'/');
                return parts.any(|part| glob::matches(entry, part)) || glob::matches(entry, &path);
            }
            if !has_last_part(entry, &path) {
                return false;
            }
            let entry = absolute(entry);
            let rest = path.strip_prefix(&*entry);
            rest.is_some_and(|rest| rest.starts_with(b"/")) || glob::matches(&entry, &path)
        })
    }
}

/// Whether a path has the last part of another anywhere, without which it cannot be that or lie below it; saves making
/// most entries absolute. A part with a pattern may be any.
fn has_last_part(entry: &[u8], path: &[u8]) -> bool {
    let last = entry.rsplit(|byte| *byte == b'/').next().unwrap_or(b"");
    let is_plain =
        !matches!(last, b"" | b"." | b"..") && !last.iter().any(|byte| b"*?[\\".contains(byte));
    !is_plain || path.split(|byte| *byte == b'/').any(|part| part == last)
}

/// The path from the root of the file system, cleaned.
fn absolute(path: &[u8]) -> Cow<'_, [u8]> {
    if is_clean(path, true) && (path.len() == 1 || !path.ends_with(b"/")) {
        return Cow::Borrowed(path);
    }
    let mut whole = Vec::new();
    if !path.starts_with(b"/") {
        whole.extend_from_slice(working_directory());
        whole.push(b'/');
    }
    whole.extend_from_slice(path);
    let mut cleaned = Vec::with_capacity(whole.len());
    clean_into(&whole, true, &mut cleaned);
    if cleaned.len() > 1 && cleaned.ends_with(b"/") {
        cleaned.pop();
    }
    Cow::Owned(cleaned)
}

/// The directory that the server was started in; it never changes.
fn working_directory() -> &'static [u8] {
    static DIRECTORY: OnceLock<Vec<u8>> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = std::env::current_dir();
        directory.map_or_else(
            |_| b"/".to_vec(),
            |directory| directory.as_os_str().as_bytes().to_vec(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_patterns_and_paths() {
        let cases: &[(&str, &str, bool)] = &[
            (".git", "/srv/.git", true),
            (".git", "/srv/.git/config", true),
            (".git", "/srv/.github", false),
            ("*.php", "/srv/a.php", true),
            ("*.php", "/srv/a.php/b", true),
            ("secret*", "/srv/Secret1", false),
            ("/srv/secret", "/srv/secret", true),
            ("/srv/secret", "/srv/secret/a", true),
            ("/srv/secret", "/srv/secrets", false),
            ("/srv/*/x", "/srv/a/x", true),
            ("/srv/*/x", "/srv/a/x/y", false),
            ("./no/such", "no/such/file", true),
            ("./no/such", "no/such", true),
            ("./no/such", "other/such", false),
            ("./no/such/", "no/such", true),
            ("./no/such/.", "no/such/x", true),
            ("no/../such", "such", true),
            ("/srv/a/s*", "/srv/a/secret", true),
        ];
        for (entry, path, expected) in cases {
            let hidden = Hidden::new([Cow::Borrowed(entry.as_bytes())].into_iter());
            assert_eq!(hidden.covers(path.as_bytes()), *expected, "{entry} {path}");
        }
    }
}

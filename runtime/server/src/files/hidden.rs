//! Files that do not exist for clients.

use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

use zs_proto::glob;
use zs_proto::path::clean_into;

/// What is hidden: names and patterns that any part of a path may have, and whole paths.
pub(super) struct Hidden {
    entries: Vec<Vec<u8>>,
}

impl Hidden {
    pub(super) fn new(entries: impl Iterator<Item = Vec<u8>>) -> Self {
        let path_or_name = |entry: Vec<u8>| {
            if entry.contains(&b'/') {
                absolute(&entry)
            } else {
                entry
            }
        };
        Self {
            entries: entries.map(path_or_name).collect(),
        }
    }

    /// Whether a path is hidden.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let path = absolute(path);
        self.entries.iter().any(|entry| {
            let below = || {
                path.strip_prefix(entry.as_slice())
                    .is_some_and(|rest| rest.starts_with(b"/"))
            };
            let part = || {
                path.split(|byte| *byte == b'/')
                    .any(|part| glob::matches(entry, part))
            };
            let covered = if entry.contains(&b'/') {
                below()
            } else {
                part()
            };
            covered || glob::matches(entry, &path)
        })
    }
}

/// The path from the root of the file system, cleaned.
fn absolute(path: &[u8]) -> Vec<u8> {
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
    cleaned
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
        ];
        for (entry, path, expected) in cases {
            let hidden = Hidden::new([entry.as_bytes().to_vec()].into_iter());
            assert_eq!(hidden.covers(path.as_bytes()), *expected, "{entry} {path}");
        }
    }
}

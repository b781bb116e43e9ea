//! What the parser asks of the machine that it runs on.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::limits::FILE_BYTES_MAX;

/// Environment variables and files. Everything that the parser learns from outside its arguments comes through this.
pub trait Host {
    /// The value of an environment variable, or none when it is not set.
    fn variable(&self, name: &str) -> Option<String>;

    /// Whether a variable that is not set and leaves something empty is an error. It is where a site is built; Caddy's
    /// adapter puts nothing in.
    fn refuses_unset(&self) -> bool {
        false
    }

    /// The variables that are left open: they are read when the built site starts, and not now.
    fn left_open(&self) -> &[String] {
        &[]
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read; a folder is an error too.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, in any order; empty when there is no such folder.
    fn list(&self, folder: &Path) -> Vec<String>;

    /// Whether there is a file or folder of that name.
    fn exists(&self, path: &Path) -> bool;

    /// The absolute path of the folder that relative paths are relative to, when there is one.
    fn folder(&self) -> Option<PathBuf> {
        None
    }
}

/// The process's own environment and file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemHost;

impl Host for SystemHost {
    fn variable(&self, name: &str) -> Option<String> {
        // The platform panics on names that cannot exist.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // One byte more than a file may have tells that it has too many; a device could go on for ever.
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(FILE_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn folder(&self) -> Option<PathBuf> {
        std::env::current_dir().ok()
    }
}

/// Variables and files given as maps, for tests and for builds that must not look around.
#[derive(Clone, Debug, Default)]
pub struct MapHost {
    /// Variables by name.
    pub variables: BTreeMap<String, String>,
    /// Files by path.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Host for MapHost {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(folder).ok()?.components().next())
            .filter_map(|component| component.as_os_str().to_str().map(str::to_owned))
            .collect();
        names.dedup();
        names
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.keys().any(|file| file.starts_with(path))
    }
}

//! Files of the authority, or memory where there can be none.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What is stored under relative paths.
#[derive(Debug)]
pub(super) struct Storage {
    directory: Option<PathBuf>,
    /// What could not be written to files; read first.
    memory: BTreeMap<String, Vec<u8>>,
}

impl Storage {
    pub fn new(directory: Option<PathBuf>) -> Self {
        let storage = Self {
            directory,
            memory: BTreeMap::new(),
        };
        if storage.directory.is_none() {
            storage.tell("neither XDG_DATA_HOME nor HOME is set");
        }
        storage
    }

    /// Keeps other processes out while it lives, so that two that start
    /// together get one authority.
    pub fn lock(&self) -> Option<File> {
        let path = self.directory.as_ref()?.join("locks/zeroserve.lock");
        make_directory(path.parent()?).ok()?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
            .ok()?;
        file.lock().ok()?;
        Some(file)
    }

    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(bytes) = self.memory.get(path) {
            return Some(bytes.clone());
        }
        fs::read(self.directory.as_ref()?.join(path)).ok()
    }

    /// Stores bytes in a file only its user can read, or in memory if that
    /// fails.
    pub fn write(&mut self, path: &str, bytes: &[u8]) {
        if let Some(directory) = &self.directory {
            match replace(&directory.join(path), bytes) {
                Ok(()) => return,
                Err(error) => self.tell(&format!("{}: {error}", directory.display())),
            }
            // The rest would fail too, and halves of pairs must not mix.
            self.directory = None;
        }
        self.memory.insert(path.to_string(), bytes.to_vec());
    }

    fn tell(&self, reason: &str) {
        eprintln!(
            "zeroserve: certificates of the local authority are kept in memory only, and are \
             issued anew at the next start ({reason})"
        );
    }
}

/// Puts a file in place as a whole: written beside, then renamed.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make_directory(directory)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

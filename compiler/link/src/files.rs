//! Files in memory, as the linker sees them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libwild::error::Result;
use libwild::{FileSystem, FileType, InputFileData, OutputFileData, OutputOptions};

/// Files by path; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Arc<Mutex<BTreeMap<PathBuf, Arc<Vec<u8>>>>>,
}

impl Files {
    /// Adds a file, or replaces it.
    pub fn put(&self, path: impl AsRef<Path>, bytes: Vec<u8>) {
        self.lock()
            .insert(path.as_ref().to_owned(), Arc::new(bytes));
    }

    /// Takes a file out.
    pub fn take(&self, path: &Path) -> Option<Vec<u8>> {
        let bytes = self.lock().remove(path)?;
        Some(Arc::unwrap_or_clone(bytes))
    }

    fn find(&self, path: &Path) -> Result<Arc<Vec<u8>>> {
        let found = self.lock().get(path).cloned();
        Ok(found.ok_or_else(|| not_found(path))?)
    }

    /// A map of whole files is consistent whenever the lock is free, also
    /// after a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Arc<Vec<u8>>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found(path: &Path) -> Error {
    Error::new(ErrorKind::NotFound, format!("no file {}", path.display()))
}

/// A file being read.
#[derive(Debug)]
pub struct Input(Arc<Vec<u8>>);

impl InputFileData for Input {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A file being written.
#[derive(Debug)]
pub struct Output {
    path: Arc<Path>,
    bytes: Vec<u8>,
    files: Files,
}

impl OutputFileData for Output {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn finish(self) -> Result {
        self.files.put(&self.path, self.bytes);
        Ok(())
    }
}

impl FileSystem for Files {
    type Input = Input;
    type Output = Output;

    fn open_input(&self, path: &Path, _: bool) -> Result<(Input, Option<Arc<File>>)> {
        Ok((Input(self.find(path)?), None))
    }

    fn file_type(&self, path: &Path) -> Result<FileType> {
        self.find(path).map(|_| FileType::File)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        self.lock().remove(path).ok_or_else(|| not_found(path))?;
        Ok(())
    }

    fn rename_file(&self, path: &Path, new_path: &Path) -> Result<()> {
        let bytes = self.lock().remove(path).ok_or_else(|| not_found(path))?;
        self.lock().insert(new_path.to_owned(), bytes);
        Ok(())
    }

    fn create_output(&self, path: Arc<Path>, options: OutputOptions) -> Result<Output> {
        let len = usize::try_from(options.size)
            .map_err(|_| Error::new(ErrorKind::FileTooLarge, "the output is too large"))?;
        Ok(Output {
            path,
            bytes: vec![0; len],
            files: self.clone(),
        })
    }

    fn write_auxiliary(&self, path: &Path, bytes: &[u8]) -> Result {
        self.put(path, bytes.to_vec());
        Ok(())
    }
}

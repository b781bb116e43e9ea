//! Certificates of files that change while the server runs: who renews them
//! replaces the files, or the links that lead to them, and tells nobody.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::certificate::{CertificateError, Identity, Slot};

/// A certificate whose files are looked at.
#[derive(Debug)]
pub struct Watch {
    chain: PathBuf,
    key: PathBuf,
    slot: Arc<Slot>,
    /// The files whose certificate is in use.
    used: Option<Stamp>,
    /// Files that cannot be used, and whether that was told.
    broken: Option<(Option<Stamp>, bool)>,
}

/// What tells two versions of the files from each other, without reading them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    chain: File,
    key: File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct File {
    device: u64,
    number: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Watch {
    /// Reads a certificate for the first time.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn begin(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        // Taken before they are read, so that no change after that is missed.
        let used = stamp(chain, key);
        Ok(Self {
            slot: Slot::new(read(chain, key)?),
            chain: chain.to_owned(),
            key: key.to_owned(),
            used,
            broken: None,
        })
    }

    /// Where handshakes find the certificate.
    pub fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.slot)
    }

    /// Takes the files' certificate if they have changed; the chain's file if
    /// it did.
    ///
    /// # Errors
    /// If the new files cannot be used and were the same at the last look: as
    /// long as they change, somebody writes them. Told once; the certificate
    /// in use stays.
    pub fn look(&mut self) -> Result<Option<&Path>, CertificateError> {
        let now = stamp(&self.chain, &self.key);
        if now.is_some() && now == self.used {
            self.broken = None;
            return Ok(None);
        }
        match read(&self.chain, &self.key) {
            Ok(certified) => {
                self.slot.replace(certified);
                self.used = now;
                self.broken = None;
                Ok(Some(&self.chain))
            }
            Err(error) => {
                let (is_same, told) = match self.broken {
                    Some((before, told)) if before == now => (true, told),
                    _ => (false, false),
                };
                self.broken = Some((now, is_same));
                if is_same && !told {
                    Err(error)
                } else {
                    Ok(None)
                }
            }
        }
    }
}

fn read(chain: &Path, key: &Path) -> Result<rustls::sign::CertifiedKey, CertificateError> {
    Identity::read(chain, key)?.certified(&key.display().to_string())
}

/// What there is behind two names; nothing if one is missing. Links are
/// followed, so that a link to other files is a change.
fn stamp(chain: &Path, key: &Path) -> Option<Stamp> {
    let file = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some(File {
            device: found.dev(),
            number: found.ino(),
            bytes: found.size(),
            changed: (found.mtime(), found.mtime_nsec()),
        })
    };
    Some(Stamp {
        chain: file(chain)?,
        key: file(key)?,
    })
}

//! The local certificate authority: issues certificates for names that no
//! public authority covers.
//!
//! Files lie as Caddy's do, and Caddy's are used where they are there:
//! `pki/authorities/local/{root,intermediate}.{crt,key}` and
//! `certificates/local/<name>/<name>.{crt,key}` below the data directory.
//! Nothing is put into a trust store.

mod issue;
mod storage;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::certificate::Identity;
use issue::{Issuer, Kind};
use storage::Storage;

/// A certificate with the time at which it is to be renewed.
#[derive(Debug)]
pub struct Issued {
    /// Certificate, chain and key.
    pub identity: Identity,
    /// Seconds since 1970.
    pub renew_at: i64,
}

/// Finds or issues the certificate for a name; how other parts know the
/// authority without naming it. An error is one clause.
pub type Issue = fn(name: &str) -> Result<Issued, String>;

/// The function table that a site refers to.
#[derive(Debug)]
pub struct AuthorityTable {
    /// The certificate for a name.
    pub issue: Issue,
}

/// The process' authority, in its user's data directory.
pub const TABLE: AuthorityTable = AuthorityTable {
    issue: |name| {
        static AUTHORITY: Mutex<Option<Authority>> = Mutex::new(None);
        let mut authority = AUTHORITY.lock().unwrap_or_else(PoisonError::into_inner);
        let authority = authority.get_or_insert_with(|| Authority::new(data_directory()));
        authority.certificate(name, crate::server::unix_now())
    },
};

/// Where Caddy keeps its data.
fn data_directory() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(data) = from("XDG_DATA_HOME") {
        return Some(PathBuf::from(data).join("caddy"));
    }
    Some(PathBuf::from(from("HOME")?).join(".local/share/caddy"))
}

/// A local certificate authority.
#[derive(Debug)]
pub struct Authority {
    storage: Storage,
}

impl Authority {
    /// The authority whose files lie in a directory; without one, or where it
    /// cannot be written, it lives as long as the process.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self {
            storage: Storage::new(directory),
        }
    }

    /// Finds or issues the certificate for a name. `now` in seconds since
    /// 1970.
    ///
    /// # Errors
    /// One clause, if what is stored cannot be used.
    pub fn certificate(&mut self, name: &str, now: i64) -> Result<Issued, String> {
        let _lock = self.storage.lock();
        let safe = name.to_ascii_lowercase().replace('*', "wildcard_");
        if safe.contains('/') || safe.starts_with('.') || safe.is_empty() {
            return Err("no certificate can be issued for this name".to_string());
        }
        let at = format!("certificates/local/{safe}/{safe}");
        if let Some(stored) = issue::stored(&self.storage, &at, now) {
            return Ok(stored);
        }
        let root = self.issuer(Kind::Root, None, now)?;
        let intermediate = self.issuer(Kind::Intermediate, Some(&root), now)?;
        let (chain, key) = intermediate.issue(Kind::Leaf(name), now)?;
        let chain = chain + intermediate.certificate_pem();
        self.storage.write(&format!("{at}.key"), key.as_bytes());
        self.storage.write(&format!("{at}.crt"), chain.as_bytes());
        issue::stored(&self.storage, &at, now)
            .ok_or_else(|| "the certificate that was issued cannot be read back".to_string())
    }

    /// The root's certificate in PEM, once there is one.
    pub fn root(&self) -> Option<Vec<u8>> {
        self.storage.read("pki/authorities/local/root.crt")
    }

    /// Loads an issuer, or makes it, by itself or by the one above.
    fn issuer(&mut self, kind: Kind, above: Option<&Issuer>, now: i64) -> Result<Issuer, String> {
        let at = format!("pki/authorities/local/{}", kind.file());
        let (certificate_file, key_file) = (format!("{at}.crt"), format!("{at}.key"));
        if let (Some(certificate), Some(key)) = (
            self.storage.read(&certificate_file),
            self.storage.read(&key_file),
        ) {
            let issuer = Issuer::load(&certificate, &key)
                .map_err(|reason| format!("{certificate_file}: {reason}"))?;
            let fits = above.is_none_or(|above| above.has_issued(&issuer));
            if fits && issuer.renew_at() > now {
                return Ok(issuer);
            }
        }
        let (certificate, key) = match above {
            None => issue::self_signed(now)?,
            Some(above) => above.issue(kind, now)?,
        };
        self.storage.write(&key_file, key.as_bytes());
        self.storage
            .write(&certificate_file, certificate.as_bytes());
        Issuer::load(certificate.as_bytes(), key.as_bytes())
    }
}

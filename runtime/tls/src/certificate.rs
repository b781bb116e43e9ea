//! Certificates with their keys: read from files, and kept where handshakes
//! find them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Why a certificate cannot be used: what is wrong with which file.
#[derive(Debug)]
pub struct CertificateError {
    /// The file, or the name the certificate is for.
    pub subject: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.subject, self.reason)
    }
}

impl std::error::Error for CertificateError {}

/// A chain of certificates, the server's own first, with its key.
#[derive(Debug)]
pub struct Identity {
    /// The chain.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the chain's first certificate.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads PEM files.
    ///
    /// # Errors
    /// If a file cannot be read or holds something else.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let wrong = |path: &Path| {
            let subject = path.display().to_string();
            move |reason: String| CertificateError { subject, reason }
        };
        let pem = std::fs::read(chain).map_err(|error| wrong(chain)(error.to_string()))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = certificates.map_err(|error| wrong(chain)(error.to_string()))?;
        if certificates.is_empty() {
            return Err(wrong(chain)("there is no certificate in the file".into()));
        }
        let pem = std::fs::read(key).map_err(|error| wrong(key)(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
            use rustls::pki_types::pem::Error;
            let nothing = matches!(error, Error::NoItemsFound);
            let text = "there is no private key in the file";
            wrong(key)(if nothing {
                text.into()
            } else {
                error.to_string()
            })
        })?;
        Ok(Self {
            chain: certificates,
            key,
        })
    }

    /// Makes the identity ready for handshakes.
    ///
    /// # Errors
    /// If the key is of no kind that is known, or another certificate's.
    pub(crate) fn certified(self, subject: &str) -> Result<CertifiedKey, CertificateError> {
        let wrong = |error: rustls::Error| CertificateError {
            subject: subject.to_string(),
            reason: match error {
                rustls::Error::InconsistentKeys(_) => {
                    "the private key does not belong to the certificate".to_string()
                }
                other => other.to_string(),
            },
        };
        let key = rustls::crypto::ring::sign::any_supported_type(&self.key).map_err(wrong)?;
        let certified = CertifiedKey::new(self.chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(certified)
            }
            Err(error) => Err(wrong(error)),
        }
    }
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// PEM files.
    Files {
        /// The chain.
        chain: PathBuf,
        /// The key of the first certificate.
        key: PathBuf,
    },
    /// The local authority, for this name.
    Local(String),
}

/// A certificate that can be replaced while handshakes use it.
#[derive(Debug)]
pub(crate) struct Slot(RwLock<Arc<CertifiedKey>>);

impl Slot {
    pub fn new(certified: CertifiedKey) -> Arc<Self> {
        Arc::new(Self(RwLock::new(Arc::new(certified))))
    }

    pub fn replace(&self, certified: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
    }
}

impl ResolvesServerCert for Slot {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

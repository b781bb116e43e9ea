//! Certificates and handshakes, derived from site addresses, `tls` directives and global options.

pub(crate) mod acme;
pub(crate) mod automation;
pub(crate) mod connection;
mod consolidate;
mod coverage;
pub(crate) mod issuers;
mod join;
mod names;
pub(crate) mod pki;
mod policy;
pub(crate) mod trust_pool;

use zs_syntax::Token;

use crate::model::{CertificateFiles, CertificateManager, ConnectionPolicy, Issuer};

/// What one `tls` directive asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsDirective {
    /// The word `tls`.
    pub(crate) word: Option<Token>,
    /// How to shake hands. Even an empty one turns TLS on.
    pub(crate) policy: ConnectionPolicy,
    /// Files to load.
    pub(crate) files: Vec<CertificateFiles>,
    /// Folders to load.
    pub(crate) folders: Vec<String>,
    /// Who signs; none for the default.
    pub(crate) issuers: Vec<Issuer>,
    /// Where certificates are fetched from.
    pub(crate) managers: Vec<CertificateManager>,
    /// Get a certificate for each name even when a wildcard covers it.
    pub(crate) force_automate: bool,
    /// The kind of keys.
    pub(crate) key_type: Option<String>,
    /// Get certificates at the first handshake.
    pub(crate) on_demand: bool,
    /// Keep the key when a certificate is renewed.
    pub(crate) reuse_private_keys: bool,
    /// The part of its life that a certificate has left when it is renewed.
    pub(crate) renewal_window_ratio: Option<f64>,
}

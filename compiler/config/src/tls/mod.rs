//! Certificates and handshakes, derived from site addresses, `tls` directives and global options.

pub(crate) mod acme;
pub(crate) mod automation;
pub(crate) mod connection;
mod consolidate;
mod names;
pub(crate) mod pki;
pub(crate) mod trust_pool;

use crate::model::{CertificateFiles, ConnectionPolicy, Issuer};

/// What one `tls` directive asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsDirective {
    /// How to shake hands. Even an empty one turns TLS on.
    pub(crate) policy: ConnectionPolicy,
    /// Files to load.
    pub(crate) files: Vec<CertificateFiles>,
    /// Who signs; none for the default.
    pub(crate) issuers: Vec<Issuer>,
    /// Get a certificate for each name even when a wildcard covers it.
    pub(crate) force_automate: bool,
}

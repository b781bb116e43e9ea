//! Where the certificates come from by which other certificates are verified.

use serde::{Deserialize, Serialize, Serializer};

use super::{Storage, UpstreamTls, is_default, json};

/// A set of trusted certificates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrustPool {
    /// Those of other pools together.
    Combined(CombinedPool),
    /// PEM files.
    File(FilePool),
    /// PEM files that are fetched.
    Http(Box<HttpPool>),
    /// Certificates that stand in the configuration.
    Inline(InlinePool),
    /// Intermediate certificates of local authorities.
    PkiIntermediate(AuthorityPool),
    /// Root certificates of local authorities.
    PkiRoot(AuthorityPool),
    /// PEM texts in the storage.
    Storage(StoragePool),
    /// Those that the system trusts.
    System(SystemPool),
}

impl Serialize for TrustPool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = match self {
            TrustPool::Combined(pool) => json::module("provider", "combined", pool),
            TrustPool::File(pool) => json::module("provider", "file", pool),
            TrustPool::Http(pool) => json::module("provider", "http", pool),
            TrustPool::Inline(pool) => json::module("provider", "inline", pool),
            TrustPool::PkiIntermediate(pool) => json::module("provider", "pki_intermediate", pool),
            TrustPool::PkiRoot(pool) => json::module("provider", "pki_root", pool),
            TrustPool::Storage(pool) => json::module("provider", "storage", pool),
            TrustPool::System(pool) => json::module("provider", "system", pool),
        };
        object
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

json::read_modules!(TrustPool by "provider" in "tls.ca_pool.source" {
    Combined(value) => "combined",
    File(value) => "file",
    Http(value) => "http",
    Inline(value) => "inline",
    PkiIntermediate(value) => "pki_intermediate",
    PkiRoot(value) => "pki_root",
    Storage(value) => "storage",
    System(value) => "system",
});

/// Other pools together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CombinedPool {
    /// The pools.
    #[serde(skip_serializing_if = "is_default")]
    pub sources: Vec<TrustPool>,
}

/// PEM files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilePool {
    /// Their paths.
    #[serde(skip_serializing_if = "is_default")]
    pub pem_files: Vec<String>,
}

/// PEM files that are fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpPool {
    /// Their addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub endpoints: Vec<String>,
    /// TLS to those servers.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: Option<UpstreamTls>,
}

/// Certificates that stand in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InlinePool {
    /// DER in Base64.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_ca_certs: Vec<String>,
}

/// Certificates of local authorities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorityPool {
    /// The authorities' names.
    #[serde(skip_serializing_if = "is_default")]
    pub authority: Vec<String>,
}

/// PEM texts in the storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoragePool {
    /// Another storage than that of the whole configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub storage: Option<Storage>,
    /// The texts' keys.
    #[serde(skip_serializing_if = "is_default")]
    pub pem_keys: Vec<String>,
}

/// What the system trusts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemPool {}

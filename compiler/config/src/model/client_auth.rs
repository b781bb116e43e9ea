//! Certificates of clients.

use serde::{Deserialize, Serialize};

use super::{TrustPool, is_default, json};

/// What is asked of clients at the handshake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientAuthentication {
    /// By which certificates theirs are verified.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: Option<TrustPool>,
    /// The only certificates that clients may have, DER in Base64.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_leaf_certs: Vec<String>,
    /// What else is looked at.
    #[serde(skip_serializing_if = "is_default")]
    pub verifiers: Vec<ClientVerifier>,
    /// `request`, `require`, `verify_if_given` or `require_and_verify`; by what else is set when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: String,
}

/// What else is looked at in a client's certificate.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientVerifier {
    /// Whether it is one of some.
    Leaf(LeafVerifier),
}

json::modules!(ClientVerifier by "verifier" in "tls.client_auth.verifier" {
    Leaf(verifier) => "leaf",
});

/// Some certificates that clients may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeafVerifier {
    /// Where they come from.
    #[serde(skip_serializing_if = "is_default")]
    pub leaf_certs_loaders: Vec<LeafLoader>,
}

/// Where certificates of clients come from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LeafLoader {
    /// PEM files.
    File(LeafFiles),
    /// Folders of PEM files.
    Folder(LeafFolders),
    /// They stand in the configuration.
    Pem(LeafCertificates),
}

json::modules!(LeafLoader by "loader" in "tls.leaf_cert_loader" {
    File(loader) => "file",
    Folder(loader) => "folder",
    Pem(loader) => "pem",
});

/// PEM files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeafFiles {
    /// Their paths.
    #[serde(skip_serializing_if = "is_default")]
    pub files: Vec<String>,
}

/// Folders of PEM files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeafFolders {
    /// Their paths.
    #[serde(skip_serializing_if = "is_default")]
    pub folders: Vec<String>,
}

/// Certificates that stand in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeafCertificates {
    /// PEM texts.
    #[serde(skip_serializing_if = "is_default")]
    pub certificates: Vec<String>,
}

//! Certificates and handshakes.

use serde::{Deserialize, Serialize};

use super::{ClientAuthentication, Duration, Issuer, is_default, json};

/// All certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsApp {
    /// Certificates that are loaded.
    #[serde(skip_serializing_if = "is_default")]
    pub certificates: Certificates,
    /// Certificates that are obtained.
    #[serde(skip_serializing_if = "is_default")]
    pub automation: Option<TlsAutomation>,
    /// Whether loaded certificates go without a statement about their revocation.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_ocsp_stapling: bool,
    /// Whether the storage is not tried out at the start.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_storage_check: bool,
    /// Whether nothing is ever deleted from the storage.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_storage_clean: bool,
    /// Encrypted ClientHello.
    #[serde(skip_serializing_if = "is_default")]
    pub encrypted_client_hello: Option<EncryptedClientHello>,
    /// The name servers that are asked when names are proved.
    #[serde(skip_serializing_if = "is_default")]
    pub resolvers: Vec<String>,
}

/// Encrypted ClientHello: the name that is asked for is hidden behind another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EncryptedClientHello {
    /// The names that are shown.
    #[serde(skip_serializing_if = "is_default")]
    pub configs: Vec<EchName>,
}

/// A name that is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EchName {
    /// The name.
    pub public_name: String,
}

/// Where certificates come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificates {
    /// Names for which certificates are obtained although no route's host says so.
    #[serde(skip_serializing_if = "is_default")]
    pub automate: Vec<String>,
    /// Pairs of files.
    #[serde(skip_serializing_if = "is_default")]
    pub load_files: Vec<CertificateFiles>,
    /// Folders with PEM files that hold both certificate and key.
    #[serde(skip_serializing_if = "is_default")]
    pub load_folders: Vec<String>,
}

/// A certificate and its key, in PEM files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificateFiles {
    /// Path of the certificate chain.
    pub certificate: String,
    /// Path of the private key.
    pub key: String,
    /// By which connection policies choose it.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
}

/// How certificates are obtained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsAutomation {
    /// The rules; the first whose subjects match counts.
    #[serde(skip_serializing_if = "is_default")]
    pub policies: Vec<AutomationPolicy>,
    /// When certificates may be obtained at a handshake.
    #[serde(skip_serializing_if = "is_default")]
    pub on_demand: Option<OnDemand>,
    /// The time between two looks at statements about revocation.
    #[serde(skip_serializing_if = "is_default")]
    pub ocsp_interval: Duration,
    /// The time between two looks for certificates that are to be renewed.
    #[serde(skip_serializing_if = "is_default")]
    pub renew_interval: Duration,
    /// The time between two cleanings of the storage.
    #[serde(skip_serializing_if = "is_default")]
    pub storage_clean_interval: Duration,
}

/// When certificates may be obtained at a handshake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnDemand {
    /// Who is asked.
    #[serde(skip_serializing_if = "is_default")]
    pub permission: Option<Permission>,
}

/// Who is asked whether a certificate may be obtained.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Permission {
    /// An HTTP server.
    Http(HttpPermission),
}

json::modules!(Permission by "module" in "tls.permission" {
    Http(permission) => "http",
});

/// An HTTP server that says whether a certificate may be obtained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpPermission {
    /// The URL that the name is sent to.
    pub endpoint: String,
}

/// How the certificates of some names are obtained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutomationPolicy {
    /// The names; all when there are none.
    #[serde(skip_serializing_if = "is_default")]
    pub subjects: Vec<String>,
    /// Who signs, in order of preference; by the kind of name when there are none.
    #[serde(skip_serializing_if = "is_default")]
    pub issuers: Vec<Issuer>,
    /// Where certificates are fetched from at a handshake, before any is obtained.
    #[serde(rename = "get_certificate", skip_serializing_if = "is_default")]
    pub managers: Vec<CertificateManager>,
    /// The part of its life that a certificate has left when it is renewed; a third when 0.
    #[serde(serialize_with = "json::float", skip_serializing_if = "is_default")]
    pub renewal_window_ratio: f64,
    /// The kind of key.
    #[serde(skip_serializing_if = "is_default")]
    pub key_type: String,
    /// Obtained at the first handshake.
    #[serde(skip_serializing_if = "is_default")]
    pub on_demand: bool,
    /// Whether a renewed certificate has the key of the old one.
    #[serde(skip_serializing_if = "is_default")]
    pub reuse_private_keys: bool,
    /// Whether certificates go without a statement about their revocation.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_ocsp_stapling: bool,
}

/// Where certificates are fetched from at a handshake.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CertificateManager {
    /// An HTTP server.
    Http(HttpCertificates),
    /// The Tailscale service of this machine.
    Tailscale,
}

json::modules!(CertificateManager by "via" in "tls.get_certificate" {
    Http(manager) => "http",
    Tailscale => "tailscale",
});

/// An HTTP server that has certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpCertificates {
    /// Its URL.
    #[serde(skip_serializing_if = "is_default")]
    pub url: String,
}

/// How to shake hands with some clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionPolicy {
    /// For which clients; for all when none.
    #[serde(rename = "match", skip_serializing_if = "is_default")]
    pub matchers: Option<ConnectionMatcher>,
    /// Which of several certificates.
    #[serde(skip_serializing_if = "is_default")]
    pub certificate_selection: Option<CertificateSelection>,
    /// Cipher suites by IANA name, TLS 1.2 only.
    #[serde(skip_serializing_if = "is_default")]
    pub cipher_suites: Vec<String>,
    /// Key exchange groups.
    #[serde(skip_serializing_if = "is_default")]
    pub curves: Vec<String>,
    /// Application protocols.
    #[serde(skip_serializing_if = "is_default")]
    pub alpn: Vec<String>,
    /// The lowest version, `tls1.2` or `tls1.3`.
    #[serde(skip_serializing_if = "is_default")]
    pub protocol_min: String,
    /// The highest version.
    #[serde(skip_serializing_if = "is_default")]
    pub protocol_max: String,
    /// What is asked of clients.
    #[serde(skip_serializing_if = "is_default")]
    pub client_authentication: Option<ClientAuthentication>,
    /// The name that a client without one is taken to ask for.
    #[serde(skip_serializing_if = "is_default")]
    pub default_sni: String,
    /// The name to try when there is no certificate for the one asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub fallback_sni: String,
    /// The file that session keys are written to, so that captured traffic can be read.
    #[serde(skip_serializing_if = "is_default")]
    pub insecure_secrets_log: String,
}

impl ConnectionPolicy {
    /// Whether the policy changes nothing for the clients that it matches.
    #[must_use]
    pub fn settings_empty(&self) -> bool {
        is_default(&ConnectionPolicy {
            matchers: None,
            ..self.clone()
        })
    }
}

/// Which clients a connection policy is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionMatcher {
    /// Names that the client asks for; may hold `*` labels. The empty name is a client that asks for none.
    #[serde(skip_serializing_if = "is_default")]
    pub sni: Vec<String>,
}

/// Which of several certificates to use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificateSelection {
    /// One that has any of these tags.
    #[serde(skip_serializing_if = "is_default")]
    pub any_tag: Vec<String>,
}

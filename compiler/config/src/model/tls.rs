//! Certificates and handshakes.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Duration, is_default, json};

/// All certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TlsApp {
    /// Certificates that are loaded.
    #[serde(skip_serializing_if = "is_default")]
    pub certificates: Certificates,
    /// Certificates that are obtained.
    #[serde(skip_serializing_if = "is_default")]
    pub automation: Option<TlsAutomation>,
}

/// Where certificates come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Certificates {
    /// Names for which certificates are obtained although no route's host says so.
    #[serde(skip_serializing_if = "is_default")]
    pub automate: Vec<String>,
    /// Pairs of files.
    #[serde(skip_serializing_if = "is_default")]
    pub load_files: Vec<CertificateFiles>,
}

/// A certificate and its key, in PEM files.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TlsAutomation {
    /// The rules; the first whose subjects match counts.
    #[serde(skip_serializing_if = "is_default")]
    pub policies: Vec<AutomationPolicy>,
}

/// How the certificates of some names are obtained.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AutomationPolicy {
    /// The names; all when there are none.
    #[serde(skip_serializing_if = "is_default")]
    pub subjects: Vec<String>,
    /// Who signs, in order of preference; by the kind of name when there are none.
    #[serde(skip_serializing_if = "is_default")]
    pub issuers: Vec<Issuer>,
    /// The kind of key.
    #[serde(skip_serializing_if = "is_default")]
    pub key_type: String,
    /// Obtained at the first handshake.
    #[serde(skip_serializing_if = "is_default")]
    pub on_demand: bool,
}

/// Who signs certificates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Issuer {
    /// An ACME server.
    Acme(AcmeIssuer),
    /// The local certificate authority.
    Internal(InternalIssuer),
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = match self {
            Issuer::Acme(issuer) => json::module("module", "acme", issuer),
            Issuer::Internal(issuer) => json::module("module", "internal", issuer),
        };
        object
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// An ACME server and an account there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AcmeIssuer {
    /// The server's directory; Let's Encrypt when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: String,
    /// The account's contact.
    #[serde(skip_serializing_if = "is_default")]
    pub email: String,
    /// An account that exists elsewhere.
    #[serde(skip_serializing_if = "is_default")]
    pub external_account: Option<ExternalAccount>,
    /// How names are proved.
    #[serde(skip_serializing_if = "is_default")]
    pub challenges: Option<Challenges>,
    /// Roots by which the server itself is verified.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_roots_pem_files: Vec<String>,
}

/// External account binding (RFC 8555 §7.3.4).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExternalAccount {
    /// The key's identifier.
    #[serde(skip_serializing_if = "is_default")]
    pub key_id: String,
    /// The key.
    #[serde(skip_serializing_if = "is_default")]
    pub mac_key: String,
}

/// How names are proved to an ACME server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Challenges {
    /// HTTP-01.
    #[serde(skip_serializing_if = "is_default")]
    pub http: Option<ChallengePort>,
    /// TLS-ALPN-01.
    #[serde(rename = "tls-alpn", skip_serializing_if = "is_default")]
    pub tls_alpn: Option<ChallengePort>,
    /// The address to listen on for them.
    #[serde(skip_serializing_if = "is_default")]
    pub bind_host: String,
}

/// The port of a challenge.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChallengePort {
    /// Used inside this machine instead of the standard port.
    #[serde(skip_serializing_if = "is_default")]
    pub alternate_port: u16,
}

/// The local certificate authority as issuer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InternalIssuer {
    /// Which local authority; `local` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: String,
    /// How long a certificate is valid; 12 h when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub lifetime: Duration,
    /// Signed by the root itself.
    #[serde(skip_serializing_if = "is_default")]
    pub sign_with_root: bool,
}

/// How to shake hands with some clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// The name that a client without one is taken to ask for.
    #[serde(skip_serializing_if = "is_default")]
    pub default_sni: String,
    /// The name to try when there is no certificate for the one asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub fallback_sni: String,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ConnectionMatcher {
    /// Names that the client asks for; may hold `*` labels. The empty name is a client that asks for none.
    #[serde(skip_serializing_if = "is_default")]
    pub sni: Vec<String>,
}

/// Which of several certificates to use.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CertificateSelection {
    /// One that has any of these tags.
    #[serde(skip_serializing_if = "is_default")]
    pub any_tag: Vec<String>,
}

/// The local certificate authorities.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PkiApp {
    /// The authorities by name.
    #[serde(skip_serializing_if = "is_default")]
    pub certificate_authorities: BTreeMap<String, CertificateAuthority>,
}

/// A local certificate authority.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CertificateAuthority {
    /// Whether the root is put into the system's trust store. A built server never does that by itself.
    #[serde(skip_serializing_if = "is_default")]
    pub install_trust: Option<bool>,
}

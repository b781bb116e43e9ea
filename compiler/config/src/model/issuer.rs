//! Who signs certificates, and local authorities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Duration, is_default, json};

/// Who signs certificates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Issuer {
    /// An ACME server.
    Acme(Box<AcmeIssuer>),
    /// The local certificate authority.
    Internal(InternalIssuer),
    /// ZeroSSL by its own interface.
    Zerossl(ZerosslIssuer),
}

json::modules!(Issuer by "module" in "tls.issuance" {
    Acme(issuer) => "acme",
    Internal(issuer) => "internal",
    Zerossl(issuer) => "zerossl",
});

/// An ACME server and an account there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmeIssuer {
    /// The server's directory; Let's Encrypt when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: String,
    /// The directory for trying again after a failure.
    #[serde(skip_serializing_if = "is_default")]
    pub test_ca: String,
    /// The account's contact.
    #[serde(skip_serializing_if = "is_default")]
    pub email: String,
    /// The kind of certificate, as the server names it.
    #[serde(skip_serializing_if = "is_default")]
    pub profile: String,
    /// An account that exists elsewhere.
    #[serde(skip_serializing_if = "is_default")]
    pub external_account: Option<ExternalAccount>,
    /// The time for one order.
    #[serde(skip_serializing_if = "is_default")]
    pub acme_timeout: Duration,
    /// How names are proved.
    #[serde(skip_serializing_if = "is_default")]
    pub challenges: Option<Challenges>,
    /// Roots by which the server itself is verified.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_roots_pem_files: Vec<String>,
    /// Which of several chains.
    #[serde(skip_serializing_if = "is_default")]
    pub preferred_chains: Option<PreferredChains>,
    /// How long a certificate is to be valid.
    #[serde(skip_serializing_if = "is_default")]
    pub certificate_lifetime: Duration,
}

/// External account binding (RFC 8555 §7.3.4).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalAccount {
    /// The key's identifier.
    #[serde(skip_serializing_if = "is_default")]
    pub key_id: String,
    /// The key.
    #[serde(skip_serializing_if = "is_default")]
    pub mac_key: String,
}

/// Which of several chains of certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferredChains {
    /// The one with the fewest bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub smallest: Option<bool>,
    /// The first whose root has one of these names.
    #[serde(skip_serializing_if = "is_default")]
    pub root_common_name: Vec<String>,
    /// The first in which any certificate has one of these names.
    #[serde(skip_serializing_if = "is_default")]
    pub any_common_name: Vec<String>,
}

/// How names are proved to an ACME server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Challenges {
    /// HTTP-01.
    #[serde(skip_serializing_if = "is_default")]
    pub http: Option<PortChallenge>,
    /// TLS-ALPN-01.
    #[serde(rename = "tls-alpn", skip_serializing_if = "is_default")]
    pub tls_alpn: Option<PortChallenge>,
    /// DNS-01; where there is any, the others are not used.
    #[serde(skip_serializing_if = "is_default")]
    pub dns: Option<DnsChallenge>,
    /// The address to listen on for them.
    #[serde(skip_serializing_if = "is_default")]
    pub bind_host: String,
    /// Whether servers that share a storage solve challenges for each other; yes when none.
    #[serde(skip_serializing_if = "is_default")]
    pub distributed: Option<bool>,
}

/// A challenge that is answered on a port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortChallenge {
    /// Never used.
    #[serde(skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// Used inside this machine instead of the standard port.
    #[serde(skip_serializing_if = "is_default")]
    pub alternate_port: u16,
}

/// A challenge that is answered by a DNS record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DnsChallenge {
    /// How long the record may be kept by others.
    #[serde(skip_serializing_if = "is_default")]
    pub ttl: Duration,
    /// The time before the first look whether others see the record.
    #[serde(skip_serializing_if = "is_default")]
    pub propagation_delay: Duration,
    /// The time that this may take; -1 for no looks.
    #[serde(skip_serializing_if = "is_default")]
    pub propagation_timeout: Duration,
    /// The name servers that are asked.
    #[serde(skip_serializing_if = "is_default")]
    pub resolvers: Vec<String>,
    /// The name of the record.
    #[serde(skip_serializing_if = "is_default")]
    pub override_domain: String,
}

/// ZeroSSL and a key for its own interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ZerosslIssuer {
    /// The key.
    #[serde(skip_serializing_if = "is_default")]
    pub api_key: String,
    /// How many days a certificate is to be valid.
    #[serde(skip_serializing_if = "is_default")]
    pub validity_days: i64,
    /// The port that proves names, inside this machine.
    #[serde(skip_serializing_if = "is_default")]
    pub alternate_http_port: u16,
    /// Names are proved by a DNS record.
    #[serde(skip_serializing_if = "is_default")]
    pub cname_validation: Option<DnsChallenge>,
}

/// The local certificate authority as issuer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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

/// The local certificate authorities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PkiApp {
    /// The authorities by name.
    #[serde(skip_serializing_if = "is_default")]
    pub certificate_authorities: BTreeMap<String, CertificateAuthority>,
}

/// A local certificate authority.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificateAuthority {
    /// Its name for people.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The name in its root certificate.
    #[serde(skip_serializing_if = "is_default")]
    pub root_common_name: String,
    /// The name in its intermediate certificate.
    #[serde(skip_serializing_if = "is_default")]
    pub intermediate_common_name: String,
    /// How long an intermediate certificate is valid.
    #[serde(skip_serializing_if = "is_default")]
    pub intermediate_lifetime: Duration,
    /// Whether the root is put into the system's trust store. A built server never does that by itself.
    #[serde(skip_serializing_if = "is_default")]
    pub install_trust: Option<bool>,
    /// A root that exists already.
    #[serde(skip_serializing_if = "is_default")]
    pub root: Option<KeyPair>,
    /// An intermediate certificate that exists already.
    #[serde(skip_serializing_if = "is_default")]
    pub intermediate: Option<KeyPair>,
    /// The time between two looks for certificates that are to be renewed.
    #[serde(skip_serializing_if = "is_default")]
    pub maintenance_interval: Duration,
    /// The part of its life that the intermediate certificate has left when it is renewed.
    #[serde(serialize_with = "json::float", skip_serializing_if = "is_default")]
    pub renewal_window_ratio: f64,
}

/// A certificate and its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyPair {
    /// The certificate, by default the path of a PEM file.
    #[serde(skip_serializing_if = "is_default")]
    pub certificate: String,
    /// The key.
    #[serde(skip_serializing_if = "is_default")]
    pub private_key: String,
    /// What the two are; `pem_file` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub format: String,
}

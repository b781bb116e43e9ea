//! The local authority as an ACME server.

use serde::{Deserialize, Serialize};

use super::{Duration, Origin, is_default};

/// Lets others get certificates from a local authority by ACME.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmeServer {
    /// The authority; `local` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: String,
    /// How long its certificates are valid.
    #[serde(skip_serializing_if = "is_default")]
    pub lifetime: Duration,
    /// The host under which it is reached; that of the request when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub host: String,
    /// What its paths begin with.
    #[serde(skip_serializing_if = "is_default")]
    pub path_prefix: String,
    /// Whether the root itself signs.
    #[serde(skip_serializing_if = "is_default")]
    pub sign_with_root: bool,
    /// The name servers that are asked when names are proved.
    #[serde(skip_serializing_if = "is_default")]
    pub resolvers: Vec<String>,
    /// How names can be proved; in every way when none.
    #[serde(skip_serializing_if = "is_default")]
    pub challenges: Vec<String>,
    /// Which names get certificates.
    #[serde(skip_serializing_if = "is_default")]
    pub policy: Option<AcmePolicy>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Which names get certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmePolicy {
    /// Only these.
    #[serde(skip_serializing_if = "is_default")]
    pub allow: Option<AcmeRules>,
    /// Not these.
    #[serde(skip_serializing_if = "is_default")]
    pub deny: Option<AcmeRules>,
    /// Also names with a star.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_wildcard_names: bool,
}

/// Some names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmeRules {
    /// Domains.
    #[serde(skip_serializing_if = "is_default")]
    pub domains: Vec<String>,
    /// Ranges of addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub ip_ranges: Vec<String>,
}

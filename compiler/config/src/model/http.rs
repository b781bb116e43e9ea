//! The HTTP application and routes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Duration, Handler, MatcherSet, Metrics, Origin, Server, is_default};

/// All HTTP servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpApp {
    /// The port that stands for plain HTTP, 80 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub http_port: u16,
    /// The port that stands for HTTPS, 443 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub https_port: u16,
    /// How long connections may finish at shutdown; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub grace_period: Duration,
    /// How long the server goes on as before after it was told to stop.
    #[serde(skip_serializing_if = "is_default")]
    pub shutdown_delay: Duration,
    /// The servers by name: `srv0`, `srv1`, …
    #[serde(skip_serializing_if = "is_default")]
    pub servers: BTreeMap<String, Server>,
    /// What is counted.
    #[serde(skip_serializing_if = "is_default")]
    pub metrics: Option<Metrics>,
}

/// The routes that run after an error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorRoutes {
    /// The routes, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
}

/// Handlers with the condition under which they run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// Of the routes of one group in one list only the first that matches runs. No group when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub group: String,
    /// The route runs when any set matches, or when there is none.
    #[serde(rename = "match", skip_serializing_if = "is_default")]
    pub matchers: Vec<MatcherSet>,
    /// What runs, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub handle: Vec<Handler>,
    /// Whether no later route of the list runs after this one.
    #[serde(skip_serializing_if = "is_default")]
    pub terminal: bool,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// What automatic HTTPS leaves undone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoHttps {
    /// No certificates, no redirects.
    #[serde(rename = "disable", skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// No redirects from HTTP to HTTPS.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_redirects: bool,
    /// No certificates are obtained.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_certificates: bool,
    /// Hosts that are served over plain HTTP on purpose.
    #[serde(skip_serializing_if = "is_default")]
    pub skip: Vec<String>,
    /// Obtain a certificate even for names that a loaded one covers.
    #[serde(skip_serializing_if = "is_default")]
    pub ignore_loaded_certificates: bool,
}

//! The whole configuration and its small parts.

use serde::{Deserialize, Serialize};

use crate::json::Places;

use super::{HttpApp, Logging, PkiApp, TlsApp, is_default, json};

/// What a Caddyfile says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Caddy's administration endpoint. A built server has none.
    #[serde(skip_serializing_if = "is_default")]
    pub admin: Option<Admin>,
    /// Loggers.
    #[serde(skip_serializing_if = "is_default")]
    pub logging: Option<Logging>,
    /// Where certificates are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub storage: Option<Storage>,
    /// What is to be served.
    #[serde(skip_serializing_if = "is_default")]
    pub apps: Apps,
    /// Where its parts stand, when it was read from JSON to become a site.
    #[serde(skip)]
    pub places: Places,
}

/// The applications, in alphabetical order as they are printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename(deserialize = "@"))]
pub struct Apps {
    /// Events, which only plugins handle.
    #[serde(skip_serializing_if = "is_default")]
    pub events: Option<EventsApp>,
    /// The HTTP servers.
    #[serde(skip_serializing_if = "is_default")]
    pub http: Option<HttpApp>,
    /// Local certificate authorities.
    #[serde(skip_serializing_if = "is_default")]
    pub pki: Option<PkiApp>,
    /// Certificates.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: Option<TlsApp>,
}

/// Handlers of events. All are plugins, so there is never one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventsApp {}

/// The `admin` option.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Admin {
    /// `admin off`.
    #[serde(skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// The address to listen on.
    #[serde(skip_serializing_if = "is_default")]
    pub listen: String,
    /// Whether requests must come from a listed origin.
    #[serde(skip_serializing_if = "is_default")]
    pub enforce_origin: bool,
    /// The origins.
    #[serde(skip_serializing_if = "is_default")]
    pub origins: Vec<String>,
    /// Keeping of the configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub config: Option<AdminConfig>,
}

/// Whether the running configuration is saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminConfig {
    /// `persist_config off` makes it false.
    #[serde(skip_serializing_if = "is_default")]
    pub persist: Option<bool>,
}

json::tagged! {
    "Storage" as "@module caddy.storage";
    /// Where certificates and keys are kept.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(tag = "module", rename_all = "snake_case")]
    #[non_exhaustive]
    pub enum Storage {
        /// A folder.
        FileSystem {
            /// The folder's path; the default folder when empty.
            #[serde(default, skip_serializing_if = "is_default")]
            root: String,
        },
    }
}

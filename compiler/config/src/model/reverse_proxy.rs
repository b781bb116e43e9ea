//! Proxying.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::values::network;

use super::{
    Duration, DynamicUpstreams, Headers, HealthChecks, LoadBalancing, Origin, ResponseHandler,
    Rewrite, Transport, is_default,
};

/// The `reverse_proxy` handler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReverseProxy {
    /// How to talk to upstreams; plain HTTP with the defaults when none.
    #[serde(skip_serializing_if = "is_default")]
    pub transport: Option<Transport>,
    /// Which upstream is chosen, and how often it is tried again.
    #[serde(skip_serializing_if = "is_default")]
    pub load_balancing: Option<LoadBalancing>,
    /// Which upstreams count as healthy.
    #[serde(skip_serializing_if = "is_default")]
    pub health_checks: Option<HealthChecks>,
    /// The servers to talk to.
    #[serde(skip_serializing_if = "is_default")]
    pub upstreams: Vec<Upstream>,
    /// Servers that are looked up while requests come in.
    #[serde(skip_serializing_if = "is_default")]
    pub dynamic_upstreams: Option<DynamicUpstreams>,
    /// How often what was written is sent on; at once when negative.
    #[serde(skip_serializing_if = "is_default")]
    pub flush_interval: Duration,
    /// Proxies whose `X-Forwarded-*` fields are believed, as addresses and ranges.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_proxies: Vec<String>,
    /// Changes to the requests and responses that pass.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: Option<Headers>,
    /// How much of a request's body is read before the upstream is asked; all of it when negative.
    #[serde(skip_serializing_if = "is_default")]
    pub request_buffers: i64,
    /// How much of a response's body is read before the client gets any; all of it when negative.
    #[serde(skip_serializing_if = "is_default")]
    pub response_buffers: i64,
    /// How long an upgraded connection may last.
    #[serde(skip_serializing_if = "is_default")]
    pub stream_timeout: Duration,
    /// The size of the buffers of upgraded connections.
    #[serde(skip_serializing_if = "is_default")]
    pub stream_buffer_size: i64,
    /// How long upgraded connections outlive the configuration that made them.
    #[serde(skip_serializing_if = "is_default")]
    pub stream_close_delay: Duration,
    /// Changes to the request that only the upstream sees.
    #[serde(skip_serializing_if = "is_default")]
    pub rewrite: Option<Rewrite>,
    /// What to do with certain responses instead of passing them on.
    #[serde(skip_serializing_if = "is_default")]
    pub handle_response: Vec<ResponseHandler>,
    /// Whether details of every attempt are logged.
    #[serde(skip_serializing_if = "is_default")]
    pub verbose_logs: bool,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// One server to talk to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its address.
    pub dial: Dial,
    /// How many requests it may have at a time; any number when 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_requests: i64,
    /// The argument.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Dial {
    /// A host (name or address without brackets, may be empty for this machine) and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// The socket's path.
        path: String,
    },
    /// Any other network with its address, such as `tcp4/127.0.0.1:80` or `fd/3`.
    Network(String),
    /// A text with placeholders that is `host:port` at run time.
    Template(String),
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dial::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Dial::Tcp { host, port } => write!(f, "{host}:{port}"),
            Dial::Unix { path } => write!(f, "unix/{path}"),
            Dial::Network(text) | Dial::Template(text) => f.write_str(text),
        }
    }
}

impl Serialize for Dial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        network::dial(&text).map_err(serde::de::Error::custom)
    }
}

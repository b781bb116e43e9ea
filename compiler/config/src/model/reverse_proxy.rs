//! Proxying.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Duration, Headers, Origin, is_default, json};

/// The `reverse_proxy` handler.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReverseProxy {
    /// How to talk to upstreams; plain HTTP with the defaults when none.
    #[serde(skip_serializing_if = "is_default")]
    pub transport: Option<Transport>,
    /// The servers to talk to.
    #[serde(skip_serializing_if = "is_default")]
    pub upstreams: Vec<Upstream>,
    /// Changes to the requests and responses that pass.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: Option<Headers>,
    /// The directive.
    #[serde(skip)]
    pub origin: Origin,
}

/// How to talk to upstreams.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP, over TLS or not.
    Http(HttpTransport),
}

impl Serialize for Transport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = match self {
            Transport::Http(transport) => json::module("protocol", "http", transport),
        };
        object
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// HTTP to upstreams.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HttpTransport {
    /// TLS to the upstream, when there is some.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: Option<UpstreamTls>,
    /// How long connecting may take; 3 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_timeout: Duration,
    /// How long the response head may take after the request was written; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub response_header_timeout: Duration,
    /// How long one read may take; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub read_timeout: Duration,
    /// How long one write may take; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub write_timeout: Duration,
}

/// TLS to an upstream.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UpstreamTls {
    /// Accept any certificate.
    #[serde(skip_serializing_if = "is_default")]
    pub insecure_skip_verify: bool,
    /// How long the handshake may take; 10 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub handshake_timeout: Duration,
    /// The name to ask for and to verify; the upstream's host when empty. May hold placeholders.
    #[serde(skip_serializing_if = "is_default")]
    pub server_name: String,
}

/// One server to talk to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Upstream {
    /// Its address.
    pub dial: Dial,
    /// The argument.
    #[serde(skip)]
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
    /// A text with placeholders that is `host:port` at run time.
    Template(String),
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dial::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Dial::Tcp { host, port } => write!(f, "{host}:{port}"),
            Dial::Unix { path } => write!(f, "unix/{path}"),
            Dial::Template(text) => f.write_str(text),
        }
    }
}

impl Serialize for Dial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

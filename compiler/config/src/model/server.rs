//! One HTTP server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    AutoHttps, ConnectionPolicy, Duration, ErrorRoutes, ListenAddress, Route, is_default, json,
};

/// One set of listeners with the routes that they share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Server {
    /// The addresses to listen on.
    #[serde(skip_serializing_if = "is_default")]
    pub listen: Vec<ListenAddress>,
    /// What connections go through before anything is read from them, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub listener_wrappers: Vec<ListenerWrapper>,
    /// The time for reading a request with its body.
    #[serde(skip_serializing_if = "is_default")]
    pub read_timeout: Duration,
    /// The time for reading the head of a request.
    #[serde(skip_serializing_if = "is_default")]
    pub read_header_timeout: Duration,
    /// The time without progress in a request's body.
    #[serde(skip_serializing_if = "is_default")]
    pub read_idle_timeout: Duration,
    /// The bytes per second that count as progress there.
    #[serde(skip_serializing_if = "is_default")]
    pub read_min_rate: i64,
    /// The time for writing a response.
    #[serde(skip_serializing_if = "is_default")]
    pub write_timeout: Duration,
    /// The time without progress in writing a response.
    #[serde(skip_serializing_if = "is_default")]
    pub write_idle_timeout: Duration,
    /// The bytes per second that count as progress there.
    #[serde(skip_serializing_if = "is_default")]
    pub write_min_rate: i64,
    /// The most bytes that are written at a time.
    #[serde(skip_serializing_if = "is_default")]
    pub max_write_chunk: i64,
    /// The time that a connection waits for its next request.
    #[serde(skip_serializing_if = "is_default")]
    pub idle_timeout: Duration,
    /// The time between TCP keep-alive probes.
    #[serde(skip_serializing_if = "is_default")]
    pub keepalive_interval: Duration,
    /// The time without traffic before the first probe.
    #[serde(skip_serializing_if = "is_default")]
    pub keepalive_idle: Duration,
    /// How many probes may stay without answer.
    #[serde(skip_serializing_if = "is_default")]
    pub keepalive_count: i64,
    /// The most bytes of a request's head.
    #[serde(skip_serializing_if = "is_default")]
    pub max_header_bytes: i64,
    /// Whether an HTTP/1 response may begin before the request's body is read.
    #[serde(skip_serializing_if = "is_default")]
    pub enable_full_duplex: bool,
    /// Fields with an underscore that are let through.
    #[serde(skip_serializing_if = "is_default")]
    pub expected_underscore_headers: Vec<String>,
    /// Fields with a dot that are let through.
    #[serde(skip_serializing_if = "is_default")]
    pub expected_dot_headers: Vec<String>,
    /// What to do with a request, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
    /// What to do when a handler fails.
    #[serde(skip_serializing_if = "is_default")]
    pub errors: Option<ErrorRoutes>,
    /// Routes that `invoke` runs.
    #[serde(skip_serializing_if = "is_default")]
    pub named_routes: BTreeMap<String, Route>,
    /// How to shake hands, first match wins. A server that has any speaks TLS.
    #[serde(skip_serializing_if = "is_default")]
    pub tls_connection_policies: Vec<ConnectionPolicy>,
    /// Changes to automatic HTTPS.
    #[serde(skip_serializing_if = "is_default")]
    pub automatic_https: Option<AutoHttps>,
    /// Whether the host of a request must be the name of the handshake; by client authentication when none.
    #[serde(skip_serializing_if = "is_default")]
    pub strict_sni_host: Option<bool>,
    /// Who may say what the client's address is.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_proxies: Option<IpSource>,
    /// The fields that say what the client's address is, in order of preference.
    #[serde(skip_serializing_if = "is_default")]
    pub client_ip_headers: Vec<String>,
    /// Not 0: such a field is read from the right.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_proxies_strict: i64,
    /// Whether peers on Unix sockets are trusted proxies.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_proxies_unix: bool,
    /// Which requests are logged, and where.
    #[serde(skip_serializing_if = "is_default")]
    pub logs: Option<ServerLogs>,
    /// The protocols: `h1`, `h2`, `h2c`, `h3`; all but `h2c` when none.
    #[serde(skip_serializing_if = "is_default")]
    pub protocols: Vec<String>,
    /// The protocols of each listener; those of the server where none.
    #[serde(skip_serializing_if = "is_default")]
    pub listen_protocols: Vec<Option<Vec<String>>>,
    /// Whether HTTP/3 takes early data; yes when none.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_0rtt: Option<bool>,
}

/// What connections go through before anything is read from them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ListenerWrapper {
    /// Plain HTTP on a port for HTTPS is answered with a redirect.
    HttpRedirect,
    /// The PROXY protocol.
    ProxyProtocol(ProxyProtocolWrapper),
    /// The place of TLS among the wrappers.
    Tls,
}

json::modules!(ListenerWrapper by "wrapper" in "caddy.listeners" {
    HttpRedirect => "http_redirect",
    ProxyProtocol(wrapper) => "proxy_protocol",
    Tls => "tls",
});

/// How the PROXY protocol is taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyProtocolWrapper {
    /// The time for its header.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: Duration,
    /// Whose header is believed.
    #[serde(skip_serializing_if = "is_default")]
    pub allow: Vec<String>,
    /// Who is refused.
    #[serde(skip_serializing_if = "is_default")]
    pub deny: Vec<String>,
    /// What becomes of others.
    #[serde(skip_serializing_if = "is_default")]
    pub fallback_policy: Option<ProxyProtocolPolicy>,
}

/// What becomes of a PROXY protocol header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProxyProtocolPolicy {
    /// It is read and believed.
    Use,
    /// A connection that has one is refused.
    Reject,
    /// A connection that has none is refused.
    Require,
    /// None is looked for.
    Skip,
}

/// Ranges of addresses from somewhere.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum IpSource {
    /// A fixed list.
    Static(StaticIpRanges),
}

json::modules!(IpSource by "source" in "http.ip_sources" {
    Static(ranges) => "static",
});

/// A fixed list of ranges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StaticIpRanges {
    /// Addresses and CIDR ranges.
    #[serde(skip_serializing_if = "is_default")]
    pub ranges: Vec<String>,
}

/// Which requests of a server are logged, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerLogs {
    /// The logger for hosts without one of their own.
    #[serde(skip_serializing_if = "is_default")]
    pub default_logger_name: String,
    /// The loggers by host.
    #[serde(skip_serializing_if = "is_default")]
    pub logger_names: BTreeMap<String, Vec<String>>,
    /// Hosts whose requests are not logged.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_hosts: Vec<String>,
    /// Whether requests for hosts without a logger of their own are not logged.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_unmapped_hosts: bool,
    /// Whether fields with secrets are logged as they are.
    #[serde(skip_serializing_if = "is_default")]
    pub should_log_credentials: bool,
    /// Whether every handler that runs is logged.
    #[serde(skip_serializing_if = "is_default")]
    pub trace: bool,
}

/// What is counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// For every host by itself.
    #[serde(skip_serializing_if = "is_default")]
    pub per_host: bool,
    /// Also for hosts that no site names.
    #[serde(skip_serializing_if = "is_default")]
    pub observe_catchall_hosts: bool,
    /// Whether the counts are sent by OpenTelemetry.
    #[serde(skip_serializing_if = "is_default")]
    pub otlp: bool,
}

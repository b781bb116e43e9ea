//! How a proxy talks to its upstreams.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::{Duration, TrustPool, is_default, json};

/// How to talk to upstreams.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// FastCGI.
    FastCgi(FastCgiTransport),
    /// HTTP, over TLS or not.
    Http(Box<HttpTransport>),
}

impl Serialize for Transport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = match self {
            Transport::FastCgi(transport) => json::module("protocol", "fastcgi", transport),
            Transport::Http(transport) => json::module("protocol", "http", transport),
        };
        object
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

json::read_modules!(Transport by "protocol" in "http.reverse_proxy.transport" {
    FastCgi(value) => "fastcgi",
    Http(value) => "http",
});

/// FastCGI to upstreams.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FastCgiTransport {
    /// The folder of the scripts; the variable `root` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub root: String,
    /// Where a path is split into script and rest: behind the first of these texts.
    #[serde(skip_serializing_if = "is_default")]
    pub split_path: Vec<String>,
    /// Whether the root is named with its symbolic links followed.
    #[serde(skip_serializing_if = "is_default")]
    pub resolve_root_symlink: bool,
    /// More variables for the scripts.
    #[serde(skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, String>,
    /// How long connecting may take; 3 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_timeout: Duration,
    /// How long one read may take; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub read_timeout: Duration,
    /// How long one write may take; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub write_timeout: Duration,
    /// Whether what a script writes to its error stream is logged.
    #[serde(skip_serializing_if = "is_default")]
    pub capture_stderr: bool,
}

/// HTTP to upstreams.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpTransport {
    /// Name servers of its own.
    #[serde(skip_serializing_if = "is_default")]
    pub resolver: Option<Resolver>,
    /// TLS to the upstream, when there is some.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: Option<UpstreamTls>,
    /// How connections are kept for later requests.
    #[serde(skip_serializing_if = "is_default")]
    pub keep_alive: Option<KeepAlive>,
    /// Whether compressed responses are asked for; so when none.
    #[serde(skip_serializing_if = "is_default")]
    pub compression: Option<bool>,
    /// How many connections to one host there may be; any number when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub max_conns_per_host: i64,
    /// The version of the PROXY protocol to begin connections with, `v1` or `v2`; none when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub proxy_protocol: String,
    /// The address of a proxy on the way, as older configurations have it.
    #[serde(skip_serializing_if = "is_default")]
    pub forward_proxy_url: String,
    /// How long connecting may take; 3 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_timeout: Duration,
    /// How long to wait for one kind of addresses before the other is tried.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_fallback_delay: Duration,
    /// How long the response head may take after the request was written; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub response_header_timeout: Duration,
    /// How long to wait for leave to send a body.
    #[serde(skip_serializing_if = "is_default")]
    pub expect_continue_timeout: Duration,
    /// How large a response head may be.
    #[serde(skip_serializing_if = "is_default")]
    pub max_response_header_size: i64,
    /// The size of the buffer for writing.
    #[serde(skip_serializing_if = "is_default")]
    pub write_buffer_size: i64,
    /// The size of the buffer for reading.
    #[serde(skip_serializing_if = "is_default")]
    pub read_buffer_size: i64,
    /// How long one read may take; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub read_timeout: Duration,
    /// How long one write may take; without limit when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub write_timeout: Duration,
    /// The versions of HTTP to use: `1.1`, `2`, `h2c`, `3`.
    #[serde(skip_serializing_if = "is_default")]
    pub versions: Vec<String>,
    /// The address of this machine to connect from.
    #[serde(skip_serializing_if = "is_default")]
    pub local_address: String,
    /// The proxy on the way to the upstream; what the environment says when none.
    #[serde(skip_serializing_if = "is_default")]
    pub network_proxy: Option<NetworkProxy>,
}

/// Name servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resolver {
    /// Their addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub addresses: Vec<String>,
}

/// How connections are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeepAlive {
    /// Whether they are kept at all; so when none.
    #[serde(skip_serializing_if = "is_default")]
    pub enabled: Option<bool>,
    /// How often the system asks whether the other side is still there; 30 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub probe_interval: Duration,
    /// How many idle ones are kept; any number when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub max_idle_conns: i64,
    /// How many idle ones are kept for each host; 32 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub max_idle_conns_per_host: i64,
    /// How long an idle one is kept; 2 min when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub idle_timeout: Duration,
}

json::tagged! {
    "NetworkProxy" as "@from caddy.network_proxy";
    /// The proxy on the way to an upstream.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(tag = "from", rename_all = "snake_case")]
    #[non_exhaustive]
    pub enum NetworkProxy {
        /// No proxy, whatever the environment says.
        None,
        /// The proxy of that address.
        Url {
            /// The address, which may hold placeholders.
            url: String,
        },
    }
}

/// TLS to an upstream, or to another server that is asked for something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpstreamTls {
    /// By what the server's certificate is verified; by what the system trusts when none.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: Option<TrustPool>,
    /// Certificates in Base64 by which it is verified, as older configurations have them.
    #[serde(skip_serializing_if = "is_default")]
    pub root_ca_pool: Vec<String>,
    /// PEM files by which it is verified, as older configurations have them.
    #[serde(skip_serializing_if = "is_default")]
    pub root_ca_pem_files: Vec<String>,
    /// The file of the certificate that is shown to the server.
    #[serde(skip_serializing_if = "is_default")]
    pub client_certificate_file: String,
    /// The file of its key.
    #[serde(skip_serializing_if = "is_default")]
    pub client_certificate_key_file: String,
    /// Or the name of a managed certificate to show.
    #[serde(skip_serializing_if = "is_default")]
    pub client_certificate_automate: String,
    /// Accept any certificate.
    #[serde(skip_serializing_if = "is_default")]
    pub insecure_skip_verify: bool,
    /// How long the handshake may take; 10 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub handshake_timeout: Duration,
    /// The name to ask for and to verify; the upstream's host when empty. May hold placeholders.
    #[serde(skip_serializing_if = "is_default")]
    pub server_name: String,
    /// How far the server may ask for another handshake: `never`, `once` or `freely`.
    #[serde(skip_serializing_if = "is_default")]
    pub renegotiation: String,
    /// Ports to which there is no TLS.
    #[serde(skip_serializing_if = "is_default")]
    pub except_ports: Vec<String>,
    /// The elliptic curves to offer.
    #[serde(skip_serializing_if = "is_default")]
    pub curves: Vec<String>,
}

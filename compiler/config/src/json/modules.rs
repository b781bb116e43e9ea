//! The modules that Caddy has without plugins, by which an unknown name is told apart: a slip, something that is not
//! supported yet, or a module of a third party.

use zs_diagnostics::{codes, nearest};

use super::problem::Problem;
use crate::support::SERVE_WITH_CADDY;
use crate::third_party::{Place, describe};

/// What is wrong with a module of a name that the model does not have. The root's modules have no namespace.
pub(super) fn unknown(namespace: &str, name: &str) -> Problem {
    let mut siblings = STANDARD
        .iter()
        .filter(|(space, _)| *space == namespace)
        .flat_map(|(_, names)| names.iter().copied());
    let full = match namespace {
        "" => name.to_owned(),
        namespace => format!("{namespace}.{name}"),
    };
    if siblings.clone().any(|sibling| sibling == name) {
        let message = format!("module `{full}` is not supported yet");
        return Problem::new(codes::UNSUPPORTED, message).help(SERVE_WITH_CADDY);
    }
    let place = PLACES.iter().find(|(space, _)| *space == namespace);
    if let Some((message, help)) = place.and_then(|(_, place)| describe(*place, name)) {
        return Problem::new(codes::THIRD_PARTY_MODULE, message).help(help);
    }
    let problem = Problem::new(
        codes::UNKNOWN_MODULE,
        format!("`{full}` is no module of Caddy's own"),
    );
    match nearest(name, &mut siblings) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("modules of third parties cannot be built into a site"),
    }
}

/// Where the words of a Caddyfile stand that become modules of a namespace, which are of the same names.
const PLACES: &[(&str, Place)] = &[
    ("", Place::Option),
    ("caddy.logging.encoders", Place::LogFormat),
    ("caddy.storage", Place::Storage),
    ("http.encoders", Place::Encoding),
    ("http.handlers", Place::Directive),
    ("http.ip_sources", Place::IpSource),
    ("http.matchers", Place::Matcher),
    ("http.reverse_proxy.transport", Place::Transport),
];

/// Caddy's modules by namespace.
const STANDARD: &[(&str, &[&str])] = &[
    ("", &["events", "http", "pki", "tls"]),
    ("caddy.config_loaders", &["http"]),
    (
        "caddy.listeners",
        &["http_redirect", "proxy_protocol", "tls"],
    ),
    (
        "caddy.logging.encoders",
        &["append", "console", "filter", "journald", "json"],
    ),
    (
        "caddy.logging.encoders.filter",
        &[
            "cookie",
            "delete",
            "hash",
            "ip_mask",
            "multi_regexp",
            "query",
            "regexp",
            "rename",
            "replace",
            "set_cookie",
        ],
    ),
    (
        "caddy.logging.writers",
        &["discard", "file", "net", "stderr", "stdout"],
    ),
    ("caddy.network_proxy", &["none", "url"]),
    ("caddy.storage", &["file_system"]),
    ("http.authentication.hashes", &["argon2id", "bcrypt"]),
    ("http.authentication.providers", &["http_basic"]),
    ("http.encoders", &["gzip", "zstd"]),
    (
        "http.handlers",
        &[
            "acme_server",
            "authentication",
            "copy_response",
            "copy_response_headers",
            "encode",
            "error",
            "file_server",
            "headers",
            "intercept",
            "invoke",
            "log_append",
            "map",
            "metrics",
            "push",
            "request_body",
            "reverse_proxy",
            "rewrite",
            "static_response",
            "subroute",
            "templates",
            "timeouts",
            "tracing",
            "vars",
        ],
    ),
    ("http.ip_sources", &["static"]),
    (
        "http.matchers",
        &[
            "client_ip",
            "expression",
            "file",
            "header",
            "header_regexp",
            "host",
            "method",
            "not",
            "path",
            "path_regexp",
            "protocol",
            "query",
            "remote_ip",
            "tls",
            "url_pattern",
            "vars",
            "vars_regexp",
        ],
    ),
    ("http.precompressed", &["br", "gzip", "zstd"]),
    (
        "http.reverse_proxy.selection_policies",
        &[
            "client_ip_hash",
            "cookie",
            "first",
            "header",
            "ip_hash",
            "least_conn",
            "query",
            "random",
            "random_choose",
            "round_robin",
            "uri_hash",
            "weighted_round_robin",
        ],
    ),
    ("http.reverse_proxy.transport", &["fastcgi", "http"]),
    ("http.reverse_proxy.upstreams", &["a", "multi", "srv"]),
    (
        "tls.ca_pool.source",
        &[
            "combined",
            "file",
            "http",
            "inline",
            "pki_intermediate",
            "pki_root",
            "storage",
            "system",
        ],
    ),
    (
        "tls.certificates",
        &[
            "automate",
            "load_files",
            "load_folders",
            "load_pem",
            "load_storage",
        ],
    ),
    ("tls.client_auth.verifier", &["leaf"]),
    ("tls.ech.publishers", &["dns"]),
    ("tls.get_certificate", &["http", "tailscale"]),
    (
        "tls.handshake_match",
        &["local_ip", "not", "remote_ip", "sni", "sni_regexp"],
    ),
    ("tls.issuance", &["acme", "internal", "zerossl"]),
    (
        "tls.leaf_cert_loader",
        &["file", "folder", "pem", "storage"],
    ),
    ("tls.permission", &["http"]),
    ("tls.stek", &["distributed", "standard"]),
];

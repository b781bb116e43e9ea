//! What a built server does otherwise than Caddy: each difference once, for the words of a Caddyfile that ask for it and
//! for the places in JSON where it is asked for.

use zs_diagnostics::{Diagnostic, Sink, codes};

use crate::json::{Node, Value};
use crate::support::Status;

pub(crate) const ACME: Status = Status::Differs(
    "this has no effect, since a built server gets no certificates by ACME yet: give public sites one with `tls \
     <certificate> <key>`",
);
pub(crate) const ADMIN: Status =
    Status::Differs("`admin` has no effect: a built server has no administration endpoint");
pub(crate) const DEBUG: Status =
    Status::Differs("a built server chooses its log level when it starts, not by `debug`");
pub(crate) const KEY_TYPE: Status =
    Status::Differs("the keys that a built server makes are of kind `p256`");
pub(crate) const METRICS: Status = Status::Differs("a built server counts nothing yet");
pub(crate) const OCSP: Status =
    Status::Differs("a built server staples no statements about revocation");
pub(crate) const PROTOCOLS: Status = Status::Differs(
    "a built server speaks HTTP/1.1, also to clients that could speak HTTP/2 or HTTP/3",
);
pub(crate) const RENEWAL: Status =
    Status::Differs("a built server renews certificates when a third of their life is left");
pub(crate) const RENEW_INTERVAL: Status =
    Status::Differs("a built server chooses itself when it looks for certificates to renew");
pub(crate) const REUSE_KEYS: Status =
    Status::Differs("a built server makes a new key for every new certificate");
pub(crate) const RUNTIME_LOG: Status = Status::Differs(
    "a built server writes only requests to its loggers; what it has to say of itself goes to standard error",
);
pub(crate) const SECRETS_LOG: Status =
    Status::Differs("a built server never writes the keys of its sessions down");
pub(crate) const STORAGE: Status = Status::Differs(
    "a built server keeps its certificates below `XDG_DATA_HOME`, or below `HOME`, and not here",
);
pub(crate) const STORAGE_CARE: Status =
    Status::Differs("a built server neither tries its storage out nor deletes anything from it");
pub(crate) const TRACE: Status = Status::Differs("a built server does not log which handlers run");

/// The next step that always helps.
pub(crate) const HELP: &str = "remove it if nothing depends on it";

/// Where JSON asks for something that differs: the way to it, in which `*` is any member or element, and the value that
/// asks for nothing besides those that every setting has when it is not there.
const PLACES: &[(&[&str], Option<&str>, Status)] = &[
    (&["admin", "listen"], None, ADMIN),
    (&["admin", "origins"], None, ADMIN),
    (&["admin", "enforce_origin"], None, ADMIN),
    (&["logging", "logs", "default", "writer"], None, RUNTIME_LOG),
    (
        &["logging", "logs", "default", "level"],
        Some("INFO"),
        DEBUG,
    ),
    (&["storage"], None, STORAGE),
    (&["apps", "http", "metrics"], None, METRICS),
    (
        &[
            "apps",
            "http",
            "servers",
            "*",
            "tls_connection_policies",
            "*",
            "alpn",
            "*",
        ],
        Some("http/1.1"),
        PROTOCOLS,
    ),
    (
        &["apps", "http", "servers", "*", "protocols", "*"],
        Some("h1"),
        PROTOCOLS,
    ),
    (
        &["apps", "http", "servers", "*", "logs", "trace"],
        None,
        TRACE,
    ),
    (
        &[
            "apps",
            "http",
            "servers",
            "*",
            "tls_connection_policies",
            "*",
            "insecure_secrets_log",
        ],
        None,
        SECRETS_LOG,
    ),
    (&["apps", "tls", "disable_ocsp_stapling"], None, OCSP),
    (
        &["apps", "tls", "disable_storage_check"],
        None,
        STORAGE_CARE,
    ),
    (
        &["apps", "tls", "disable_storage_clean"],
        None,
        STORAGE_CARE,
    ),
    (&["apps", "tls", "resolvers"], None, ACME),
    (&["apps", "tls", "automation", "ocsp_interval"], None, OCSP),
    (
        &["apps", "tls", "automation", "renew_interval"],
        None,
        RENEW_INTERVAL,
    ),
    (
        &["apps", "tls", "automation", "storage_clean_interval"],
        None,
        STORAGE_CARE,
    ),
    (
        &[
            "apps",
            "tls",
            "automation",
            "policies",
            "*",
            "disable_ocsp_stapling",
        ],
        None,
        OCSP,
    ),
    (
        &["apps", "tls", "automation", "policies", "*", "key_type"],
        Some("p256"),
        KEY_TYPE,
    ),
    (
        &[
            "apps",
            "tls",
            "automation",
            "policies",
            "*",
            "renewal_window_ratio",
        ],
        None,
        RENEWAL,
    ),
    (
        &[
            "apps",
            "tls",
            "automation",
            "policies",
            "*",
            "reuse_private_keys",
        ],
        None,
        REUSE_KEYS,
    ),
    (
        &[
            "apps",
            "tls",
            "automation",
            "policies",
            "*",
            "issuers",
            "*",
            "module",
        ],
        Some("internal"),
        ACME,
    ),
];

/// Warns of everything in a JSON text that is done otherwise.
pub(crate) fn tell(root: &Node, sink: &mut Sink) {
    for (way, neutral, status) in PLACES {
        if let Status::Differs(difference) = status {
            visit(root, way, &mut |node| {
                if asks(&node.value, *neutral) {
                    let warning = Diagnostic::warning(codes::DIFFERENT, node.place(), *difference);
                    sink.report(warning.help(HELP));
                }
            });
        }
    }
}

/// Whether a value asks for anything.
fn asks(value: &Value, neutral: Option<&str>) -> bool {
    match value {
        Value::Null | Value::Removed | Value::Bool(false) => false,
        Value::Number(text) => text.parse() != Ok(0.0),
        Value::Text(text) => !text.is_empty() && neutral != Some(text),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(_) | Value::Bool(true) => true,
    }
}

fn visit<'n>(node: &'n Node<'n>, way: &[&str], found: &mut impl FnMut(&'n Node<'n>)) {
    let Some((step, rest)) = way.split_first() else {
        return found(node);
    };
    match (&node.value, *step) {
        (Value::Object(members), "*") => {
            members
                .iter()
                .for_each(|member| visit(&member.value, rest, found));
        }
        (Value::Array(elements), "*") => {
            elements
                .iter()
                .for_each(|element| visit(element, rest, found));
        }
        (_, step) => node
            .child(step)
            .into_iter()
            .for_each(|child| visit(child, rest, found)),
    }
}

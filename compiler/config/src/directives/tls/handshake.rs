//! The words of `tls` about handshakes: versions, cipher suites, groups, application protocols.

use zs_diagnostics::codes;

use super::Building;
use crate::context::{Context, Parsed, suggest};
use crate::differences;
use crate::spec::{Entry, Line, Shape, list_word, text_word};

pub(super) const ENTRIES: &[Entry<Building>] = &[
    Entry::last(
        "protocols",
        Shape::arguments(1, 2, "protocols <lowest version> [<highest version>]"),
        protocols,
    ),
    Entry::many(
        "ciphers",
        Shape::arguments(0, usize::MAX, "ciphers <cipher suites...>"),
        |building, line, cx| {
            let what = "cipher suite for TLS 1.2";
            known(
                line,
                CIPHER_SUITES,
                what,
                &mut building.tls.policy.cipher_suites,
                cx,
            )?;
            let refused = |name: &str| name.contains("_CBC_");
            refuse(line, refused, "write those with `GCM` or `CHACHA20`", cx);
            Ok(())
        },
    ),
    Entry::many(
        "curves",
        Shape::arguments(0, usize::MAX, "curves <groups...>"),
        |building, line, cx| {
            let what = "key exchange group";
            known(line, CURVES, what, &mut building.tls.policy.curves, cx)?;
            let refused = |name: &str| ["x25519mlkem768", "secp521r1"].contains(&name);
            refuse(
                line,
                refused,
                "write `x25519`, `secp256r1` or `secp384r1`",
                cx,
            );
            Ok(())
        },
    ),
    Entry::last(
        "alpn",
        Shape::arguments(1, usize::MAX, "alpn <protocols...>"),
        |building, line, cx| {
            building.tls.policy.alpn = line.texts();
            let has = |name: &str| line.arguments.iter().any(|token| token.text == name);
            refuse(
                line,
                |name| !["h2", "http/1.1"].contains(&name),
                "write `http/1.1`",
                cx,
            );
            if !has("http/1.1") {
                let message = "a server that does not speak HTTP/1.1 is not supported yet";
                let code = codes::UNSUPPORTED_SUBDIRECTIVE;
                cx.refuse_building(line.name, code, message, "add `http/1.1`");
            } else if has("h2") {
                let code = codes::UNSUPPORTED_SUBDIRECTIVE;
                cx.tell(line.name, code, "this", differences::PROTOCOLS);
            }
            Ok(())
        },
    ),
    Entry::unbuilt(list_word!("load", 0, "<folders...>" => tls.folders)),
    Entry::with_status(
        text_word!("insecure_secrets_log", "<file>" => tls.policy.insecure_secrets_log),
        differences::SECRETS_LOG,
    ),
];

fn protocols(building: &mut Building, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut versions = Vec::new();
    known(line, VERSIONS, "version of TLS", &mut versions, cx)?;
    let mut versions = versions.into_iter();
    let policy = &mut building.tls.policy;
    policy.protocol_min = versions.next().unwrap_or_default();
    if let Some(highest) = versions.next() {
        policy.protocol_max = highest;
    }
    if policy.protocol_min > policy.protocol_max && !policy.protocol_max.is_empty() {
        let message = "the lowest version is above the highest";
        let help = "write the lower one first";
        cx.refuse_building(line.name, codes::BAD_VALUE, message, help);
    }
    Ok(())
}

/// Refuses the arguments of a line that are known and not there.
fn refuse(line: &Line, refused: impl Fn(&str) -> bool, help: &str, cx: &mut Context) {
    for token in line.arguments.iter().filter(|token| refused(&token.text)) {
        let message = format!("`{}` is not supported", token.text);
        cx.refuse_building(token, codes::UNSUPPORTED_SUBDIRECTIVE, message, help);
    }
}

/// Adds the arguments of a line to a list, if all are known.
fn known(
    line: &Line,
    names: &[&'static str],
    what: &str,
    list: &mut Vec<String>,
    cx: &mut Context,
) -> Parsed<()> {
    for token in line.arguments {
        if !names.contains(&token.text.as_str()) {
            let otherwise = format!("one of {}", names.join(", "));
            let help = suggest(&token.text, names.iter().copied(), &otherwise);
            let message = format!("`{}` is no {what}", token.text);
            return Err(cx.fail(token, codes::BAD_VALUE, message, help));
        }
        list.push(token.text.clone());
    }
    Ok(())
}

const VERSIONS: &[&str] = &["tls1.2", "tls1.3"];

const CURVES: &[&str] = &[
    "x25519mlkem768",
    "x25519",
    "secp256r1",
    "secp384r1",
    "secp521r1",
];

/// Those that Go counts as secure, and so Caddy takes.
const CIPHER_SUITES: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
];

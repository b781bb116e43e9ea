//! `transport http { ... }`

use zs_diagnostics::codes;

use super::Proxy;
use crate::context::{Context, Parsed, suggest};
use crate::model::{Duration, HttpTransport};
use crate::spec::{Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::duration::timeout;

pub(in crate::directives) const GRAMMAR: Grammar<HttpTransport> = Grammar {
    vocabulary: Vocabulary::Subdirective("transport http"),
    entries: &[
        &[
            duration_entry(
                "dial_timeout",
                "dial_timeout <length of time>",
                |transport, line, cx| set(&mut transport.dial_timeout, line, cx),
            ),
            duration_entry(
                "read_timeout",
                "read_timeout <length of time>",
                |transport, line, cx| set(&mut transport.read_timeout, line, cx),
            ),
            duration_entry(
                "write_timeout",
                "write_timeout <length of time>",
                |transport, line, cx| set(&mut transport.write_timeout, line, cx),
            ),
            duration_entry(
                "response_header_timeout",
                "response_header_timeout <length of time>",
                |transport, line, cx| set(&mut transport.response_header_timeout, line, cx),
            ),
            Entry::many("tls", Shape::arguments(0, 0, "tls"), |transport, _, _| {
                transport.tls.get_or_insert_default();
                Ok(())
            }),
            Entry::once(
                "tls_insecure_skip_verify",
                Shape::arguments(0, 0, "tls_insecure_skip_verify"),
                |transport, _, _| {
                    transport.tls.get_or_insert_default().insecure_skip_verify = true;
                    Ok(())
                },
            ),
            Entry::once(
                "tls_server_name",
                Shape::arguments(1, 1, "tls_server_name <name>"),
                |transport, line, _| {
                    transport.tls.get_or_insert_default().server_name = line.text(0).to_owned();
                    Ok(())
                },
            ),
            duration_entry(
                "tls_timeout",
                "tls_timeout <length of time>",
                |transport, line, cx| {
                    set(
                        &mut transport.tls.get_or_insert_default().handshake_timeout,
                        line,
                        cx,
                    )
                },
            ),
        ],
        NOT_YET,
    ],
    other: None,
};

const NOT_YET: &[Entry<HttpTransport>] = &[
    Entry::not_yet("read_buffer"),
    Entry::not_yet("write_buffer"),
    Entry::not_yet("max_response_header"),
    Entry::not_yet("proxy_protocol"),
    Entry::not_yet("forward_proxy_url"),
    Entry::not_yet("network_proxy"),
    Entry::not_yet("dial_fallback_delay"),
    Entry::not_yet("expect_continue_timeout"),
    Entry::not_yet("resolvers"),
    Entry::not_yet("tls_client_auth"),
    Entry::not_yet("tls_curves"),
    Entry::not_yet("tls_trusted_ca_certs"),
    Entry::not_yet("tls_trust_pool"),
    Entry::not_yet("tls_renegotiation"),
    Entry::not_yet("tls_except_ports"),
    Entry::not_yet("keepalive"),
    Entry::not_yet("keepalive_interval"),
    Entry::not_yet("keepalive_idle_conns"),
    Entry::not_yet("keepalive_idle_conns_per_host"),
    Entry::not_yet("versions"),
    Entry::not_yet("compression"),
    Entry::not_yet("max_conns_per_host"),
    Entry::not_yet("local_address"),
];

const fn duration_entry(
    name: &'static str,
    usage: &'static str,
    apply: fn(&mut HttpTransport, &Line, &mut Context) -> Parsed<()>,
) -> Entry<HttpTransport> {
    Entry::once(name, Shape::arguments(1, 1, usage), apply)
}

fn set(field: &mut Duration, line: &Line, cx: &mut Context) -> Parsed<()> {
    *field = timeout(&line.arguments[0], cx)?;
    Ok(())
}

/// The `transport` line of a proxy.
pub(super) fn apply(proxy: &mut Proxy, line: &Line, cx: &mut Context) -> Parsed<()> {
    let kind = &line.arguments[0];
    match kind.text.as_str() {
        "http" => {}
        "fastcgi" => {
            let message = "`transport fastcgi` is not supported yet";
            return Err(cx.fail(kind, codes::UNSUPPORTED_SUBDIRECTIVE, message, "remove it"));
        }
        other => {
            let help = suggest(other, ["http", "fastcgi"], "the transport is `http`");
            return Err(cx.fail(
                kind,
                codes::BAD_VALUE,
                format!("unknown transport `{other}`"),
                help,
            ));
        }
    }
    let mut transport = HttpTransport::default();
    GRAMMAR.apply_all(line.lines(), &mut transport, cx)?;
    proxy.transport = Some(transport);
    Ok(())
}

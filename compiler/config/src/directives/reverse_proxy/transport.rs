//! `transport http { ... }`

use zs_diagnostics::codes;

use super::{Proxy, fastcgi};
use crate::context::{Context, Parsed, suggest};
use crate::model::{Duration, HttpTransport, KeepAlive, NetworkProxy, Transport, UpstreamTls};
use crate::spec::{Entry, Grammar, Line, Shape, Vocabulary};
use crate::third_party::{self, Place};
use crate::tls::trust_pool;
use crate::values::duration::timeout;
use crate::values::number::integer;
use crate::values::size::signed_size;

pub(in crate::directives) const GRAMMAR: Grammar<HttpTransport> = Grammar {
    vocabulary: Vocabulary::Subdirective("transport http"),
    entries: &[TIMEOUTS, TLS, KEEPING, SIZES, ROUTE],
    other: None,
};

const TIMEOUTS: &[Entry<HttpTransport>] = &[
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
    duration_entry(
        "dial_fallback_delay",
        "dial_fallback_delay <length of time>",
        |transport, line, cx| set(&mut transport.dial_fallback_delay, line, cx),
    )
    .unbuilt(),
    duration_entry(
        "expect_continue_timeout",
        "expect_continue_timeout <length of time>",
        |transport, line, cx| set(&mut transport.expect_continue_timeout, line, cx),
    )
    .unbuilt(),
];

const TLS: &[Entry<HttpTransport>] = &[
    Entry::<HttpTransport>::many("tls", Shape::arguments(0, 0, "tls"), |transport, _, _| {
        tls(transport);
        Ok(())
    }),
    Entry::<HttpTransport>::many(
        "tls_insecure_skip_verify",
        Shape::arguments(0, 0, "tls_insecure_skip_verify"),
        |transport, _, _| {
            tls(transport).insecure_skip_verify = true;
            Ok(())
        },
    ),
    Entry::<HttpTransport>::last(
        "tls_server_name",
        Shape::arguments(1, 1, "tls_server_name <name>"),
        |transport, line, _| {
            line.text(0).clone_into(&mut tls(transport).server_name);
            Ok(())
        },
    ),
    duration_entry(
        "tls_timeout",
        "tls_timeout <length of time>",
        |transport, line, cx| set(&mut tls(transport).handshake_timeout, line, cx),
    ),
    Entry::<HttpTransport>::last(
        "tls_client_auth",
        Shape::arguments(1, 2, "tls_client_auth <name>|<certificate file> <key file>"),
        |transport, line, _| {
            let tls = tls(transport);
            match line.arguments {
                [name] => tls.client_certificate_automate.clone_from(&name.text),
                _ => {
                    line.text(0).clone_into(&mut tls.client_certificate_file);
                    line.text(1)
                        .clone_into(&mut tls.client_certificate_key_file);
                }
            }
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "tls_curves",
        Shape::arguments(1, usize::MAX, "tls_curves <curves...>"),
        |transport, line, _| {
            tls(transport).curves = line.texts();
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "tls_trusted_ca_certs",
        Shape::arguments(1, usize::MAX, "tls_trusted_ca_certs <files...>"),
        trusted_files,
    )
    .unbuilt(),
    Entry::<HttpTransport>::once(
        "tls_trust_pool",
        trust_pool::shape("tls_trust_pool <kind> ..."),
        pool,
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "tls_renegotiation",
        Shape::arguments(1, 1, "tls_renegotiation never|once|freely"),
        |transport, line, cx| {
            tls(transport).renegotiation = trust_pool::renegotiation(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "tls_except_ports",
        Shape::arguments(1, usize::MAX, "tls_except_ports <ports...>"),
        |transport, line, _| {
            tls(transport).except_ports = line.texts();
            Ok(())
        },
    )
    .unbuilt(),
];

const KEEPING: &[Entry<HttpTransport>] = &[
    Entry::<HttpTransport>::many(
        "keepalive",
        Shape::arguments(1, 1, "keepalive off|<length of time>"),
        |transport, line, cx| {
            if line.text(0) == "off" {
                keep_alive(transport).enabled = Some(false);
                return Ok(());
            }
            set(&mut keep_alive(transport).idle_timeout, line, cx)
        },
    )
    .unbuilt(),
    duration_entry(
        "keepalive_interval",
        "keepalive_interval <length of time>",
        |transport, line, cx| set(&mut keep_alive(transport).probe_interval, line, cx),
    )
    .unbuilt(),
    number_entry(
        "keepalive_idle_conns",
        "keepalive_idle_conns <number>",
        |transport, line, cx| {
            keep_alive(transport).max_idle_conns = integer(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    number_entry(
        "keepalive_idle_conns_per_host",
        "keepalive_idle_conns_per_host <number>",
        |transport, line, cx| {
            keep_alive(transport).max_idle_conns_per_host = integer(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    number_entry(
        "max_conns_per_host",
        "max_conns_per_host <number>",
        |transport, line, cx| {
            transport.max_conns_per_host = integer(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
];

const SIZES: &[Entry<HttpTransport>] = &[
    number_entry(
        "read_buffer",
        "read_buffer <size>",
        |transport, line, cx| {
            transport.read_buffer_size = signed_size(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    number_entry(
        "write_buffer",
        "write_buffer <size>",
        |transport, line, cx| {
            transport.write_buffer_size = signed_size(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    number_entry(
        "max_response_header",
        "max_response_header <size>",
        |transport, line, cx| {
            transport.max_response_header_size = signed_size(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
];

const ROUTE: &[Entry<HttpTransport>] = &[
    Entry::<HttpTransport>::last(
        "proxy_protocol",
        Shape::arguments(1, 1, "proxy_protocol v1|v2"),
        proxy_protocol,
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "forward_proxy_url",
        Shape::arguments(1, 1, "forward_proxy_url <url>"),
        |transport, line, cx| {
            let help = format!("write `network_proxy url {}`", line.text(0));
            let message = "`forward_proxy_url` is deprecated";
            cx.warn(line.name, codes::DEPRECATED, message, help);
            let url = line.text(0).to_owned();
            transport.network_proxy = Some(NetworkProxy::Url { url });
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "network_proxy",
        Shape::arguments(1, 2, "network_proxy none|url <url>"),
        network_proxy,
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "resolvers",
        Shape::arguments(1, usize::MAX, "resolvers <addresses...>"),
        |transport, line, _| {
            transport.resolver.get_or_insert_default().addresses = line.texts();
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "versions",
        Shape::arguments(1, usize::MAX, "versions <versions...>"),
        |transport, line, _| {
            transport.versions = line.texts();
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "compression",
        Shape::arguments(0, 1, "compression [off]"),
        |transport, line, _| {
            if line.text(0) == "off" {
                transport.compression = Some(false);
            }
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<HttpTransport>::last(
        "local_address",
        Shape::arguments(1, 1, "local_address <address>"),
        |transport, line, _| {
            line.text(0).clone_into(&mut transport.local_address);
            Ok(())
        },
    )
    .unbuilt(),
];

type Apply = fn(&mut HttpTransport, &Line, &mut Context) -> Parsed<()>;

const fn duration_entry(
    name: &'static str,
    usage: &'static str,
    apply: Apply,
) -> Entry<HttpTransport> {
    Entry::<HttpTransport>::last(name, Shape::arguments(1, 1, usage), apply)
}

const fn number_entry(
    name: &'static str,
    usage: &'static str,
    apply: Apply,
) -> Entry<HttpTransport> {
    Entry::<HttpTransport>::last(name, Shape::arguments(1, 1, usage), apply).unbuilt()
}

fn set(field: &mut Duration, line: &Line, cx: &mut Context) -> Parsed<()> {
    *field = timeout(&line.arguments[0], cx)?;
    Ok(())
}

fn tls(transport: &mut HttpTransport) -> &mut UpstreamTls {
    transport.tls.get_or_insert_default()
}

fn keep_alive(transport: &mut HttpTransport) -> &mut KeepAlive {
    transport.keep_alive.get_or_insert_default()
}

fn trusted_files(transport: &mut HttpTransport, line: &Line, cx: &mut Context) -> Parsed<()> {
    let help = format!("write `tls_trust_pool file {}`", line.texts().join(" "));
    if tls(transport).ca.is_some() {
        return Err(two_pools(line, cx));
    }
    let message = "`tls_trusted_ca_certs` is deprecated";
    cx.warn(line.name, codes::DEPRECATED, message, help);
    tls(transport).root_ca_pem_files = line.texts();
    Ok(())
}

fn pool(transport: &mut HttpTransport, line: &Line, cx: &mut Context) -> Parsed<()> {
    if !tls(transport).root_ca_pem_files.is_empty() {
        return Err(two_pools(line, cx));
    }
    tls(transport).ca = Some(trust_pool::parse(line, cx)?);
    Ok(())
}

fn two_pools(line: &Line, cx: &mut Context) -> crate::context::Reported {
    let message = "`tls_trust_pool` and `tls_trusted_ca_certs` say the same thing twice";
    cx.fail(line.name, codes::CONFLICT, message, "keep `tls_trust_pool`")
}

fn proxy_protocol(transport: &mut HttpTransport, line: &Line, cx: &mut Context) -> Parsed<()> {
    if !matches!(line.text(0), "v1" | "v2") {
        let message = format!("`{}` is no version of the PROXY protocol", line.text(0));
        let help = "write `v1` or `v2`";
        return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
    }
    line.text(0).clone_into(&mut transport.proxy_protocol);
    Ok(())
}

fn network_proxy(transport: &mut HttpTransport, line: &Line, cx: &mut Context) -> Parsed<()> {
    let kind = &line.arguments[0];
    let (count, proxy) = match kind.text.as_str() {
        "none" => (1, NetworkProxy::None),
        "url" => {
            let url = line.text(1).to_owned();
            (2, NetworkProxy::Url { url })
        }
        other => {
            let help = suggest(other, ["none", "url"], "write `none` or `url <url>`");
            let message = format!("unknown network proxy `{other}`");
            return Err(cx.fail(kind, codes::BAD_VALUE, message, help));
        }
    };
    Shape::arguments(count, count, "network_proxy none|url <url>").check(line, cx)?;
    transport.network_proxy = Some(proxy);
    Ok(())
}

/// The `transport` line of a proxy.
pub(super) fn apply(proxy: &mut Proxy, line: &Line, cx: &mut Context) -> Parsed<()> {
    let kind = &line.arguments[0];
    if let Some(owner) = proxy.transport_from {
        let message = format!("`{owner}` brings its own transport");
        let help = "use `reverse_proxy` to choose the transport";
        return Err(cx.fail(line.name, codes::CONFLICT, message, help));
    }
    let transport = match kind.text.as_str() {
        "http" => {
            let mut transport = HttpTransport::default();
            GRAMMAR.apply_all(line.lines(), &mut transport, cx)?;
            Transport::Http(Box::new(transport))
        }
        "fastcgi" => {
            let what = "`transport fastcgi`";
            cx.tell(
                kind,
                codes::UNSUPPORTED_SUBDIRECTIVE,
                what,
                crate::support::Status::UNBUILT,
            );
            Transport::FastCgi(fastcgi::parse(line, cx)?)
        }
        other => {
            if let Some(reported) = third_party::explain(Place::Transport, kind, cx) {
                return Err(reported);
            }
            let help = suggest(
                other,
                ["http", "fastcgi"],
                "the transport is `http` or `fastcgi`",
            );
            let message = format!("unknown transport `{other}`");
            return Err(cx.fail(kind, codes::BAD_VALUE, message, help));
        }
    };
    proxy.transport = Some(transport);
    Ok(())
}

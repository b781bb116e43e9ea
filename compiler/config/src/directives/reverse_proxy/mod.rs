//! `reverse_proxy [<matcher>] [<upstream>] { ... }`

pub(super) mod transport;
mod upstream;

use zs_diagnostics::codes;
use zs_syntax::Token;

use self::upstream::{Scheme, UpstreamAddress};
use super::header_ops::{Colon, HeaderChange};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, Headers, HttpTransport, ReverseProxy, Transport, Upstream};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "reverse_proxy",
    Shape::with_block(
        0,
        usize::MAX,
        Block::Maybe,
        "reverse_proxy [<matcher>] <upstream>",
    ),
    parse,
);

/// A proxy that is being described.
#[derive(Debug, Default)]
pub(super) struct Proxy {
    proxy: ReverseProxy,
    /// The upstream's argument and scheme.
    upstream: Option<(Token, Scheme)>,
    transport: Option<HttpTransport>,
}

pub(super) const GRAMMAR: Grammar<Proxy> = Grammar {
    vocabulary: Vocabulary::Subdirective("reverse_proxy"),
    entries: &[
        &[
            Entry::many(
                "to",
                Shape::arguments(1, usize::MAX, "to <upstream>"),
                |proxy, line, cx| add_upstreams(proxy, line.arguments, cx),
            ),
            Entry::many("header_up", Shape::arguments(1, 3, HEADER_UP), header_up),
            Entry::many(
                "header_down",
                Shape::arguments(1, 3, HEADER_DOWN),
                header_down,
            ),
            Entry::once(
                "transport",
                Shape::with_block(1, 1, Block::Maybe, "transport http { ... }"),
                transport::apply,
            ),
        ],
        NOT_YET,
    ],
    other: Some(other),
};

const HEADER_UP: &str = "header_up [+|-]<field> [<value>|<pattern>] [<replacement>]";
const HEADER_DOWN: &str = "header_down [+|-]<field> [<value>|<pattern>] [<replacement>]";

const NOT_YET: &[Entry<Proxy>] = &[
    Entry::not_yet("dynamic"),
    Entry::not_yet("lb_policy"),
    Entry::not_yet("lb_retries"),
    Entry::not_yet("lb_try_duration"),
    Entry::not_yet("lb_try_interval"),
    Entry::not_yet("lb_retry_match"),
    Entry::not_yet("health_uri"),
    Entry::not_yet("health_path"),
    Entry::not_yet("health_upstream"),
    Entry::not_yet("health_port"),
    Entry::not_yet("health_interval"),
    Entry::not_yet("health_passes"),
    Entry::not_yet("health_fails"),
    Entry::not_yet("health_timeout"),
    Entry::not_yet("health_status"),
    Entry::not_yet("health_body"),
    Entry::not_yet("health_headers"),
    Entry::not_yet("health_method"),
    Entry::not_yet("health_request_body"),
    Entry::not_yet("health_follow_redirects"),
    Entry::not_yet("fail_duration"),
    Entry::not_yet("max_fails"),
    Entry::not_yet("unhealthy_status"),
    Entry::not_yet("unhealthy_latency"),
    Entry::not_yet("unhealthy_request_count"),
    Entry::not_yet("flush_interval"),
    Entry::not_yet("request_buffers"),
    Entry::not_yet("response_buffers"),
    Entry::not_yet("stream_timeout"),
    Entry::not_yet("stream_buffer_size"),
    Entry::not_yet("stream_close_delay"),
    Entry::not_yet("trusted_proxies"),
    Entry::not_yet("method"),
    Entry::not_yet("rewrite"),
    Entry::not_yet("handle_response"),
    Entry::not_yet("replace_status"),
    Entry::not_yet("verbose_logs"),
    Entry::not_yet("proxy_status_name"),
];

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut proxy = Proxy {
        proxy: ReverseProxy {
            origin: call.origin().into(),
            ..ReverseProxy::default()
        },
        ..Proxy::default()
    };
    let upstreams = add_upstreams(&mut proxy, call.line.arguments, call.cx);
    GRAMMAR
        .apply_all(call.line.lines(), &mut proxy, call.cx)
        .and(upstreams)?;
    let Some((token, scheme)) = proxy.upstream else {
        let help = "name one, such as `reverse_proxy localhost:9000`";
        return Err(call.cx.fail(
            call.line.name,
            codes::WRONG_ARGUMENTS,
            "`reverse_proxy` has no upstream",
            help,
        ));
    };
    let mut transport = proxy.transport.unwrap_or_default();
    if scheme == Scheme::Http && transport.tls.is_some() {
        let message = "the upstream is `http://`, but its transport asks for TLS";
        return Err(call.cx.fail(
            &token,
            codes::CONFLICT,
            message,
            "write `https://`, or leave out the `tls` lines",
        ));
    }
    if scheme == Scheme::Https {
        transport.tls.get_or_insert_default();
    }
    let mut proxy = proxy.proxy;
    proxy.transport = Some(transport)
        .filter(|transport| *transport != HttpTransport::default())
        .map(Transport::Http);
    Ok(Handler::ReverseProxy(Box::new(proxy)))
}

fn add_upstreams(proxy: &mut Proxy, tokens: &[Token], cx: &mut Context) -> Parsed<()> {
    for token in tokens {
        let UpstreamAddress { scheme, dial } = upstream::parse(token, cx)?;
        if proxy.upstream.is_some() {
            let help = "name one upstream for now";
            return Err(cx.fail(
                token,
                codes::UNSUPPORTED,
                "several upstreams are not supported yet",
                help,
            ));
        }
        proxy.upstream = Some((token.clone(), scheme));
        proxy.proxy.upstreams.push(Upstream {
            dial,
            origin: token.span.into(),
        });
    }
    Ok(())
}

fn headers<'p>(proxy: &'p mut Proxy, line: &Line) -> &'p mut Headers {
    let origin = line.name.span.into();
    proxy.proxy.headers.get_or_insert_with(|| Headers {
        origin,
        ..Headers::default()
    })
}

fn header_up(proxy: &mut Proxy, line: &Line, cx: &mut Context) -> Parsed<()> {
    let change = HeaderChange::parse(&line.arguments[0], &line.arguments[1..], Colon::Refused, cx)?;
    change.refuse_default(cx)?;
    warn_if_needless(line, cx);
    change.apply(headers(proxy, line).request.get_or_insert_default());
    Ok(())
}

fn header_down(proxy: &mut Proxy, line: &Line, cx: &mut Context) -> Parsed<()> {
    let change = HeaderChange::parse(&line.arguments[0], &line.arguments[1..], Colon::Refused, cx)?;
    change.refuse_default(cx)?;
    change.apply(&mut headers(proxy, line).response.get_or_insert_default().ops);
    Ok(())
}

/// Fields that the proxy sets by itself.
fn warn_if_needless(line: &Line, cx: &mut Context) {
    const SET_ANYWAY: &[(&str, &[&str])] = &[
        (
            "x-forwarded-for",
            &["{http.request.remote}", "{http.request.remote.host}"],
        ),
        ("x-forwarded-proto", &["{http.request.scheme}"]),
        (
            "x-forwarded-host",
            &["{http.request.host}", "{http.request.hostport}"],
        ),
    ];
    let [field, value] = line.arguments else {
        return;
    };
    let needless = SET_ANYWAY.iter().any(|(name, values)| {
        field.text.eq_ignore_ascii_case(name) && values.contains(&value.text.as_str())
    });
    if needless {
        let message = format!("the proxy sets `{}` by itself", field.text);
        cx.warn(line.name, codes::SUSPICIOUS, message, "remove the line");
    }
}

/// Lines that no word names: conditions on responses, and mistakes.
fn other(_: &mut Proxy, line: &Line, cx: &mut Context) -> Parsed<()> {
    if line.name.text.starts_with('@') {
        let message = format!(
            "the response matcher `{}` is not supported yet",
            line.name.text
        );
        return Err(cx.fail(
            line.name,
            codes::UNSUPPORTED_SUBDIRECTIVE,
            message,
            "remove it",
        ));
    }
    Grammar {
        other: None,
        ..GRAMMAR
    }
    .apply(line, &mut Proxy::default(), cx)
}

//! `reverse_proxy [<matcher>] [<upstreams...>] { ... }`

mod balancing;
pub(super) mod dynamic;
pub(super) mod fastcgi;
mod health;
mod settings;
pub(super) mod transport;
mod upstream;

use zs_diagnostics::codes;
use zs_syntax::{Segment, Token};

use self::upstream::Scheme;
use super::responses::{self, Responses};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, HttpTransport, ReverseProxy, Transport, Upstream};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "reverse_proxy",
    Shape::with_block(
        0,
        usize::MAX,
        Block::Maybe,
        "reverse_proxy [<matcher>] <upstreams...>",
    ),
    parse,
);

/// A proxy that is being described.
#[derive(Debug, Default)]
pub(super) struct Proxy {
    /// What it is so far, without what the other fields say.
    pub(super) proxy: ReverseProxy,
    /// What becomes of responses.
    pub(super) responses: Responses,
    /// How to talk to upstreams.
    pub(super) transport: Option<Transport>,
    /// The directive that says so, and that lets no line say otherwise.
    pub(super) transport_from: Option<&'static str>,
    /// The last upstream and its scheme.
    pub(super) scheme: Option<(Token, Scheme)>,
}

pub(super) const GRAMMAR: Grammar<Proxy> = Grammar {
    vocabulary: Vocabulary::Subdirective("reverse_proxy"),
    entries: &[
        &[
            Entry::<Proxy>::many(
                "to",
                Shape::arguments(1, usize::MAX, "to <upstreams...>"),
                |proxy, line, cx| add_upstreams(proxy, line.arguments, cx),
            ),
            Entry::<Proxy>::once(
                "dynamic",
                Shape::with_block(1, 3, Block::Maybe, "dynamic a|srv|multi ..."),
                |proxy, line, cx| {
                    proxy.proxy.dynamic_upstreams = Some(dynamic::parse(line, cx)?);
                    Ok(())
                },
            )
            .unbuilt(),
            Entry::<Proxy>::last(
                "transport",
                Shape::with_block(1, 1, Block::Maybe, "transport http|fastcgi { ... }"),
                transport::apply,
            ),
        ],
        balancing::ENTRIES,
        health::ACTIVE,
        health::PASSIVE,
        settings::ENTRIES,
        &[
            Entry::<Proxy>::many("replace_status", responses::REPLACE, |proxy, line, cx| {
                proxy.responses.replace_status(line, cx)
            })
            .unbuilt(),
            Entry::<Proxy>::many("handle_response", responses::HANDLE, |proxy, line, _| {
                proxy.responses.handle_later(line);
                Ok(())
            })
            .unbuilt(),
        ],
    ],
    other: Some(other),
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let lines = call.line.lines();
    read(Proxy::default(), lines, call)
}

/// The handler of the upstreams that a directive's line names and of the lines that are about the proxy.
pub(super) fn read<'l>(
    mut proxy: Proxy,
    lines: impl IntoIterator<Item = &'l Segment>,
    call: &mut Call,
) -> Parsed<Handler> {
    proxy.proxy.origin = call.origin().into();
    let upstreams = add_upstreams(&mut proxy, call.line.arguments, call.cx);
    GRAMMAR
        .apply_all(lines, &mut proxy, call.cx)
        .and(upstreams)?;
    if proxy.proxy.upstreams.is_empty() && proxy.proxy.dynamic_upstreams.is_none() {
        let name = call.line.name;
        let message = format!("`{}` has no upstream", name.text);
        let help = format!("name one, such as `{} localhost:9000`", name.text);
        return Err(call.cx.fail(name, codes::WRONG_ARGUMENTS, message, help));
    }
    let transport = finish_transport(proxy.transport, proxy.scheme.as_ref(), call.cx)?;
    let mut handler = proxy.proxy;
    handler.transport = transport;
    handler.handle_response = proxy.responses.finish(call)?;
    Ok(Handler::ReverseProxy(Box::new(handler)))
}

fn add_upstreams(proxy: &mut Proxy, tokens: &[Token], cx: &mut Context) -> Parsed<()> {
    for token in tokens {
        let address = upstream::parse(token, cx)?;
        if let Some((_, scheme)) = &proxy.scheme
            && *scheme != Scheme::Any
            && *scheme != address.scheme
        {
            let message = "all upstreams of a proxy have the same scheme";
            let help = format!("begin this one with `{scheme}` as well");
            return Err(cx.fail(token, codes::CONFLICT, message, help));
        }
        proxy.scheme = Some((token.clone(), address.scheme));
        for dial in address.dials {
            proxy.proxy.upstreams.push(Upstream {
                dial,
                max_requests: 0,
                origin: token.span.into(),
            });
        }
    }
    Ok(())
}

/// The transport as it is printed, with what the upstreams' scheme adds to it; none when it is the default.
fn finish_transport(
    transport: Option<Transport>,
    scheme: Option<&(Token, Scheme)>,
    cx: &mut Context,
) -> Parsed<Option<Transport>> {
    let scheme_of = |wanted| scheme.filter(|(_, scheme)| *scheme == wanted);
    let mut http = match transport {
        None => HttpTransport::default(),
        Some(Transport::Http(http)) => *http,
        Some(other) => {
            if let Some((token, _)) = scheme_of(Scheme::Https) {
                let message = "`https://` upstreams cannot be talked to by FastCGI";
                let help = "leave out the scheme";
                return Err(cx.fail(token, codes::CONFLICT, message, help));
            }
            if let Some((token, _)) = scheme_of(Scheme::H2c) {
                let message = "`h2c://` has no effect on upstreams that are talked to by FastCGI";
                cx.warn(token, codes::SUSPICIOUS, message, "leave out the scheme");
            }
            return Ok(Some(other));
        }
    };
    if let Some((token, _)) = scheme_of(Scheme::Http).filter(|_| http.tls.is_some()) {
        let message = "the upstream is `http://`, but its transport asks for TLS";
        let help = "write `https://`, or leave out the `tls` lines";
        return Err(cx.fail(token, codes::CONFLICT, message, help));
    }
    if scheme_of(Scheme::Https).is_some() {
        http.tls.get_or_insert_default();
    }
    if scheme_of(Scheme::H2c).is_some() {
        http.versions = vec!["h2c".to_owned(), "2".to_owned()];
    }
    Ok(Some(http)
        .filter(|http| *http != HttpTransport::default())
        .map(|http| Transport::Http(Box::new(http))))
}

/// Lines that no word names: conditions on responses, and mistakes.
fn other(proxy: &mut Proxy, line: &Line, cx: &mut Context) -> Parsed<()> {
    if responses::is_matcher(line) {
        return proxy.responses.define(line, cx);
    }
    GRAMMAR.unknown(line, cx)
}

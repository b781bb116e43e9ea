//! `health_*`, and the words that say what is learnt from failures.

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Proxy;
use crate::context::{Context, Parsed};
use crate::model::{ActiveHealthChecks, PassiveHealthChecks};
use crate::spec::{Block, Entry, Shape};
use crate::values::duration::duration;
use crate::values::network::split_host_port;
use crate::values::number::integer;

/// A word with one argument, and what it does to the checks that it is about.
macro_rules! check {
    ($part:ident, $usage:literal, |$checks:ident, $token:ident, $cx:ident| $body:expr) => {
        Entry::<Proxy>::last(
            first_word($usage),
            Shape::arguments(1, 1, $usage),
            |proxy, line, $cx| {
                let $token = &line.arguments[0];
                let $checks = $part(proxy);
                $body;
                Ok(())
            },
        )
    };
}

/// Requests that are made only to see whether an upstream answers.
pub(super) const ACTIVE: &[Entry<Proxy>] = &[
    check!(active, "health_uri <uri>", |checks, token, _cx| checks
        .uri
        .clone_from(&token.text)),
    check!(active, "health_path <path>", |checks, token, cx| {
        let help = format!("write `health_uri {}`", token.text);
        let message = "`health_path` is deprecated";
        cx.warn(token, codes::DEPRECATED, message, help);
        checks.path.clone_from(&token.text);
    }),
    check!(
        active,
        "health_upstream <host>:<port>",
        |checks, token, cx| {
            check_address(token, cx)?;
            checks.upstream.clone_from(&token.text);
        }
    ),
    check!(active, "health_port <port>", |checks, token, cx| {
        if !checks.upstream.is_empty() {
            let message = "`health_port` has no effect beside `health_upstream`";
            let help = "put the port into `health_upstream`";
            return Err(cx.fail(token, codes::CONFLICT, message, help));
        }
        checks.port = integer(token, cx)?;
    }),
    Entry::<Proxy>::last(
        "health_headers",
        Shape::with_block(0, 0, Block::Maybe, "health_headers { <field> <values...> }"),
        |proxy, line, _| {
            let checks = active(proxy);
            checks.headers.clear();
            for segment in line.lines() {
                let values = checks
                    .headers
                    .entry(segment.name().text.clone())
                    .or_default();
                if segment.arguments().is_empty() {
                    values.push(String::new());
                }
                values.extend(segment.arguments().iter().map(|token| token.text.clone()));
            }
            Ok(())
        },
    ),
    check!(active, "health_method <method>", |checks, token, _cx| {
        checks.method.clone_from(&token.text);
    }),
    check!(
        active,
        "health_request_body <text>",
        |checks, token, _cx| {
            checks.body.clone_from(&token.text);
        }
    ),
    check!(
        active,
        "health_interval <length of time>",
        |checks, token, cx| {
            checks.interval = duration(token, cx)?;
        }
    ),
    check!(
        active,
        "health_timeout <length of time>",
        |checks, token, cx| {
            checks.timeout = duration(token, cx)?;
        }
    ),
    check!(active, "health_status <status>", |checks, token, cx| {
        checks.expect_status = status(token, cx)?;
    }),
    check!(active, "health_body <pattern>", |checks, token, _cx| {
        checks.expect_body.clone_from(&token.text);
    }),
    Entry::<Proxy>::many(
        "health_follow_redirects",
        Shape::arguments(0, 0, "health_follow_redirects"),
        |proxy, _, _| {
            active(proxy).follow_redirects = true;
            Ok(())
        },
    )
    .unbuilt(),
    check!(active, "health_passes <number>", |checks, token, cx| {
        checks.passes = integer(token, cx)?;
    }),
    check!(active, "health_fails <number>", |checks, token, cx| {
        checks.fails = integer(token, cx)?;
    }),
];

/// What is learnt from the requests of clients.
pub(super) const PASSIVE: &[Entry<Proxy>] = &[
    check!(
        passive,
        "fail_duration <length of time>",
        |checks, token, cx| {
            checks.fail_duration = duration(token, cx)?;
        }
    ),
    check!(passive, "max_fails <number>", |checks, token, cx| {
        checks.max_fails = integer(token, cx)?;
    }),
    check!(
        passive,
        "unhealthy_request_count <number>",
        |checks, token, cx| {
            checks.unhealthy_request_count = integer(token, cx)?;
        }
    ),
    Entry::<Proxy>::many(
        "unhealthy_status",
        Shape::arguments(1, usize::MAX, "unhealthy_status <statuses...>"),
        |proxy, line, cx| {
            for token in line.arguments {
                let status = status(token, cx)?;
                passive(proxy).unhealthy_status.push(status);
            }
            Ok(())
        },
    ),
    check!(
        passive,
        "unhealthy_latency <length of time>",
        |checks, token, cx| {
            checks.unhealthy_latency = duration(token, cx)?;
        }
    ),
];

/// The word that a form begins with.
const fn first_word(usage: &'static str) -> &'static str {
    let bytes = usage.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b' ' {
        end += 1;
    }
    usage.split_at(end).0
}

fn active(proxy: &mut Proxy) -> &mut ActiveHealthChecks {
    proxy
        .proxy
        .health_checks
        .get_or_insert_default()
        .active
        .get_or_insert_default()
}

fn passive(proxy: &mut Proxy) -> &mut PassiveHealthChecks {
    proxy
        .proxy
        .health_checks
        .get_or_insert_default()
        .passive
        .get_or_insert_default()
}

fn check_address(token: &Token, cx: &mut Context) -> Parsed<()> {
    let port = split_host_port(&token.text).map(|(_, port)| port);
    if port.is_some_and(|port| port.parse::<i64>().is_ok()) {
        return Ok(());
    }
    let message = format!("`{}` is no host and port", token.text);
    Err(cx.fail(token, codes::BAD_ADDRESS, message, "write `host:port`"))
}

/// A status, or the first digit of a class such as `2xx`.
fn status(token: &Token, cx: &mut Context) -> Parsed<i64> {
    let text = token.text.as_str();
    let class = text.strip_suffix("xx").filter(|_| text.len() == 3);
    class.unwrap_or(text).parse().map_err(|_| {
        let message = format!("`{text}` is no status");
        let help = "write a code such as `200` or a class such as `2xx`";
        cx.fail(token, codes::BAD_VALUE, message, help)
    })
}

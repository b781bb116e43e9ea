//! What a proxy changes about requests and responses, and how it passes them on.

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Proxy;
use crate::context::{Context, Parsed};
use crate::directives::header_ops::{Colon, HeaderChange};
use crate::model::{Duration, Headers, Rewrite};
use crate::spec::{Entry, Line, Shape};
use crate::values::duration::duration;
use crate::values::ip;
use crate::values::size::signed_size;

pub(super) const ENTRIES: &[Entry<Proxy>] = &[
    Entry::<Proxy>::many("header_up", Shape::arguments(1, 3, HEADER_UP), header_up),
    Entry::<Proxy>::many(
        "header_down",
        Shape::arguments(1, 3, HEADER_DOWN),
        header_down,
    ),
    Entry::<Proxy>::last(
        "flush_interval",
        Shape::arguments(1, 1, "flush_interval <length of time>|-1"),
        |proxy, line, cx| {
            proxy.proxy.flush_interval = nanoseconds(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::last(
        "request_buffers",
        Shape::arguments(1, 1, "request_buffers <size>|unlimited"),
        |proxy, line, cx| {
            proxy.proxy.request_buffers = buffer(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::last(
        "response_buffers",
        Shape::arguments(1, 1, "response_buffers <size>|unlimited"),
        |proxy, line, cx| {
            proxy.proxy.response_buffers = buffer(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::last(
        "stream_buffer_size",
        Shape::arguments(1, 1, "stream_buffer_size <size>|unlimited"),
        |proxy, line, cx| {
            proxy.proxy.stream_buffer_size = buffer(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::last(
        "stream_timeout",
        Shape::arguments(1, 1, "stream_timeout <length of time>"),
        |proxy, line, cx| {
            proxy.proxy.stream_timeout = nanoseconds(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::last(
        "stream_close_delay",
        Shape::arguments(1, 1, "stream_close_delay <length of time>"),
        |proxy, line, cx| {
            proxy.proxy.stream_close_delay = nanoseconds(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::many(
        "trusted_proxies",
        Shape::arguments(1, usize::MAX, "trusted_proxies <ranges...>|private_ranges"),
        |proxy, line, cx| {
            proxy
                .proxy
                .trusted_proxies
                .extend(ip::ranges(line.arguments, cx)?);
            Ok(())
        },
    ),
    Entry::<Proxy>::last(
        "method",
        Shape::arguments(1, 1, "method <method>"),
        |proxy, line, _| {
            line.text(0).clone_into(&mut rewrite(proxy, line).method);
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::last(
        "rewrite",
        Shape::arguments(1, 1, "rewrite <to>"),
        |proxy, line, _| {
            line.text(0).clone_into(&mut rewrite(proxy, line).uri);
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<Proxy>::once(
        "verbose_logs",
        Shape::arguments(0, 0, "verbose_logs"),
        |proxy, _, _| {
            proxy.proxy.verbose_logs = true;
            Ok(())
        },
    )
    .unbuilt(),
];

const HEADER_UP: &str = "header_up [+|-]<field> [<value>|<pattern>] [<replacement>]";
const HEADER_DOWN: &str = "header_down [+|-]<field> [<value>|<pattern>] [<replacement>]";

fn headers<'p>(proxy: &'p mut Proxy, line: &Line) -> &'p mut Headers {
    let origin = line.name.span.into();
    proxy.proxy.headers.get_or_insert_with(|| Headers {
        origin,
        ..Headers::default()
    })
}

fn rewrite<'p>(proxy: &'p mut Proxy, line: &Line) -> &'p mut Rewrite {
    let origin = line.name.span.into();
    proxy.proxy.rewrite.get_or_insert_with(|| Rewrite {
        origin,
        ..Rewrite::default()
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

/// A length of time, or a bare number of nanoseconds, of which `-1` has a meaning of its own.
fn nanoseconds(token: &Token, cx: &mut Context) -> Parsed<Duration> {
    match token.text.parse() {
        Ok(number) => Ok(Duration(number)),
        Err(_) => duration(token, cx),
    }
}

/// A size of a buffer; -1 when it has none.
fn buffer(token: &Token, cx: &mut Context) -> Parsed<i64> {
    if token.text == "unlimited" {
        Ok(-1)
    } else {
        signed_size(token, cx)
    }
}

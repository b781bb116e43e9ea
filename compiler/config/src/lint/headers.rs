//! Fields that `header` sets and every upstream sends.

use zs_diagnostics::codes;

use super::{Lints, nested};
use crate::model::{Handler, Headers, Route};

/// Fields that are in nearly every response and stand there once.
const SENT_ANYWAY: &[&str] = &[
    "Content-Length",
    "Content-Type",
    "Date",
    "Etag",
    "Last-Modified",
    "Server",
];

pub(super) fn check(routes: &[Route], lints: &mut Lints) {
    for (at, route) in routes.iter().enumerate() {
        for handler in &route.handle {
            if let Handler::Headers(headers) = handler
                // With a matcher it may be about what is not proxied.
                && route.matchers.is_empty()
                && routes[at..].iter().any(proxies)
            {
                report(headers, lints);
            }
            for routes in nested(handler) {
                check(routes, lints);
            }
        }
    }
}

fn proxies(route: &Route) -> bool {
    route.handle.iter().any(|handler| match handler {
        Handler::ReverseProxy(proxy) => proxy.handle_response.is_empty(),
        handler => nested(handler).into_iter().flatten().any(proxies),
    })
}

fn report(headers: &Headers, lints: &mut Lints) {
    let response = headers
        .response
        .iter()
        .filter(|response| !response.deferred && response.require.is_none());
    for field in response.flat_map(|response| response.ops.set.keys()) {
        if !SENT_ANYWAY
            .iter()
            .any(|sent| sent.eq_ignore_ascii_case(field))
        {
            continue;
        }
        let message = if field.eq_ignore_ascii_case("server") {
            format!("upstreams send `{field}` too, and theirs replaces this one")
        } else {
            format!("upstreams send `{field}` too, and clients get both")
        };
        let help = format!("write `header >{field} …`, which changes what the upstream sent");
        lints.warn(codes::SET_TWICE, headers.origin.span(), message, help);
    }
}

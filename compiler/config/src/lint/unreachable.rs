//! Handlers behind one that answers every request.

use std::collections::BTreeMap;

use zs_diagnostics::{Diagnostic, codes};

use super::{Lints, nested};
use crate::model::{Handler, Route, StatusCode};

pub(super) fn check(routes: &[Route], lints: &mut Lints) {
    let mut last: Option<&Handler> = None;
    let mut last_of_group: BTreeMap<&str, &Handler> = BTreeMap::new();
    for route in routes {
        let mut blocker = last.or_else(|| last_of_group.get(route.group.as_str()).copied());
        for handler in &route.handle {
            if let Some(blocker) = blocker {
                report(handler, blocker, lints);
                continue;
            }
            nested(handler)
                .into_iter()
                .for_each(|routes| check(routes, lints));
            blocker = answers(handler).then_some(handler);
        }
        if route.matchers.is_empty() {
            last = last.or(blocker);
            if let (false, Some(handler)) = (route.group.is_empty(), route.handle.last()) {
                last_of_group.entry(&route.group).or_insert(handler);
            }
        }
    }
}

fn report(handler: &Handler, blocker: &Handler, lints: &mut Lints) {
    let (place, before) = (handler.origin().span(), blocker.origin().span());
    // Several handlers can come of one directive.
    let (Some(name), true) = (name(handler), place != before) else {
        return;
    };
    let (code, help) = if matches!(blocker, Handler::Subroute(_)) {
        let help = "give the block a matcher, or put this into a `handle` of its own before it";
        (codes::SHADOWED, help)
    } else {
        let help = "give the one before it a matcher, or remove one of the two";
        (codes::UNREACHABLE, help)
    };
    let message = format!("no request reaches this {name}");
    let warning = Diagnostic::warning(code, place, message)
        .secondary(before, "every request is answered here before")
        .help(help);
    lints.report(warning);
}

/// What a handler does that would be missed.
fn name(handler: &Handler) -> Option<&'static str> {
    match handler {
        Handler::StaticResponse(_) => Some("response"),
        Handler::ReverseProxy(_) => Some("proxy"),
        Handler::FileServer(_) => Some("file server"),
        Handler::Error(_) => Some("error"),
        Handler::Subroute(_) => Some("block"),
        _ => None,
    }
}

/// Whether every request that comes to a handler is answered there.
fn answers(handler: &Handler) -> bool {
    match handler {
        Handler::StaticResponse(response) => {
            !matches!(response.status_code, Some(StatusCode::Code(100..=199)))
        }
        Handler::Error(_) => true,
        Handler::ReverseProxy(proxy) => proxy.handle_response.is_empty(),
        Handler::FileServer(files) => !files.pass_thru,
        Handler::Subroute(subroute) => {
            let routes = subroute.routes.iter();
            routes
                .filter(|route| route.matchers.is_empty())
                .any(|route| route.handle.iter().any(answers))
        }
        _ => false,
    }
}

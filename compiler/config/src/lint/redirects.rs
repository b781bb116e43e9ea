//! Redirects to where they come from.

use zs_diagnostics::codes;

use super::Lints;
use crate::model::{Handler, MatcherSet, Route, Server, StaticResponse, StatusCode};

/// What is known of the requests that reach a route; `None` where it hangs on more than their path and host.
#[derive(Clone, Default)]
struct Known<'r> {
    /// Lists of patterns, one of each of which matches.
    paths: Vec<&'r [String]>,
    /// Lists of names, one of each of which matches.
    hosts: Vec<&'r [String]>,
}

pub(super) fn check(server: &Server, lints: &mut Lints) {
    let secure = server
        .listen
        .iter()
        .all(|address| address.to_string().ends_with(":443"));
    let plain = server
        .listen
        .iter()
        .all(|address| address.to_string().ends_with(":80"));
    let scheme = match (plain, secure) {
        (true, false) => Some("http://"),
        (false, true) => Some("https://"),
        _ => None,
    };
    walk(&server.routes, &Known::default(), scheme, lints);
}

fn walk(routes: &[Route], around: &Known, scheme: Option<&str>, lints: &mut Lints) {
    for route in routes {
        let Some(known) = around.and(&route.matchers) else {
            continue;
        };
        for handler in &route.handle {
            match handler {
                // What comes after it is about another path.
                Handler::Rewrite(_) => return,
                Handler::StaticResponse(response) => report(response, &known, scheme, lints),
                Handler::Subroute(subroute) => walk(&subroute.routes, &known, scheme, lints),
                _ => {}
            }
        }
    }
}

impl<'r> Known<'r> {
    fn and<'a>(&self, sets: &'a [MatcherSet]) -> Option<Known<'a>>
    where
        'r: 'a,
    {
        let mut known: Known<'a> = self.clone();
        match sets {
            [] => {}
            [set] => {
                let bare = MatcherSet {
                    path: set.path.clone(),
                    host: set.host.clone(),
                    ..MatcherSet::default()
                };
                if *set != bare {
                    return None;
                }
                known
                    .paths
                    .extend(set.path.iter().map(|path| path.value.as_slice()));
                known
                    .hosts
                    .extend(set.host.iter().map(|host| host.value.as_slice()));
            }
            _ => return None,
        }
        Some(known)
    }

    fn has_path(&self, path: &str) -> bool {
        let matches = |pattern: &String| {
            let (pattern, path) = (pattern.to_ascii_lowercase(), path.to_ascii_lowercase());
            match pattern.strip_suffix('*') {
                Some(start) => !start.contains('*') && path.starts_with(start),
                None => pattern == path,
            }
        };
        self.paths
            .iter()
            .all(|patterns| patterns.iter().any(matches))
    }

    fn has_host(&self, host: &str) -> bool {
        !self.hosts.is_empty()
            && self
                .hosts
                .iter()
                .all(|names| names.iter().any(|name| name == host))
    }
}

fn report(response: &StaticResponse, known: &Known, scheme: Option<&str>, lints: &mut Lints) {
    let redirects = matches!(response.status_code, Some(StatusCode::Code(300..=399)));
    let target = response
        .headers
        .get("Location")
        .and_then(|values| values.first());
    let (true, Some(target)) = (redirects, target) else {
        return;
    };
    let place = match scheme.and_then(|scheme| target.strip_prefix(scheme)) {
        Some(rest) => {
            let end = rest.find(['/', '{']).unwrap_or(rest.len());
            let (host, place) = rest.split_at(end);
            if !known.has_host(host) {
                return;
            }
            place
        }
        None => target.as_str(),
    };
    let path = place.split(['?', '#']).next().unwrap_or_default();
    let same = place == "{http.request.uri}";
    let within = path.starts_with('/') && !path.contains('{') && known.has_path(path);
    if same || within {
        let message = format!("this redirects `{target}` to itself");
        let help = "give it a matcher that leaves the target out, such as `not path`";
        lints.warn(
            codes::REDIRECT_LOOP,
            response.origin.span(),
            message,
            help.to_owned(),
        );
    }
}

//! `rewrite [<matcher>] <to>`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::Parsed;
use crate::matchers::MatcherToken;
use crate::model::{Handler, Rewrite, Route};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::route(
    "rewrite",
    Shape::arguments(1, 2, "rewrite [<matcher>] <to>"),
    parse,
);

/// A single argument is the target, even one that looks like a path matcher.
fn parse(call: &mut Call) -> Parsed<Route> {
    let (matcher, to) = match call.line.arguments {
        [matcher, to, ..] => (Some(matcher), to),
        [to] => (None, to),
        [] => (None, call.line.name),
    };
    let matchers = match matcher
        .map(|token| call.definitions.resolve(token, call.cx))
        .transpose()?
    {
        Some(MatcherToken::Set(set)) => vec![*set],
        None | Some(MatcherToken::All) => Vec::new(),
        Some(MatcherToken::None) => {
            let token = &call.line.arguments[0];
            let message = format!("`{}` is no matcher", token.text);
            let help = "a target with spaces must be quoted";
            return Err(call.cx.fail(token, codes::BAD_MATCHER, message, help));
        }
    };
    let origin = call.origin().into();
    let rewrite = Rewrite {
        uri: to.text.clone(),
        origin,
        ..Rewrite::default()
    };
    Ok(Route {
        matchers,
        handle: vec![Handler::Rewrite(rewrite)],
        origin,
        ..Route::default()
    })
}

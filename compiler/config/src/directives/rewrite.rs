//! `rewrite [<matcher>] <to>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, Rewrite, Route};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::route(
    "rewrite",
    Shape::arguments(1, 2, "rewrite [<matcher>] <to>"),
    parse,
);

/// A single argument is the target, even one that looks like a path matcher.
fn parse(call: &mut Call) -> Parsed<Route> {
    let (matchers, to) = call.optional_matcher("a target with spaces must be quoted")?;
    let origin = call.origin().into();
    let rewrite = Rewrite {
        uri: to.text,
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

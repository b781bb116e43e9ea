//! `root [<matcher>] <path>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, Route, VarValue, Vars};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::route(
    "root",
    Shape::arguments(1, 2, "root [<matcher>] <path>"),
    parse,
);

/// A single argument is the path, even one that looks like a path matcher.
fn parse(call: &mut Call) -> Parsed<Route> {
    let help = "a path with spaces must be quoted";
    let (matchers, path) = call.optional_matcher(help)?;
    let value = VarValue::Text(path.text.clone());
    let origin = call.origin().into();
    Ok(Route {
        matchers,
        handle: vec![Handler::Vars(Vars {
            values: [("root".to_owned(), value)].into(),
            origin,
        })],
        origin,
        ..Route::default()
    })
}

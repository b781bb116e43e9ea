//! `handle_path <path> { <directives...> }`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::assemble::subroute::{Sorting, subroute};
use crate::context::Parsed;
use crate::model::{At, Handler, MatcherSet, Rewrite, Route};
use crate::spec::{Block, Shape};

pub(super) const DIRECTIVE: Directive = Directive::route(
    "handle_path",
    Shape::with_block(1, 1, Block::Maybe, "handle_path <path> { <directives...> }"),
    parse,
);

/// A `handle` for a path whose fixed part is taken off before the block's directives run.
fn parse(call: &mut Call) -> Parsed<Route> {
    let path = &call.line.arguments[0];
    if !path.text.starts_with('/') {
        let message = format!("`{}` is no path", path.text);
        let help = "`handle_path` takes one path that starts with `/`; use `handle` and `uri strip_prefix` with other matchers";
        return Err(call.cx.fail(path, codes::BAD_VALUE, message, help));
    }
    let prefix = path
        .text
        .strip_suffix("/*")
        .or(path.text.strip_suffix('*'))
        .unwrap_or(&path.text);
    let origin = call.origin().into();
    let strip = Rewrite {
        strip_path_prefix: prefix.to_owned(),
        origin,
        ..Rewrite::default()
    };
    let routes = call.block_routes()?;
    let mut handler = subroute(routes, Sorting::ByDirective, call.line.name, call.cx)?;
    handler.routes.insert(
        0,
        Route {
            handle: vec![Handler::Rewrite(strip)],
            origin,
            ..Route::default()
        },
    );
    let set = MatcherSet {
        path: Some(At::new(vec![path.text.clone()], path.span)),
        origin: path.span.into(),
        ..MatcherSet::default()
    };
    Ok(Route {
        matchers: vec![set],
        handle: vec![Handler::Subroute(handler)],
        origin,
        ..Route::default()
    })
}

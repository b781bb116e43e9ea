//! `method [<matcher>] <method>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, Rewrite};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "method",
    Shape::arguments(1, 1, "method [<matcher>] <method>"),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let (method, origin) = (call.line.text(0).to_owned(), call.origin().into());
    Ok(Handler::Rewrite(Rewrite {
        method,
        origin,
        ..Rewrite::default()
    }))
}

//! `fs [<matcher>] <file system>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, VarValue, Vars};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "fs",
    Shape::arguments(1, 1, "fs [<matcher>] <file system>"),
    parse,
)
.unbuilt();

fn parse(call: &mut Call) -> Parsed<Handler> {
    let value = VarValue::Text(call.line.text(0).to_owned());
    let origin = call.origin().into();
    Ok(Handler::Vars(Vars {
        values: [("fs".to_owned(), value)].into(),
        origin,
    }))
}

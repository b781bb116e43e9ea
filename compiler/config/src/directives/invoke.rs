//! `invoke [<matcher>] <named route>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, Invoke};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "invoke",
    Shape::arguments(1, 1, "invoke [<matcher>] <named route>"),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let token = &call.line.arguments[0];
    call.cx.invoked.push(token.clone());
    Ok(Handler::Invoke(Invoke {
        name: token.text.clone(),
        origin: call.origin().into(),
    }))
}

//! `request_header [<matcher>] [+|-]<field> [<value>|<pattern>] [<replacement>]`

use super::header_ops::{Colon, HeaderChange};
use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, HeaderOps, Headers};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "request_header",
    Shape::arguments(
        1,
        3,
        "request_header [<matcher>] [+|-]<field> [<value>|<pattern>] [<replacement>]",
    ),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let change = HeaderChange::parse(
        &call.line.arguments[0],
        &call.line.arguments[1..],
        Colon::Dropped,
        call.cx,
    )?;
    change.refuse_default(call.cx)?;
    let mut ops = HeaderOps::default();
    change.apply(&mut ops);
    Ok(Handler::Headers(Headers {
        request: Some(ops),
        response: None,
        origin: call.origin().into(),
    }))
}

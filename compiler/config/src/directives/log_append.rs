//! `log_append [<matcher>] [<]<key> <value>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, LogAppend};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "log_append",
    Shape::arguments(2, 2, "log_append [<matcher>] [<]<key> <value>"),
    parse,
)
.unbuilt();

fn parse(call: &mut Call) -> Parsed<Handler> {
    let (key, value) = (call.line.text(0), call.line.text(1).to_owned());
    // A `<` before the name asks for the value at once instead of after the response.
    let early = key.strip_prefix('<').filter(|key| !key.is_empty());
    Ok(Handler::LogAppend(LogAppend {
        key: early.unwrap_or(key).to_owned(),
        value,
        early: early.is_some(),
        origin: call.origin().into(),
    }))
}

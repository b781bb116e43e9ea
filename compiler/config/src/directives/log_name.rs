//! `log_name [<matcher>] <names...>`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, VarValue, Vars};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "log_name",
    Shape::arguments(1, usize::MAX, "log_name [<matcher>] <names...>"),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let names = VarValue::List(call.line.texts());
    let origin = call.origin().into();
    Ok(Handler::Vars(Vars {
        values: [("access_logger_names".to_owned(), names)].into(),
        origin,
    }))
}

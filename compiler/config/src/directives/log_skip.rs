//! `log_skip [<matcher>]`, and `skip_log`, its older name

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, VarValue, Vars};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "log_skip",
    Shape::arguments(0, 0, "log_skip [<matcher>]"),
    parse,
);

pub(super) const OLD: Directive = Directive::handler(
    "skip_log",
    Shape::arguments(0, 0, "log_skip [<matcher>]"),
    |call| {
        let message = "`skip_log` is deprecated";
        let help = "write `log_skip`";
        call.cx
            .warn(call.line.name, codes::DEPRECATED, message, help);
        parse(call)
    },
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let origin = call.origin().into();
    Ok(Handler::Vars(Vars {
        values: [("log_skip".to_owned(), VarValue::Bool(true))].into(),
        origin,
    }))
}

//! `copy_response [<matcher>] [<status>] { status <status> }`, inside `handle_response`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{CopyResponse, Handler};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};
use crate::values::status::status;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "copy_response",
    Shape::with_block(0, 1, Block::Maybe, "copy_response [<matcher>] [<status>]"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<CopyResponse> = Grammar {
    vocabulary: Vocabulary::Subdirective("copy_response"),
    entries: &[&[Entry::<CopyResponse>::last(
        "status",
        Shape::arguments(1, 1, "status <status>"),
        |copy, line, cx| {
            copy.status_code = Some(status(&line.arguments[0], cx)?);
            Ok(())
        },
    )
    .unbuilt()]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut copy = CopyResponse {
        origin: call.origin().into(),
        ..CopyResponse::default()
    };
    if let Some(token) = call.line.arguments.first() {
        if call.line.block.is_some() {
            let message = "the status stands on the first line already";
            let help = "remove the block";
            return Err(call.cx.fail(token, codes::WRONG_ARGUMENTS, message, help));
        }
        copy.status_code = Some(status(token, call.cx)?);
    }
    GRAMMAR.apply_all(call.line.lines(), &mut copy, call.cx)?;
    Ok(Handler::CopyResponse(copy))
}

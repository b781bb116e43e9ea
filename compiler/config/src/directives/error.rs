//! `error [<matcher>] <status>|<message> [<status>] { message <text> }`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, StaticError};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::status::{looks_like_status, status};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "error",
    Shape::with_block(
        1,
        2,
        Block::Maybe,
        "error [<matcher>] <status>|<message> [<status>]",
    ),
    parse,
);

pub(super) const GRAMMAR: Grammar<StaticError> = Grammar {
    vocabulary: Vocabulary::Subdirective("error"),
    entries: &[&[Entry::once(
        "message",
        Shape::arguments(1, 1, "message <text>"),
        message,
    )]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut error = StaticError {
        origin: call.origin().into(),
        ..StaticError::default()
    };
    match call.line.arguments {
        [code] if looks_like_status(&code.text) => error.status_code = Some(status(code, call.cx)?),
        [text] => error.error = text.text.clone(),
        [text, code, ..] => {
            error.error = text.text.clone();
            error.status_code = Some(status(code, call.cx)?);
        }
        [] => {}
    }
    GRAMMAR.apply_all(call.line.lines(), &mut error, call.cx)?;
    Ok(Handler::Error(error))
}

fn message(error: &mut StaticError, line: &Line, cx: &mut Context) -> Parsed<()> {
    if !error.error.is_empty() {
        let help = "keep either the argument or the line in the block";
        return Err(cx.fail(
            line.name,
            codes::DUPLICATE_SETTING,
            "the message is given twice",
            help,
        ));
    }
    error.error = line.text(0).to_owned();
    Ok(())
}

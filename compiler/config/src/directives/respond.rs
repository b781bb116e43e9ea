//! `respond [<matcher>] <status>|<body> [<status>] { body <text>; close }`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, StaticResponse};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::status::{looks_like_status, status};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "respond",
    Shape::with_block(
        1,
        2,
        Block::Maybe,
        "respond [<matcher>] <status>|<body> [<status>]",
    ),
    parse,
);

pub(super) const GRAMMAR: Grammar<StaticResponse> = Grammar {
    vocabulary: Vocabulary::Subdirective("respond"),
    entries: &[&[
        Entry::once("body", Shape::arguments(1, 1, "body <text>"), body),
        Entry::once(
            "close",
            Shape::arguments(0, 0, "close"),
            |response, _, _| {
                response.close = true;
                Ok(())
            },
        ),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut response = StaticResponse {
        origin: call.origin().into(),
        ..StaticResponse::default()
    };
    match call.line.arguments {
        [code] if looks_like_status(&code.text) => {
            response.status_code = Some(status(code, call.cx)?)
        }
        [text] => response.body = text.text.clone(),
        [text, code, ..] => {
            response.body = text.text.clone();
            response.status_code = Some(status(code, call.cx)?);
        }
        [] => {}
    }
    GRAMMAR.apply_all(call.line.lines(), &mut response, call.cx)?;
    Ok(Handler::StaticResponse(response))
}

fn body(response: &mut StaticResponse, line: &Line, cx: &mut Context) -> Parsed<()> {
    if !response.body.is_empty() {
        let help = "keep either the argument or the line in the block";
        return Err(cx.fail(
            line.name,
            codes::DUPLICATE_SETTING,
            "the body is given twice",
            help,
        ));
    }
    response.body = line.text(0).to_owned();
    Ok(())
}

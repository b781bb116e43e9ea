//! `intercept [<matcher>] { @<name> ...; replace_status ...; handle_response ... }`

use super::responses::{self, Responses};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, Intercept};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "intercept",
    Shape::with_block(0, 0, Block::Maybe, "intercept [<matcher>] { ... }"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<Responses> = Grammar {
    vocabulary: Vocabulary::Subdirective("intercept"),
    entries: &[&[
        Entry::<Responses>::many(
            "replace_status",
            responses::REPLACE,
            Responses::replace_status,
        )
        .unbuilt(),
        Entry::<Responses>::many(
            "handle_response",
            responses::HANDLE,
            |responses, line, _| {
                responses.handle_later(line);
                Ok(())
            },
        )
        .unbuilt(),
    ]],
    other: Some(other),
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut responses = Responses::default();
    GRAMMAR.apply_all(call.line.lines(), &mut responses, call.cx)?;
    let handle_response = responses.finish(call)?;
    let origin = call.origin().into();
    Ok(Handler::Intercept(Intercept {
        handle_response,
        origin,
    }))
}

fn other(responses: &mut Responses, line: &Line, cx: &mut Context) -> Parsed<()> {
    if responses::is_matcher(line) {
        return responses.define(line, cx);
    }
    GRAMMAR.unknown(line, cx)
}

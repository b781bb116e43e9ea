//! `copy_response_headers [<matcher>] { include <fields...>; exclude <fields...> }`, inside `handle_response`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{CopyResponseHeaders, Handler};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "copy_response_headers",
    Shape::with_block(
        0,
        0,
        Block::Maybe,
        "copy_response_headers [<matcher>] { ... }",
    ),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<CopyResponseHeaders> = Grammar {
    vocabulary: Vocabulary::Subdirective("copy_response_headers"),
    entries: &[&[
        Entry::<CopyResponseHeaders>::many(
            "include",
            Shape::arguments(1, usize::MAX, "include <fields...>"),
            |copy, line, _| {
                copy.include.extend(line.texts());
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<CopyResponseHeaders>::many(
            "exclude",
            Shape::arguments(1, usize::MAX, "exclude <fields...>"),
            |copy, line, _| {
                copy.exclude.extend(line.texts());
                Ok(())
            },
        )
        .unbuilt(),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut copy = CopyResponseHeaders {
        origin: call.origin().into(),
        ..CopyResponseHeaders::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut copy, call.cx)?;
    Ok(Handler::CopyResponseHeaders(copy))
}

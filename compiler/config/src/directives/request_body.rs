//! `request_body [<matcher>] { max_size <size>; set <text> }`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, RequestBody};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};
use crate::values::size::signed_size;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "request_body",
    Shape::with_block(0, 0, Block::Maybe, "request_body [<matcher>] { ... }"),
    parse,
);

pub(super) const GRAMMAR: Grammar<RequestBody> = Grammar {
    vocabulary: Vocabulary::Subdirective("request_body"),
    entries: &[&[
        Entry::<RequestBody>::last(
            "max_size",
            Shape::arguments(1, 1, "max_size <size>"),
            |body, line, cx| {
                body.max_size = signed_size(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
        Entry::<RequestBody>::last(
            "set",
            Shape::arguments(1, 1, "set <text>"),
            |body, line, _| {
                line.text(0).clone_into(&mut body.set);
                Ok(())
            },
        ),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut body = RequestBody {
        origin: call.origin().into(),
        ..RequestBody::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut body, call.cx)?;
    Ok(Handler::RequestBody(body))
}

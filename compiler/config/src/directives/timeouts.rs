//! `timeouts [<matcher>] { read_timeout ...; write_timeout ...; max_write_chunk ... }`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, Timeouts};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};
use crate::values::duration::duration;
use crate::values::number::integer;
use crate::values::size::signed_size;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "timeouts",
    Shape::with_block(0, 0, Block::Maybe, "timeouts [<matcher>] { ... }"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<Timeouts> = Grammar {
    vocabulary: Vocabulary::Subdirective("timeouts"),
    entries: &[&[
        Entry::<Timeouts>::last(
            "read_timeout",
            Shape::arguments(1, 2, "read_timeout <length of time> [<bytes per second>]"),
            |timeouts, line, cx| {
                timeouts.read_timeout = duration(&line.arguments[0], cx)?;
                if let Some(rate) = line.arguments.get(1) {
                    timeouts.read_min_rate = integer(rate, cx)?;
                }
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Timeouts>::last(
            "write_timeout",
            Shape::arguments(1, 2, "write_timeout <length of time> [<bytes per second>]"),
            |timeouts, line, cx| {
                timeouts.write_timeout = duration(&line.arguments[0], cx)?;
                if let Some(rate) = line.arguments.get(1) {
                    timeouts.write_min_rate = integer(rate, cx)?;
                }
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Timeouts>::last(
            "max_write_chunk",
            Shape::arguments(1, 1, "max_write_chunk <size>"),
            |timeouts, line, cx| {
                timeouts.max_write_chunk = signed_size(&line.arguments[0], cx)?;
                Ok(())
            },
        )
        .unbuilt(),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut timeouts = Timeouts {
        origin: call.origin().into(),
        ..Timeouts::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut timeouts, call.cx)?;
    Ok(Handler::Timeouts(timeouts))
}

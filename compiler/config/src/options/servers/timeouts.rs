//! `timeouts` of a server.

use super::ServerOptions;
use crate::context::{Context, Parsed};
use crate::model::{Duration, Server};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, value_word};
use crate::values::duration::duration;
use crate::values::number::integer;
use crate::values::size::signed_size;

pub(super) const ENTRIES: &[Entry<ServerOptions>] = &[Entry::many(
    "timeouts",
    Shape::with_block(0, 0, Block::Maybe, "timeouts { ... }"),
    |options, line, cx| GRAMMAR.apply_all(line.lines(), &mut options.settings, cx),
)];

pub(crate) const GRAMMAR: Grammar<Server> = Grammar {
    vocabulary: Vocabulary::Subdirective("timeouts"),
    entries: &[&[
        value_word!("read_body", "<length of time>", duration => read_timeout),
        value_word!("read_header", "<length of time>", duration => read_header_timeout),
        value_word!("write", "<length of time>", duration => write_timeout),
        value_word!("idle", "<length of time>", duration => idle_timeout),
        Entry::last(
            "read_body_idle",
            Shape::arguments(1, 2, "read_body_idle <length of time> [<bytes per second>]"),
            |server, line, cx| {
                let (time, rate) = progress(line, cx)?;
                server.read_idle_timeout = time;
                server.read_min_rate = rate.unwrap_or(server.read_min_rate);
                Ok(())
            },
        ),
        Entry::last(
            "write_idle",
            Shape::arguments(1, 2, "write_idle <length of time> [<bytes per second>]"),
            |server, line, cx| {
                let (time, rate) = progress(line, cx)?;
                server.write_idle_timeout = time;
                server.write_min_rate = rate.unwrap_or(server.write_min_rate);
                Ok(())
            },
        ),
        Entry::unbuilt(value_word!("write_max_chunk", "<size>", signed_size => max_write_chunk)),
    ]],
    other: None,
};

/// A time without progress, and the rate that counts as progress.
fn progress(line: &Line, cx: &mut Context) -> Parsed<(Duration, Option<i64>)> {
    let time = duration(&line.arguments[0], cx)?;
    let rate = line.arguments.get(1);
    let rate = rate.map(|rate| integer(rate, cx)).transpose()?;
    if rate.is_some_and(|rate| rate != 0) {
        let message = "a rate that counts as progress is not supported yet";
        let help = "leave the rate out: then any byte counts";
        let code = zs_diagnostics::codes::UNSUPPORTED_SUBDIRECTIVE;
        cx.refuse_building(&line.arguments[1], code, message, help);
    }
    Ok((time, rate))
}

//! Options that only serve plugins: `events`, `filesystem`; and `ech`, whose publication needs one.

use super::Options;
use crate::context::{Context, Parsed};
use crate::model::EchName;
use crate::plugins;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::tls::issuers::dns;

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::many(
        "events",
        Shape::with_block(0, 0, Block::Maybe, "events { on <event> <handler> ... }"),
        |options, line, cx| {
            options.events = true;
            EVENTS.apply_all(line.lines(), &mut (), cx)
        },
    ),
    Entry::foreign(Entry::many(
        "filesystem",
        Shape::with_block(
            2,
            usize::MAX,
            Block::Maybe,
            "filesystem <name> <module> ...",
        ),
        |_, line, cx| Err(plugins::refuse(&line.arguments[1], "file system", cx)),
    )),
    Entry::unbuilt(Entry::last(
        "ech",
        Shape::with_block(1, usize::MAX, Block::Maybe, "ech <names...>"),
        ech,
    )),
];

const EVENTS: Grammar<()> = Grammar {
    vocabulary: Vocabulary::Subdirective("events"),
    entries: &[&[Entry::many(
        "on",
        Shape::with_block(2, usize::MAX, Block::Maybe, "on <event> <handler> ..."),
        |_, line, cx| Err(plugins::refuse(&line.arguments[1], "event handler", cx)),
    )]],
    other: None,
};

const ECH: Grammar<()> = Grammar {
    vocabulary: Vocabulary::Subdirective("ech"),
    entries: &[&[Entry::many(
        "dns",
        Shape::with_block(1, usize::MAX, Block::Maybe, "dns <provider> ..."),
        |_, line, cx| Err(dns::refuse_provider(line, cx)),
    )]],
    other: None,
};

fn ech(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    ECH.apply_all(line.lines(), &mut (), cx)?;
    let names = line.texts().into_iter();
    options.ech = names.map(|public_name| EchName { public_name }).collect();
    Ok(())
}

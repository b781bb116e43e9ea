//! `bind <addresses...>`

use super::{Call, Directive, Effect};
use crate::context::Parsed;
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::site(
    "bind",
    Shape::with_block(1, usize::MAX, Block::Maybe, "bind <addresses...>"),
    parse,
);

pub(super) const GRAMMAR: Grammar<()> = Grammar {
    vocabulary: Vocabulary::Subdirective("bind"),
    entries: &[&[Entry::not_yet("protocols")]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Effect> {
    GRAMMAR.apply_all(call.line.lines(), &mut (), call.cx)?;
    Ok(Effect::Bind(call.line.arguments.to_vec()))
}

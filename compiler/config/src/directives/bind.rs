//! `bind <addresses...> { protocols ... }`

use zs_syntax::Token;

use super::{Call, Directive, Effect};
use crate::context::{Context, Parsed};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

/// Addresses to listen on, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bind {
    /// The addresses.
    pub(crate) addresses: Vec<Token>,
    /// The protocols there; those of the server when none.
    pub(crate) protocols: Vec<String>,
}

impl Bind {
    /// Reads a line with addresses and perhaps a block.
    pub(crate) fn parse(line: &Line, cx: &mut Context) -> Parsed<Self> {
        let mut bind = Bind {
            addresses: line.arguments.to_vec(),
            protocols: Vec::new(),
        };
        GRAMMAR.apply_all(line.lines(), &mut bind, cx)?;
        Ok(bind)
    }

    /// Where challenges are answered: on the first of the addresses.
    pub(crate) fn host(&self) -> &str {
        self.addresses
            .first()
            .map_or("", |token| token.text.as_str())
    }
}

pub(super) const DIRECTIVE: Directive = Directive::site(
    "bind",
    Shape::with_block(1, usize::MAX, Block::Maybe, "bind <addresses...>"),
    |call: &mut Call| Bind::parse(&call.line, call.cx).map(Effect::Bind),
);

pub(super) const GRAMMAR: Grammar<Bind> = Grammar {
    vocabulary: Vocabulary::Subdirective("bind"),
    entries: &[&[Entry::unbuilt(Entry::last(
        "protocols",
        Shape::arguments(1, usize::MAX, "protocols <protocols...>"),
        |bind, line, _| {
            bind.protocols = line.texts();
            Ok(())
        },
    ))]],
    other: None,
};

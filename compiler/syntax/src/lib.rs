//! Caddyfile text to tokens and a block tree.
//!
//! Comes in: a source text, and a [`Host`] that answers for environment variables and imported files. Goes out: a
//! [`Tree`] of blocks and segments whose tokens know where they were written and through which imports they came.
//! Stages inside: `substitute` (`{$NAME}`), `lexer` (words and line ends), `expand` (snippets and imports),
//! the grammar (blocks). Left out on purpose: what any word means.

#![forbid(unsafe_code)]

mod arguments;
mod dump;
mod expand;
mod format;
mod glob;
mod heredoc;
mod host;
mod import;
mod lexer;
mod limits;
mod parse;
mod substitute;
mod terminal;
mod token;
mod tree;
mod unset;

lalrpop_util::lalrpop_mod!(
    #[allow(
        clippy::all,
        missing_docs,
        unused_imports,
        unused_parens,
        reason = "generated code has a style of its own"
    )]
    grammar
);

pub use dump::{dump_tokens, dump_tree};
pub use format::format;
pub use glob::matches as glob_matches;
pub use host::{Host, MapHost, SystemHost};
pub use lexer::lex;
pub use limits::{BLOCK_DEPTH_MAX, TOKENS_MAX};
pub use parse::parse;
pub use token::{ImportId, ImportSite, Imports, Quote, Token};
pub use tree::{Segment, ServerBlock, SourceNames, Tree};

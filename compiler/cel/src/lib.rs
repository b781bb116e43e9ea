//! Expressions of the `expression` matcher: text to a typed tree.
//!
//! Comes in: a [`Source`], the text of an expression and where it is written. Goes out: a typed [`Expr`] of type bool, or
//! diagnostics. The language is the Common Expression Language with what Caddy adds: placeholders, request matchers as
//! functions, and the extensions for strings, bindings, lists and math. Stages inside: `placeholders` (`{name}` becomes
//! `ph(req, "name")`, in the text, as Caddy does it), `token`, the grammar, `check` (macros, names, types).
//!
//! Left out on purpose: any evaluation; a later stage turns the tree into code. What a matcher says about its arguments
//! (a pattern, an address range) is checked where that matcher is built, for expressions as for any other use of it.

#![forbid(unsafe_code)]

mod check;
mod conversion;
mod function;
mod limits;
mod literal;
mod matcher;
mod node;
mod parse;
mod placeholders;
mod print;
mod signature;
mod source;
mod token;
mod tree;
mod types;
mod unify;

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

use zs_diagnostics::Sink;

pub use function::Function;
pub use limits::{DEPTH_MAX, TEXT_CHARS_MAX};
pub use matcher::Matcher;
pub use source::Source;
pub use tree::{Arguments, Comprehension, Constant, Entry, Expr, Kind, Range, VariableId};
pub use types::Type;

/// Compiles an expression. Errors go to the sink; none is returned then.
pub fn compile(source: &Source, sink: &mut Sink) -> Option<Expr> {
    let expanded = placeholders::expand(source, sink)?;
    let node = parse::parse(&expanded, sink)?;
    check::check(&node, &expanded, sink)
}

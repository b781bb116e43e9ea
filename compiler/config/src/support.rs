//! The table of what works, from the same lists that the parsers use.

use crate::spec::Grammar;
use crate::{directives, matchers, options};

/// What a row of the table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A directive.
    Directive,
    /// A word in a directive's block, written `directive.word`.
    Subdirective,
    /// A request matcher.
    Matcher,
    /// A global option.
    Option,
}

/// Whether one feature works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportRow {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Whether it works.
    pub supported: bool,
}

/// Every feature that is known by name, directives in their standard order.
#[must_use]
pub fn support_table() -> Vec<SupportRow> {
    let mut rows: Vec<SupportRow> = directives::all()
        .map(|directive| SupportRow {
            kind: Kind::Directive,
            name: directive.name.to_owned(),
            supported: directive.is_supported(),
        })
        .collect();
    directives::add_subdirectives(&mut rows);
    add(&mut rows, Kind::Matcher, "", &matchers::GRAMMAR);
    add(&mut rows, Kind::Option, "", &options::GRAMMAR);
    rows
}

/// Adds the words of a grammar, with a prefix.
pub(crate) fn add<T>(rows: &mut Vec<SupportRow>, kind: Kind, prefix: &str, grammar: &Grammar<T>) {
    rows.extend(grammar.all().map(|entry| SupportRow {
        kind,
        name: format!("{prefix}{}", entry.name),
        supported: entry.is_supported(),
    }));
}

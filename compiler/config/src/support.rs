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

/// What becomes of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It works as under Caddy.
    Works,
    /// It is accepted with this warning, a sentence that names the observable difference.
    Differs(&'static str),
    /// It is read and adapted, and refused when a site is built, with this next step.
    Unbuilt(&'static str),
    /// Only modules of third parties give it a meaning, so it is refused where it stands, also when it is only adapted.
    Foreign,
}

impl Status {
    /// Refused when a site is built, with the next step that always helps.
    pub(crate) const UNBUILT: Status = Status::Unbuilt(SERVE_WITH_CADDY);
}

/// The next step for what is known but not there.
pub(crate) const SERVE_WITH_CADDY: &str = "remove it, or serve this site with Caddy for now";

/// What becomes of one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportRow {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub status: Status,
}

/// Every feature that is known by name, directives in their standard order.
#[must_use]
pub fn support_table() -> Vec<SupportRow> {
    let mut rows: Vec<SupportRow> = directives::all()
        .map(|directive| SupportRow {
            kind: Kind::Directive,
            name: directive.name.to_owned(),
            status: directive.status(),
        })
        .collect();
    directives::add_subdirectives(&mut rows);
    add(&mut rows, Kind::Matcher, "", &matchers::GRAMMAR);
    add(&mut rows, Kind::Option, "", &options::GRAMMAR);
    options::add_words(&mut rows);
    rows
}

/// Adds the words of a grammar, with a prefix.
pub(crate) fn add<T>(rows: &mut Vec<SupportRow>, kind: Kind, prefix: &str, grammar: &Grammar<T>) {
    rows.extend(grammar.all().map(|entry| SupportRow {
        kind,
        name: format!("{prefix}{}", entry.name),
        status: entry.status(),
    }));
}

/// Adds the words of a grammar that stand in the block of something: where that cannot be built, its words cannot either.
pub(crate) fn add_of<T>(
    rows: &mut Vec<SupportRow>,
    kind: Kind,
    prefix: &str,
    grammar: &Grammar<T>,
    owner: Status,
) {
    let first = rows.len();
    add(rows, kind, prefix, grammar);
    if matches!(owner, Status::Unbuilt(_)) {
        rows[first..].iter_mut().for_each(|row| row.status = owner);
    }
}

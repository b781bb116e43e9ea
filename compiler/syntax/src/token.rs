//! Words with the places that they come from.

use zs_diagnostics::{Diagnostic, Span};

/// How a word was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Bare.
    None,
    /// In double quotes.
    Double,
    /// In backticks.
    Backtick,
    /// As a heredoc.
    Heredoc,
}

/// A word.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it says, without quotes.
    pub text: String,
    /// How it was written. A brace is structure only when bare.
    pub quote: Quote,
    /// Where it is written.
    pub span: Span,
    /// Through which import it got where it is.
    pub import: Option<ImportId>,
    /// The line it starts on, counting lines that a backslash joins as one.
    pub(crate) line: u32,
    /// The line it ends on.
    pub(crate) line_end: u32,
}

impl Token {
    /// Whether it was written in quotes of any kind.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.quote != Quote::None
    }

    pub(crate) fn is_bare(&self, text: &str) -> bool {
        self.quote == Quote::None && self.text == text
    }

    pub(crate) fn opens(&self) -> bool {
        self.is_bare("{")
    }

    pub(crate) fn closes(&self) -> bool {
        self.is_bare("}")
    }

    /// Whether this word starts a new line after `previous`. Words that came through different imports, or from different
    /// files, never share a line.
    pub(crate) fn starts_line_after(&self, previous: &Token) -> bool {
        self.span.file != previous.span.file
            || self.import != previous.import
            || self.line != previous.line_end
    }
}

/// Names an [`ImportSite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportId(u32);

/// One execution of an `import`.
#[derive(Clone, Debug)]
pub struct ImportSite {
    /// The `import` and its first argument.
    pub span: Span,
    /// The import through which that `import` itself came.
    pub parent: Option<ImportId>,
    /// What was imported: `(snippet)` or a path.
    pub(crate) target: String,
}

/// All executions of imports, in order.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    sites: Vec<ImportSite>,
}

impl Imports {
    pub(crate) fn add(&mut self, site: ImportSite) -> ImportId {
        self.sites.push(site);
        ImportId(self.sites.len() as u32 - 1)
    }

    /// The import and those around it, innermost first.
    pub fn chain(&self, import: Option<ImportId>) -> impl Iterator<Item = &ImportSite> {
        let site = |id: ImportId| &self.sites[id.0 as usize];
        std::iter::successors(import.map(site), move |current| current.parent.map(site))
    }

    /// Adds the places through which a token came to a diagnostic about it. Of a long chain only the nearest few help.
    #[must_use]
    pub fn explain(&self, import: Option<ImportId>, mut diagnostic: Diagnostic) -> Diagnostic {
        const PLACES_MAX: usize = 4;
        for site in self.chain(import).take(PLACES_MAX) {
            diagnostic = diagnostic.secondary(site.span, "imported here");
        }
        diagnostic
    }
}

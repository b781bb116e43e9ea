//! Where stages put their diagnostics.

use crate::{Diagnostic, Severity};

/// Collects diagnostics in the order in which they are reported.
#[derive(Debug, Default)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a diagnostic. One that was reported before, word for word at the same place, is dropped: a snippet that is
    /// imported twice would otherwise repeat itself. So are those beyond [`Sink::SAME_SEVERITY_MAX`] of a severity.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let same = self
            .diagnostics
            .iter()
            .filter(|other| other.severity == diagnostic.severity)
            .count();
        if same < Self::SAME_SEVERITY_MAX && !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Nobody reads more than this, and it bounds what a hostile configuration can make us print.
    pub const SAME_SEVERITY_MAX: usize = 200;

    /// Whether the configuration is refused.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    /// How many errors were reported.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count()
    }

    /// Everything reported so far.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Hands out everything reported so far and starts anew.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }
}

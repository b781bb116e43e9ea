//! Where stages put their diagnostics.

use crate::{Code, Diagnostic, Severity};

/// Collects diagnostics in the order in which they are reported.
#[derive(Debug, Default)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
    allowed: Vec<Code>,
}

impl Sink {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches a warning off: from now on those with this code are dropped.
    pub fn allow(&mut self, code: Code) {
        self.allowed.push(code);
    }

    /// Takes a diagnostic. One that says the same about the same place as an earlier one is dropped: a snippet that is
    /// imported twice would otherwise repeat itself. So are those beyond [`Sink::SAME_SEVERITY_MAX`] of a severity.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let same_severity = self
            .diagnostics
            .iter()
            .filter(|other| other.severity == diagnostic.severity);
        let told = |other: &Diagnostic| {
            other.code == diagnostic.code
                && other.primary.span == diagnostic.primary.span
                && other.message == diagnostic.message
        };
        let warning = diagnostic.severity == Severity::Warning;
        if warning && self.allowed.contains(&diagnostic.code) {
            return;
        }
        if same_severity.count() < Self::SAME_SEVERITY_MAX && !self.diagnostics.iter().any(told) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SourceMap, Span, codes};

    #[test]
    fn the_same_is_told_once() {
        let file = SourceMap::new().add("Caddyfile", "word");
        let at = |start| {
            Diagnostic::error(
                codes::UNKNOWN_DIRECTIVE,
                Span::new(file, start, start + 1),
                "unknown",
            )
        };
        let mut sink = Sink::new();
        sink.report(at(0));
        sink.report(at(0).secondary(Span::new(file, 2, 3), "imported here"));
        sink.report(at(1));
        assert_eq!((sink.diagnostics().len(), sink.error_count()), (2, 2));
    }

    #[test]
    fn warnings_can_be_switched_off_and_errors_cannot() {
        let file = SourceMap::new().add("Caddyfile", "");
        let place = Span::new(file, 0, 0);
        let mut sink = Sink::new();
        sink.allow(codes::SUSPICIOUS);
        sink.report(Diagnostic::warning(codes::SUSPICIOUS, place, "odd"));
        sink.report(Diagnostic::error(codes::SUSPICIOUS, place, "wrong"));
        assert_eq!((sink.diagnostics().len(), sink.error_count()), (1, 1));
    }

    #[test]
    fn an_error_is_kept_after_any_number_of_warnings() {
        let file = SourceMap::new().add("Caddyfile", "");
        let mut sink = Sink::new();
        for number in 0..Sink::SAME_SEVERITY_MAX + 10 {
            sink.report(Diagnostic::warning(
                codes::NO_EFFECT,
                Span::new(file, 0, 0),
                number.to_string(),
            ));
        }
        sink.report(Diagnostic::error(
            codes::BAD_VALUE,
            Span::new(file, 0, 0),
            "bad",
        ));
        assert_eq!(sink.diagnostics().len(), Sink::SAME_SEVERITY_MAX + 1);
        assert!(sink.has_errors());
    }
}

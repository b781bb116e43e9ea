//! Refusing open values where their text must be known.

use zs_diagnostics::{Diagnostic, Label, Severity, Sink, SourceMap, codes};

use crate::{OpenValue, OpenValues, ids};

impl OpenValue {
    /// An error that says that the value must be known, and `reason` why.
    #[must_use]
    pub fn refusal(&self, reason: impl Into<String>) -> Diagnostic {
        let message = format!("`{self}` must be known when the site is built");
        let help = format!(
            "leave out `--runtime-env {}`; `zeroserve explain {}` lists what can be open",
            self.name,
            codes::OPEN_VALUE
        );
        Diagnostic::error(codes::OPEN_VALUE, self.span, message)
            .label(reason)
            .help(help)
    }
}

/// Puts what users wrote in the place of markers. An error about a word that
/// holds an open value becomes one about that value: it is refused because it
/// is not known, whatever else is expected there.
pub fn explain(open: &OpenValues, sources: &SourceMap, sink: &mut Sink) {
    if open.is_empty() {
        return;
    }
    for diagnostic in sink.take() {
        let error = diagnostic.severity == Severity::Error;
        // What is wrong with two things together is wrong for every value.
        let other = ![codes::OPEN_VALUE, codes::CONFLICT].contains(&diagnostic.code);
        let about = (error && other)
            .then(|| subject(open, &diagnostic, sources))
            .flatten();
        sink.report(match about {
            Some(value) => value.refusal(open.spelled(&diagnostic.message)),
            None => spelled(open, diagnostic),
        });
    }
}

/// The open value that an error is about: one that its sentence shows, or that
/// stands in the one word that it underlines.
fn subject<'o>(
    open: &'o OpenValues,
    diagnostic: &Diagnostic,
    sources: &SourceMap,
) -> Option<&'o OpenValue> {
    let texts = [&diagnostic.message, &diagnostic.primary.text];
    let named = texts.into_iter().flat_map(|text| ids(text)).next();
    if let Some(id) = named {
        return open.value(id);
    }
    let span = diagnostic.primary.span;
    let word = !sources.text(span).contains(char::is_whitespace);
    let inside = |value: &&OpenValue| {
        let within = span.start <= value.span.start && value.span.end <= span.end;
        value.span.file == span.file && within
    };
    open.iter()
        .map(|(_, value)| value)
        .find(inside)
        .filter(|_| word)
}

fn spelled(open: &OpenValues, diagnostic: Diagnostic) -> Diagnostic {
    let label = |label: Label| Label {
        text: open.spelled(&label.text),
        ..label
    };
    Diagnostic {
        message: open.spelled(&diagnostic.message),
        primary: label(diagnostic.primary),
        secondary: diagnostic.secondary.into_iter().map(label).collect(),
        help: diagnostic.help.map(|help| open.spelled(&help)),
        ..diagnostic
    }
}

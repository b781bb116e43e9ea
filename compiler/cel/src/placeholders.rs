//! Placeholders to calls, in the text: `{name}` becomes `ph(req, "name")`, and `\{name}` becomes `{name}`.
//!
//! This is what Caddy does before it reads an expression, so it also happens inside of quotes, and a placeholder that
//! directly follows another one stays as it is.

use zs_diagnostics::{Diagnostic, Sink, Span, codes};

use crate::Source;
use crate::limits::TEXT_CHARS_MAX;

/// The text with calls in the place of placeholders, and where each of its parts comes from.
#[derive(Debug)]
pub(crate) struct Expanded<'s> {
    pub(crate) text: String,
    source: &'s Source,
    parts: Vec<Part>,
}

/// A part of the expanded text.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Where it starts in the expanded text.
    start: usize,
    /// Where what it stands for starts in the text as written.
    written: usize,
    /// Whether it stands for itself, byte for byte.
    same: bool,
}

impl Expanded<'_> {
    /// The place of a range of the expanded text.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let from = self.written(start, false);
        let to = self.written(end, true);
        self.source.span(from, to.max(from))
    }

    /// Where an offset comes from; inside of a replaced part its start, or its end.
    fn written(&self, at: usize, is_end: bool) -> usize {
        let before = |part: &Part| part.start < at || (!is_end && part.start == at);
        let index = self.parts.partition_point(before).saturating_sub(1);
        let Some(part) = self.parts.get(index) else {
            return at;
        };
        if part.same {
            return part.written + (at - part.start);
        }
        match self.parts.get(index + 1) {
            Some(next) if is_end => next.written,
            None if is_end => self.source.text().len(),
            _ => part.written,
        }
    }
}

/// Expands the placeholders of an expression.
pub(crate) fn expand<'s>(source: &'s Source, sink: &mut Sink) -> Option<Expanded<'s>> {
    let text = source.text();
    let mut expanded = Expanded {
        text: String::with_capacity(text.len() + 64),
        source,
        parts: Vec::new(),
    };
    let mut copied = 0;
    for (at, place) in places(text) {
        let (length, replacement) = match place {
            Place::Placeholder(name) => (name.len() + 2, format!("ph(req, \"{name}\")")),
            Place::Escaped(name) => (name.len() + 3, format!("{{{name}}}")),
        };
        expanded.copy(text, copied, at);
        expanded.parts.push(Part {
            start: expanded.text.len(),
            written: at,
            same: false,
        });
        expanded.text.push_str(&replacement);
        copied = at + length;
    }
    expanded.copy(text, copied, text.len());
    if expanded.text.chars().count() > TEXT_CHARS_MAX {
        let message = format!("the expression is longer than {TEXT_CHARS_MAX} characters");
        let whole = source.span(0, text.len());
        let error = Diagnostic::error(codes::LIMIT_EXCEEDED, whole, message);
        sink.report(error.help("split it over several named matchers"));
        return None;
    }
    Some(expanded)
}

impl Expanded<'_> {
    fn copy(&mut self, text: &str, from: usize, to: usize) {
        self.parts.push(Part {
            start: self.text.len(),
            written: from,
            same: true,
        });
        self.text.push_str(&text[from..to]);
    }
}

enum Place<'t> {
    Placeholder(&'t str),
    Escaped(&'t str),
}

/// All placeholders of a text in order, with where they start: at the brace, or at the backslash before it.
///
/// A placeholder needs one character before it that belongs to no other placeholder, unless the text starts with it. The
/// escapes are found in what the placeholders leave, which is the same as finding both in one go: neither contains the
/// start of the other.
fn places(text: &str) -> Vec<(usize, Place<'_>)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut taken = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'{' {
            at += 1;
            continue;
        }
        let Some(name) = name(&text[at + 1..]) else {
            at += 1;
            continue;
        };
        let end = at + name.len() + 2;
        if at > 0 && bytes[at - 1] == b'\\' {
            found.push((at - 1, Place::Escaped(name)));
        } else if at == 0 || at > taken {
            found.push((at, Place::Placeholder(name)));
            taken = end;
        }
        at = end;
    }
    found
}

/// The name that a text starts with, when a brace closes it.
fn name(text: &str) -> Option<&str> {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        .count();
    let name = &text[..length];
    let fits = length >= 2
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && text[length..].starts_with('}');
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zs_diagnostics::SourceMap;

    fn expanded(text: &str) -> String {
        let source = Source::word(text, Span::default());
        expand(&source, &mut Sink::new()).expect("short").text
    }

    #[test]
    fn placeholders_become_calls() {
        assert_eq!(expanded("{a.b} == 'x'"), "ph(req, \"a.b\") == 'x'");
        assert_eq!(expanded("'{ab}'"), "'ph(req, \"ab\")'");
        assert_eq!(expanded("'\\{ab}'"), "'{ab}'");
        assert_eq!(expanded("{a} {1b} {a b}"), "{a} {1b} {a b}");
        assert_eq!(expanded("{ab}{cd}"), "ph(req, \"ab\"){cd}");
    }

    #[test]
    fn places_are_those_of_the_text_as_written() {
        let mut map = SourceMap::new();
        let file = map.add("Caddyfile", "`{ab} + {cd}`");
        let source = Source::word("{ab} + {cd}", Span::new(file, 0, 13));
        let expanded = expand(&source, &mut Sink::new()).expect("short");
        let at = |part: &str| {
            let start = expanded.text.find(part).expect("a part");
            map.text(expanded.span(start, start + part.len()))
        };
        assert_eq!(at("ph(req, \"ab\")"), "{ab}");
        assert_eq!(at("\"cd\""), "{cd}");
        assert_eq!(at("+"), "+");
    }
}

//! `{$NAME}` and `{$NAME:default}` in the raw text, before it is split into tokens.

use zs_diagnostics::{FileId, SourceMap, Span};
use zs_open::{OpenValue, OpenValues};

use crate::Host;

/// A text with environment variables put in, which still knows where each byte comes from.
#[derive(Debug)]
pub(crate) struct Substituted {
    /// The text to be lexed.
    pub(crate) text: String,
    /// Variables that left nothing because they are not set.
    pub(crate) unset: Vec<UnsetVariable>,
    /// Where the character that begins markers comes from elsewhere, if anything is left open.
    pub(crate) reserved: Option<Span>,
    file: FileId,
    pieces: Vec<Piece>,
}

/// A variable that is not set and has no default.
#[derive(Clone, Debug)]
pub(crate) struct UnsetVariable {
    /// Its name.
    pub(crate) name: String,
    /// Where it is asked for.
    pub(crate) span: Span,
}

/// A stretch of the text: either copied from the source or put in for a variable.
#[derive(Clone, Copy, Debug)]
struct Piece {
    text_start: usize,
    source_start: usize,
    source_end: usize,
    copied: bool,
}

impl Substituted {
    /// Puts variables in. A value is not looked at again. `{$}` and an unclosed `{$` stay as they are. Variables that
    /// are left open are added to `open`.
    pub(crate) fn new(
        sources: &SourceMap,
        file: FileId,
        host: &dyn Host,
        open: &mut OpenValues,
    ) -> Self {
        let source = &*sources.file(file).text;
        let mut out = Substituted {
            text: String::with_capacity(source.len()),
            unset: Vec::new(),
            reserved: None,
            file,
            pieces: Vec::new(),
        };
        if !host.left_open().is_empty() {
            let first = source.find(zs_open::FIRST).map(|at| at as u32);
            out.reserved =
                first.map(|at| Span::new(file, at, at + zs_open::FIRST.len_utf8() as u32));
        }
        let mut at = 0;
        while let Some(start) = source[at..].find("{$").map(|found| at + found) {
            let Some(end) = source[start..].find('}').map(|found| start + found + 1) else {
                break;
            };
            let name = &source[start + 2..end - 1];
            if name.is_empty() {
                out.copy(source, at, end);
            } else {
                out.copy(source, at, start);
                out.insert(
                    name,
                    Span::new(file, start as u32, end as u32),
                    host,
                    |value| {
                        open.add(OpenValue {
                            file: sources.file(file).name.clone(),
                            line: sources.position(value.span).line,
                            ..value
                        })
                        .marker()
                    },
                );
            }
            at = end;
        }
        out.copy(source, at, source.len());
        out
    }

    /// Leaves variables where they are. What stands in them is made one word of the same length.
    pub(crate) fn verbatim(file: FileId, source: &str) -> Self {
        let mut masked = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(start) = rest.find("{$") {
            let Some(length) = rest[start..].find('}') else {
                break;
            };
            let (before, variable) = (&rest[..start], &rest[start..start + length]);
            masked.push_str(before);
            let special =
                |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'`' | b'\\');
            masked.extend(
                variable
                    .chars()
                    .map(|character| match u8::try_from(character) {
                        Ok(byte) if special(byte) => '_',
                        _ => character,
                    }),
            );
            rest = &rest[start + length..];
        }
        masked.push_str(rest);
        let mut out = Substituted {
            text: String::new(),
            unset: Vec::new(),
            reserved: None,
            file,
            pieces: Vec::new(),
        };
        out.copy(&masked, 0, masked.len());
        out
    }

    fn copy(&mut self, source: &str, start: usize, end: usize) {
        if start < end || self.pieces.is_empty() {
            let text_start = self.text.len();
            self.pieces.push(Piece {
                text_start,
                source_start: start,
                source_end: end,
                copied: true,
            });
            self.text.push_str(&source[start..end]);
        }
    }

    fn insert(
        &mut self,
        content: &str,
        span: Span,
        host: &dyn Host,
        open: impl FnOnce(OpenValue) -> String,
    ) {
        let (name, default) = match content.split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (content, None),
        };
        let value = if host.left_open().iter().any(|open| open == name) {
            Some(open(OpenValue {
                name: name.to_owned(),
                default: default.map(str::to_owned),
                span,
                file: String::new(),
                line: 0,
                counts: false,
            }))
        } else {
            let value = host.variable(name);
            let marks = |value: &String| value.contains(zs_open::FIRST);
            if !host.left_open().is_empty() && value.as_ref().is_some_and(marks) {
                self.reserved = Some(span);
            }
            value.or_else(|| default.map(str::to_owned))
        };
        if value.is_none() {
            self.unset.push(UnsetVariable {
                name: name.to_owned(),
                span,
            });
        }
        self.pieces.push(Piece {
            text_start: self.text.len(),
            source_start: span.range().start,
            source_end: span.range().end,
            copied: false,
        });
        self.text.push_str(&value.unwrap_or_default());
    }

    /// The source span of a range of the text. A variable's value has the span of the whole `{$…}`.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let from = self.piece_at(start);
        let source_start = if from.copied {
            from.source_start + (start - from.text_start)
        } else {
            from.source_start
        };
        // The last byte decides where the range ends, so that a range before a variable stops before it.
        let last = if end > start {
            self.piece_at(end - 1)
        } else {
            from
        };
        let source_end = if last.copied {
            last.source_start + (end - last.text_start)
        } else {
            last.source_end
        };
        Span::new(self.file, source_start as u32, source_end as u32)
    }

    fn piece_at(&self, offset: usize) -> Piece {
        let after = self
            .pieces
            .partition_point(|piece| piece.text_start <= offset);
        self.pieces[after.saturating_sub(1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MapHost;

    fn check(source: &str, expected: &str) -> Substituted {
        let variables = [("A", "one two"), ("EMPTY", ""), ("B", "{$A}")];
        let variables = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let host = MapHost {
            variables,
            ..MapHost::default()
        };
        let mut sources = SourceMap::new();
        let file = sources.add("Caddyfile", source);
        let out = Substituted::new(&sources, file, &host, &mut OpenValues::default());
        assert_eq!(out.text, expected, "for {source}");
        out
    }

    #[test]
    fn values_defaults_and_leftovers() {
        check("", "");
        check("x {$A} y", "x one two y");
        check("{$A}{$A}", "one twoone two");
        check("{$NONE}|{$NONE:d:e}|{$EMPTY:d}", "|d:e|");
        check("{$B}", "{$A}");
        check("{$} {$A", "{$} {$A");
    }

    #[test]
    fn spans_point_into_the_source() {
        let out = check("ab {$A} cd", "ab one two cd");
        let range = |start, end| out.span(start, end).range();
        assert_eq!(range(0, 2), 0..2);
        assert_eq!(range(3, 6), 3..7);
        assert_eq!(range(7, 10), 3..7);
        assert_eq!(range(11, 13), 8..10);
        assert_eq!(range(13, 13), 10..10);
        assert_eq!(check("{$NONE} {", " {").unset.len(), 1);
    }
}

//! Source texts and places in them.

use std::fmt;
use std::ops::Range;

/// Names one text in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// The file at a position of its map, for places that were written down as numbers.
    #[must_use]
    pub fn from_index(index: u32) -> Self {
        FileId(index)
    }

    /// The file's position in its map.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file{}", self.0)
    }
}

/// A range of bytes in one file, `start` included and `end` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the offsets point into.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// Makes a span from byte offsets.
    #[must_use]
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Span {
            file,
            start,
            end: end.max(start),
        }
    }

    /// The smallest span that covers both, or `self` when they lie in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The bytes as a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The place that configuration without a source text has: the first byte of the first file. A configuration built by
/// hand (in tests, or from JSON) carries it.
impl Default for Span {
    fn default() -> Self {
        Span {
            file: FileId(0),
            start: 0,
            end: 0,
        }
    }
}

/// A place as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One text with its name.
#[derive(Debug)]
pub struct SourceFile {
    /// The name as shown to people, usually the path as given.
    pub name: String,
    /// The whole text. Spans point into it.
    pub text: String,
    line_starts: Vec<u32>,
}

impl SourceFile {
    fn new(name: String, text: String) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at as u32 + 1),
        );
        SourceFile {
            name,
            text,
            line_starts,
        }
    }

    /// Line and column of a byte offset; an offset past the end counts as the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let offset = self.floor_boundary(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset) - 1;
        let from = self.line_starts[line] as usize;
        let column = self.text[from..offset as usize].chars().count() as u32 + 1;
        Position {
            line: line as u32 + 1,
            column,
        }
    }

    /// The text of a line (from 1) without its line end, or the empty string when there is no such line.
    #[must_use]
    pub fn line(&self, line: u32) -> &str {
        self.text
            .lines()
            .nth(line.saturating_sub(1) as usize)
            .unwrap_or("")
    }

    /// A span's range in this text, cut back to character boundaries and to the text's length.
    #[must_use]
    pub fn clamp(&self, span: Span) -> Range<usize> {
        let start = self.floor_boundary(span.start);
        let end = self.floor_boundary(span.end).max(start);
        start as usize..end as usize
    }

    fn floor_boundary(&self, offset: u32) -> u32 {
        let mut at = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at as u32
    }
}

/// All texts of one compilation.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and returns its number.
    ///
    /// # Panics
    /// When the text is longer than [`SourceMap::TEXT_BYTES_MAX`]; the caller checks that with a diagnostic first.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        assert!(text.len() <= Self::TEXT_BYTES_MAX, "source text too long");
        let id = FileId(self.files.len() as u32);
        self.files.push(SourceFile::new(name.into(), text));
        id
    }

    /// The file of that number.
    ///
    /// # Panics
    /// When the number comes from another map.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.index()]
    }

    /// All files in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(index, file)| (FileId(index as u32), file))
    }

    /// Line and column where a span starts.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.start)
    }

    /// The text that a span covers.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        let file = self.file(span.file);
        &file.text[file.clamp(span)]
    }

    /// `name:line:column`, as in messages and listings.
    #[must_use]
    pub fn describe(&self, span: Span) -> String {
        match self.files.get(span.file.index()) {
            Some(file) => {
                let Position { line, column } = file.position(span.start);
                format!("{}:{line}:{column}", file.name)
            }
            None => "?".to_owned(),
        }
    }

    /// The longest text that spans can address with room to spare; no configuration comes near it.
    pub const TEXT_BYTES_MAX: usize = 1 << 30;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut map = SourceMap::new();
        let id = map.add("Caddyfile", "a\nbü c\n");
        let at = |start| map.position(Span::new(id, start, start));
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(2), Position { line: 2, column: 1 });
        assert_eq!(at(6), Position { line: 2, column: 4 });
        assert_eq!(
            at(4),
            at(3),
            "an offset inside a character counts as its start"
        );
        assert_eq!(at(999), Position { line: 3, column: 1 });
        assert_eq!(map.text(Span::new(id, 2, 5)), "bü");
        assert_eq!(map.describe(Span::new(id, 6, 7)), "Caddyfile:2:4");
    }

    #[test]
    fn joining_keeps_to_one_file() {
        let mut map = SourceMap::new();
        let (a, b) = (map.add("a", "xxxx"), map.add("b", "yyyy"));
        assert_eq!(
            Span::new(a, 2, 3).to(Span::new(a, 0, 1)),
            Span::new(a, 0, 3)
        );
        assert_eq!(
            Span::new(a, 2, 3).to(Span::new(b, 0, 1)),
            Span::new(a, 2, 3)
        );
    }
}

//! The text of an expression and where it is written.

use zs_diagnostics::Span;

/// The text of an expression, made of one or more words of a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    text: String,
    words: Vec<Word>,
}

/// A part of the text that comes from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    /// Where the part starts in the text.
    start: usize,
    /// Where it ends in the text.
    end: usize,
    /// Where it is written.
    span: Span,
    /// How many bytes before the text the span starts, for an opening quote; none when what is written is not what is
    /// read (escapes, environment variables, import arguments, heredocs).
    lead: Option<u32>,
}

impl Source {
    /// An expression that is a single word, quoted or not. The text is without the quotes; the span is with them.
    #[must_use]
    pub fn word(text: &str, span: Span) -> Self {
        let mut source = Source::default();
        source.push(text, span);
        source
    }

    /// Adds a word after a blank. The text has its quotes if the expression is to have them.
    pub fn push(&mut self, text: &str, span: Span) {
        if !self.words.is_empty() {
            self.text.push(' ');
        }
        let start = self.text.len();
        self.text.push_str(text);
        // The same number of bytes is taken for the same bytes. Where that is wrong a label stands at a wrong place inside
        // the right word, no more.
        let written = (span.end - span.start) as usize;
        let lead = match written.checked_sub(text.len()) {
            Some(0) => Some(0),
            Some(2) => Some(1),
            _ => None,
        };
        self.words.push(Word {
            start,
            end: self.text.len(),
            span,
            lead,
        });
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a range of the text.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let first = self.words.partition_point(|word| word.end < start);
        let last = self.words.partition_point(|word| word.start < end);
        let first = self.words.get(first).or(self.words.last());
        let last = self.words.get(last.saturating_sub(1)).or(first);
        match (first, last) {
            (Some(first), Some(last)) => first.part(start, end).to(last.part(start, end)),
            _ => Span::default(),
        }
    }
}

impl Word {
    /// The place of the part of a range that lies in this word.
    fn part(&self, start: usize, end: usize) -> Span {
        let Some(lead) = self.lead else {
            return self.span;
        };
        let place = |at: usize| {
            let inside = at.clamp(self.start, self.end) - self.start;
            self.span.start + lead + inside as u32
        };
        Span::new(self.span.file, place(start), place(end))
    }
}

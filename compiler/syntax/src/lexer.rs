//! Text to words. The rules are Caddy's: white space separates; `"` and a backtick quote at the start of a word; `#` at the
//! start of a word begins a comment; a backslash at the end of a line joins it with the next; `<<MARK` begins a heredoc.

use logos::Logos;
use zs_diagnostics::{Diagnostic, FileId, Sink, SourceMap, codes};
use zs_open::OpenValues;

use crate::heredoc::{self, Opening};
use crate::limits::FILE_BYTES_MAX;
use crate::substitute::{Substituted, UnsetVariable};
use crate::{Host, Quote, Token, unset};

/// The raw pieces of a text. Quoted words and heredocs are completed by hand from their first piece.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    #[regex(r"[^\S\n]+")]
    Blank,
    #[token("\n")]
    LineEnd,
    #[regex(r"#[^\n]*", allow_greedy = true)]
    Comment,
    #[token("\"")]
    DoubleQuote,
    #[token("`")]
    Backtick,
    /// A backslash before white space, a quote or a comment.
    #[token("\\")]
    Backslash,
    #[regex(r#"([^\s"`#\\]|\\[^\s"`#])\S*"#)]
    Word,
}

/// The words of a file.
#[derive(Debug)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) unset: Vec<UnsetVariable>,
}

/// Splits a file into words, after environment variables are put in. Errors go to the sink; none is returned then.
pub fn lex(
    sources: &SourceMap,
    file: FileId,
    host: &dyn Host,
    sink: &mut Sink,
) -> Option<Vec<Token>> {
    lex_file(sources, file, host, &mut OpenValues::default(), sink).map(|lexed| lexed.tokens)
}

pub(crate) fn lex_file(
    sources: &SourceMap,
    file: FileId,
    host: &dyn Host,
    open: &mut OpenValues,
    sink: &mut Sink,
) -> Option<Lexed> {
    let substituted = Substituted::new(sources, file, host, open);
    if substituted.text.len() > FILE_BYTES_MAX {
        let message = format!(
            "the text is longer than {FILE_BYTES_MAX} bytes after environment variables are put in"
        );
        sink.report(Diagnostic::error(
            codes::LIMIT_EXCEEDED,
            substituted.span(0, 0),
            message,
        ));
        return None;
    }
    if let Some(span) = substituted.reserved {
        let code = u32::from(zs_open::FIRST);
        let message = format!("the text holds U+{code:04X}, which is no character");
        sink.report(Diagnostic::error(codes::BAD_VALUE, span, message).help("remove it"));
        return None;
    }
    let source = &sources.file(file).text;
    if host.refuses_unset() && unset::refuse(file, source, &substituted.unset, sink) {
        return None;
    }
    match Lexer::new(&substituted).run() {
        Ok(tokens) => Some(Lexed {
            tokens,
            unset: substituted.unset,
        }),
        Err(diagnostic) => {
            sink.report(*diagnostic);
            None
        }
    }
}

/// Splits a text into words as it stands. Environment variables are asked for but not put in: each `{$NAME}` is a word, or
/// a part of one, whatever stands in its default.
pub(crate) fn lex_verbatim(file: FileId, text: &str, sink: &mut Sink) -> Option<Vec<Token>> {
    let source = Substituted::verbatim(file, text);
    match Lexer::new(&source).run() {
        Ok(tokens) => Some(tokens),
        Err(diagnostic) => {
            sink.report(*diagnostic);
            None
        }
    }
}

pub(crate) type Failure = Box<Diagnostic>;

struct Lexer<'a> {
    source: &'a Substituted,
    pieces: logos::Lexer<'a, Piece>,
    tokens: Vec<Token>,
    line: u32,
    /// A backslash stands before the next piece.
    escape: bool,
    /// Where the text starts, after a byte order mark.
    base: usize,
}

impl<'a> Lexer<'a> {
    fn new(source: &'a Substituted) -> Self {
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let base = source.text.len() - text.len();
        Lexer {
            source,
            pieces: Piece::lexer(text),
            tokens: Vec::new(),
            line: 0,
            escape: false,
            base,
        }
    }

    fn run(mut self) -> Result<Vec<Token>, Failure> {
        while let Some(piece) = self.pieces.next() {
            // The pieces cover every text: any character that is no white space and no special one starts a word.
            let Ok(piece) = piece else { continue };
            match piece {
                Piece::Blank | Piece::Comment => {}
                Piece::LineEnd => {
                    // A joined line does not count, so the words around it stand on one line.
                    if !std::mem::take(&mut self.escape) {
                        self.line += 1;
                    }
                }
                Piece::Backslash => self.escape = true,
                Piece::DoubleQuote => self.double_quoted()?,
                Piece::Backtick => self.backticked()?,
                Piece::Word => self.word()?,
            }
        }
        Ok(self.tokens)
    }

    fn start(&self) -> usize {
        self.base + self.pieces.span().start
    }

    fn end(&self) -> usize {
        self.base + self.pieces.span().end
    }

    /// Adds a word that began at `start` and ends where the pieces have got to, covering `breaks` line ends.
    fn push(&mut self, start: usize, text: String, quote: Quote, breaks: u32) {
        let span = self.source.span(start, self.end());
        let line_end = self.line + breaks;
        self.tokens.push(Token {
            text,
            quote,
            span,
            import: None,
            line: self.line,
            line_end,
        });
        self.line = line_end;
        self.escape = false;
    }

    fn unclosed(&self, what: &str) -> Failure {
        let start = self.start();
        let span = self.source.span(start, start + 1);
        let diagnostic =
            Diagnostic::error(codes::UNCLOSED_TOKEN, span, format!("{what} is not closed"));
        Box::new(
            diagnostic
                .label("opened here")
                .help("quotes may span lines; add the closing one"),
        )
    }

    fn double_quoted(&mut self) -> Result<(), Failure> {
        let start = self.start();
        let rest = self.pieces.remainder();
        let mut text = String::new();
        let mut escaped = self.escape;
        for (at, character) in rest.char_indices() {
            if escaped {
                // Only the quote can be escaped; any other backslash stands for itself.
                if character != '"' {
                    text.push('\\');
                }
                escaped = false;
                text.push(character);
            } else if character == '\\' {
                escaped = true;
            } else if character == '"' {
                let breaks = line_ends(&rest[..at]);
                self.pieces.bump(at + 1);
                self.push(start, text, Quote::Double, breaks);
                return Ok(());
            } else {
                text.push(character);
            }
        }
        Err(self.unclosed("the quoted word"))
    }

    fn backticked(&mut self) -> Result<(), Failure> {
        let start = self.start();
        let rest = self.pieces.remainder();
        let Some(at) = rest.find('`') else {
            return Err(self.unclosed("the word in backticks"));
        };
        let text = &rest[..at];
        self.pieces.bump(at + 1);
        self.push(start, text.to_owned(), Quote::Backtick, line_ends(text));
        Ok(())
    }

    fn word(&mut self) -> Result<(), Failure> {
        let start = self.start();
        if !self.escape && self.pieces.slice().starts_with("<<") {
            return self.heredoc(start);
        }
        let (text, joins) = unescape(self.pieces.slice(), self.escape);
        self.push(start, text, Quote::None, 0);
        if joins {
            let rest = self.pieces.remainder();
            let blanks = rest.len() - rest.trim_start_matches('\r').len();
            if rest[blanks..].starts_with('\n') {
                self.pieces.bump(blanks + 1);
            }
        }
        Ok(())
    }

    fn heredoc(&mut self, start: usize) -> Result<(), Failure> {
        let text = &self.source.text[start..];
        match heredoc::open(text) {
            Opening::Word(length) => {
                self.bump_to(start + length);
                let word = text[..length].replace('\r', "");
                self.push(start, word, Quote::None, 0);
            }
            Opening::Bad { length, problem } => {
                let span = self.source.span(start, start + length);
                let diagnostic = Diagnostic::error(codes::BAD_HEREDOC, span, problem);
                return Err(Box::new(diagnostic.help(
                    "write `<<NAME`, with letters, digits, `-` and `_`, at the end of the line",
                )));
            }
            Opening::Heredoc { marker, body } => {
                let closed = heredoc::close(text, marker, body).map_err(|problem| {
                    let span = self
                        .source
                        .span(start + problem.range.start, start + problem.range.end);
                    let opened = self.source.span(start, start + body - 1);
                    let diagnostic = Diagnostic::error(codes::BAD_HEREDOC, span, problem.message);
                    Box::new(
                        diagnostic
                            .secondary(opened, "the heredoc starts here")
                            .help(problem.help),
                    )
                })?;
                let breaks = line_ends(&text[..closed.length]);
                self.bump_to(start + closed.length);
                self.push(start, closed.value, Quote::Heredoc, breaks);
            }
        }
        Ok(())
    }

    fn bump_to(&mut self, end: usize) {
        let length = end.saturating_sub(self.end());
        self.pieces.bump(length);
    }
}

/// A bare word's text: a backslash before `<` and one before white space are dropped, all others stand for themselves.
/// Says too whether the word ends in a backslash.
fn unescape(raw: &str, mut escaped: bool) -> (String, bool) {
    let mut text = String::with_capacity(raw.len());
    for character in raw.chars() {
        if character == '\\' && !escaped {
            escaped = true;
            continue;
        }
        if escaped && character != '<' {
            text.push('\\');
        }
        escaped = false;
        text.push(character);
    }
    (text, escaped)
}

fn line_ends(text: &str) -> u32 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u32
}

//! The standard layout of a Caddyfile, as `caddy fmt` has it: tabs for blocks, one space between words, braces at the end
//! of their line, at most one empty line.
//!
//! Only white space and line ends move. Words, comments, quotes, heredocs and `{$NAME}` are written as they were, and
//! what is written is read again: if it were not the same words on the same lines, the text would stay as it is.

use zs_diagnostics::{FileId, Sink};

use crate::Token;
use crate::lexer::lex_verbatim;

/// Lays a text out. Errors, such as a quote that is not closed, go to the sink; nothing is returned then.
#[must_use]
pub fn format(file: FileId, text: &str, sink: &mut Sink) -> Option<String> {
    let tokens = lex_verbatim(file, text, sink)?;
    if variable_may_quote(text) || is_unusual(text, &tokens) {
        return Some(text.to_owned());
    }
    let out = render(items(text, &tokens));
    Some(if same_words(file, &tokens, &out) && settled(file, &out) {
        out
    } else {
        text.to_owned()
    })
}

/// Whether a variable that is empty would let what follows it begin a quoted word, a heredoc or a comment, within which
/// white space counts or does not.
fn variable_may_quote(text: &str) -> bool {
    let ends = text.split("{$").skip(1);
    let after = ends.filter_map(|rest| rest.split_once('}'));
    after
        .map(|(_, after)| after)
        .any(|after| after.starts_with(['"', '`', '<', '#', '\\']))
}

/// Whether there are words whose meaning hangs on the white space around them: one that ends in a backslash takes the line
/// end with it, and one that stands behind a closing brace does not begin a line.
fn is_unusual(text: &str, tokens: &[Token]) -> bool {
    let joins = |token: &Token| !token.is_quoted() && text[token.span.range()].ends_with('\\');
    let behind = |pair: &[Token]| {
        pair[0].closes() && !pair[1].closes() && !pair[1].starts_line_after(&pair[0])
    };
    tokens.iter().any(joins) || tokens.windows(2).any(behind)
}

/// What stands in a text: a word or a comment, with what is before it.
#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    kind: Kind,
    /// As it is written.
    raw: &'a str,
    /// Line ends before it: none, one, or more (an empty line).
    breaks: u8,
    /// The line before it ends in a backslash, which joins the two.
    joined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Open,
    Close,
    Comment,
}

/// The items of a text: its words, and the comments between them.
fn items<'a>(text: &'a str, tokens: &[Token]) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut end = 0;
    for token in tokens {
        let range = token.span.range();
        let mut gap = Gap::default();
        gap.read(&text[end..range.start], &mut items);
        // A backslash right before a quote makes it part of a word.
        let start = range.start - usize::from(gap.escape);
        let raw = &text[start..range.end];
        let kind = if token.opens() {
            Kind::Open
        } else if token.closes() {
            Kind::Close
        } else {
            Kind::Word
        };
        items.push(gap.item(kind, raw));
        end = range.end;
    }
    Gap::default().read(&text[end..], &mut items);
    items
}

/// What is read between two words.
#[derive(Debug, Default)]
struct Gap {
    breaks: u8,
    /// A backslash before the line end.
    joined: bool,
    /// A backslash that nothing has followed yet.
    escape: bool,
}

impl Gap {
    fn read<'a>(&mut self, mut text: &'a str, items: &mut Vec<Item<'a>>) {
        while let Some(character) = text.chars().next() {
            match character {
                '#' => {
                    let comment = text.split('\n').next().unwrap_or(text);
                    items.push(self.item(Kind::Comment, comment.trim_end()));
                    *self = Gap::default();
                    text = &text[comment.len()..];
                    continue;
                }
                '\\' => self.escape = true,
                '\n' if std::mem::take(&mut self.escape) => self.joined = true,
                '\n' => self.breaks = (self.breaks + 1).min(2),
                _ => {}
            }
            text = &text[character.len_utf8()..];
        }
    }

    fn item<'a>(&self, kind: Kind, raw: &'a str) -> Item<'a> {
        Item {
            kind,
            raw,
            breaks: self.breaks,
            joined: self.joined && self.breaks == 0,
        }
    }
}

/// Writes items in the standard layout.
fn render(mut items: Vec<Item>) -> String {
    put_braces_before_comments(&mut items);
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut before = None;
    let mut import_line = false;
    for item in &items {
        let closes = item.kind == Kind::Close && depth > 0;
        depth -= usize::from(closes);
        let breaks = match before {
            None => 0,
            Some(before) => breaks(item, closes, before, depth, import_line),
        };
        if matches!(item.kind, Kind::Word | Kind::Comment) && (before.is_none() || breaks > 0) {
            import_line = depth == 0 && item.raw == "import";
        }
        if breaks > 0 {
            out.extend(std::iter::repeat_n('\n', breaks));
            indent(&mut out, depth);
        } else if item.joined && before.is_some() {
            out.push_str(" \\\n");
            indent(&mut out, depth + 1);
        } else if before.is_some() {
            out.push(' ');
        }
        out.push_str(item.raw);
        before = Some(Before {
            kind: if item.kind == Kind::Close && !closes {
                Kind::Word
            } else {
                item.kind
            },
            top: depth == 0,
        });
        depth += usize::from(item.kind == Kind::Open);
    }
    let text = out.trim();
    if text.is_empty() {
        return String::new();
    }
    format!("{text}\n")
}

/// What was written last.
#[derive(Clone, Copy)]
struct Before {
    kind: Kind,
    /// Whether it stands outside of all blocks.
    top: bool,
}

/// How many line ends go before an item.
fn breaks(item: &Item, closes: bool, before: Before, depth: usize, import_line: bool) -> usize {
    let written = usize::from(item.breaks);
    let trailing = item.kind == Kind::Comment && written == 0;
    match before.kind {
        _ if trailing => 0,
        _ if closes => 1,
        // It would be a part of the comment.
        Kind::Comment if item.kind == Kind::Open => 1,
        // Each site and each snippet stands by itself.
        Kind::Close if before.top => 2,
        Kind::Close => written.max(1),
        Kind::Open => 1,
        // An import at the top, and below it the block of global options.
        _ if item.kind == Kind::Open && import_line && depth == 0 && written == 1 => 1,
        _ if item.kind == Kind::Open => 0,
        _ => written,
    }
}

/// A comment between a line and the brace on the next line that belongs to it goes behind the brace.
fn put_braces_before_comments(items: &mut [Item]) {
    for at in 1..items.len().saturating_sub(1) {
        let trailing = items[at].kind == Kind::Comment && items[at].breaks == 0;
        let opens = items[at + 1].kind == Kind::Open;
        if trailing && opens && items[at - 1].kind == Kind::Word {
            items.swap(at, at + 1);
            items[at].breaks = 0;
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n('\t', depth));
}

/// Whether a layout has the same words, and the same ones of them on a line but for braces.
fn same_words(file: FileId, tokens: &[Token], out: &str) -> bool {
    let Some(again) = lex_verbatim(file, out, &mut Sink::new()) else {
        return false;
    };
    let same =
        |(left, right): (&Token, &Token)| left.text == right.text && left.quote == right.quote;
    let brace = |token: &Token| token.opens() || token.closes();
    let starts = |tokens: &[Token], at: usize| tokens[at].starts_line_after(&tokens[at - 1]);
    tokens.len() == again.len()
        && tokens.iter().zip(&again).all(same)
        && (1..tokens.len()).all(|at| {
            brace(&tokens[at]) || brace(&tokens[at - 1]) || starts(tokens, at) == starts(&again, at)
        })
}

/// Whether a layout stays as it is when it is laid out again.
fn settled(file: FileId, out: &str) -> bool {
    lex_verbatim(file, out, &mut Sink::new())
        .is_some_and(|tokens| render(items(out, &tokens)) == out)
}

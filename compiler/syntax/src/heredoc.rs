//! Heredocs: `<<MARK`, lines, and a line that holds `MARK`, whose indentation every line must have.

use std::ops::Range;

/// What a word that starts with `<<` turns out to be.
#[derive(Debug)]
pub(crate) enum Opening<'a> {
    /// An ordinary word of that many bytes: a blank follows on its line, or nothing at all.
    Word(usize),
    /// A heredoc whose text starts `body` bytes after the word's start.
    Heredoc { marker: &'a str, body: usize },
    /// A heredoc with a bad marker.
    Bad { length: usize, problem: String },
}

/// Looks at a text that starts with `<<`.
pub(crate) fn open(text: &str) -> Opening<'_> {
    let end = text.find([' ', '\n']).unwrap_or(text.len());
    if !text[end..].starts_with('\n') {
        return Opening::Word(end);
    }
    let marker = text[2..end].trim_end_matches('\r');
    let problem = if marker.is_empty() {
        "a heredoc needs a marker after `<<`".to_owned()
    } else if marker.starts_with('<') {
        "a heredoc starts with two `<`, not more".to_owned()
    } else if !marker
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
    {
        format!("`{}` is no heredoc marker", marker.escape_debug())
    } else {
        return Opening::Heredoc {
            marker,
            body: end + 1,
        };
    };
    Opening::Bad {
        length: end,
        problem,
    }
}

/// A complete heredoc.
#[derive(Debug)]
pub(crate) struct Closed {
    /// The text without indentation and without the last line end.
    pub(crate) value: String,
    /// Bytes from the `<<` to the end of the closing marker.
    pub(crate) length: usize,
}

/// Why a heredoc does not close. The range counts from the `<<`.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// Completes a heredoc. It ends at the first occurrence of the marker, wherever that is on its line.
pub(crate) fn close(text: &str, marker: &str, body: usize) -> Result<Closed, Problem> {
    let Some(at) = text[body..].find(marker) else {
        let message = format!("the heredoc `<<{marker}` is not closed");
        return Err(Problem {
            range: 0..body - 1,
            message,
            help: format!("end it with a line that holds only `{marker}`"),
        });
    };
    let content = &text[body..body + at];
    let last_line = content.rfind('\n').map_or(0, |found| found + 1);
    let indentation = &content[last_line..];
    let mut value = String::with_capacity(last_line);
    let mut offset = 0;
    for line in content[..last_line].split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        match line.strip_prefix(indentation) {
            Some(rest) => value.extend(rest.chars().filter(|character| *character != '\r')),
            None if bare.is_empty() => value.push('\n'),
            None => {
                let start = body + offset;
                let message = format!("this line lacks the indentation of the closing `{marker}`");
                let help = format!(
                    "start every line with {}, or move `{marker}` to the left",
                    describe(indentation)
                );
                return Err(Problem {
                    range: start..start + bare.len(),
                    message,
                    help,
                });
            }
        }
        offset += line.len();
    }
    if value.ends_with('\n') {
        value.pop();
    }
    Ok(Closed {
        value,
        length: body + at + marker.len(),
    })
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn describe(indentation: &str) -> String {
    let count = |character| {
        indentation
            .chars()
            .filter(|found| *found == character)
            .count()
    };
    match (count('\t'), count(' '), indentation.chars().count()) {
        (tabs, 0, all) if tabs == all => counted(tabs, "tab"),
        (0, spaces, all) if spaces == all => counted(spaces, "space"),
        _ => format!("`{}`", indentation.escape_debug()),
    }
}

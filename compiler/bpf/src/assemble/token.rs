//! Tokens of the assembly.

use super::AssembleError;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    /// A name, a mnemonic or a directive.
    Word(&'a str),
    /// Text in double quotes, without them.
    Text(String),
    /// A number or a character in single quotes.
    Number(u64),
    /// Punctuation or an operator.
    Sign(&'static str),
    /// End of a line.
    Newline,
    /// End of the text.
    End,
}

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub kind: Kind<'a>,
    pub line: u32,
    pub column: u32,
}

/// Longer signs stand before their prefixes.
const SIGNS: [&str; 31] = [
    "s>>=", ">>=", "<<=", "s/=", "s%=", "s>=", "s<=", "==", "!=", ">=", "<=", "+=", "-=", "*=",
    "/=", "|=", "&=", "%=", "^=", "s>", "s<", "=", ">", "<", "&", "+", "-", "*", "(", ")", ",",
];

/// Whether a name needs no quotes.
pub(crate) fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(starts_word) && bytes.all(continues_word)
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b'$' | b'@')
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit()
}

/// Cuts text into tokens; comments run from `;` to the end of the line.
pub(super) fn tokens<'a>(file: &str, text: &'a str) -> Result<Vec<Token<'a>>, AssembleError> {
    let mut tokens = Vec::new();
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        let mut rest = line;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with(';') {
                break;
            }
            let column = (line.len() - rest.len()) as u32 + 1;
            let Some((kind, len)) = token(rest) else {
                let message = format!("unexpected {:?}", rest.chars().next().unwrap_or(' '));
                return Err(AssembleError::new(file, number, column, message));
            };
            tokens.push(Token {
                kind,
                line: number,
                column,
            });
            rest = &rest[len..];
        }
        tokens.push(Token {
            kind: Kind::Newline,
            line: number,
            column: line.len() as u32 + 1,
        });
    }
    tokens.push(Token {
        kind: Kind::End,
        line: number + 1,
        column: 1,
    });
    Ok(tokens)
}

/// The token at the start of the text, which is not empty, and its length.
fn token(text: &str) -> Option<(Kind<'_>, usize)> {
    let bytes = text.as_bytes();
    if let Some(sign) = SIGNS.iter().find(|sign| text.starts_with(**sign)) {
        return Some((Kind::Sign(sign), sign.len()));
    }
    if bytes[0] == b':' {
        return Some((Kind::Sign(":"), 1));
    }
    if bytes[0] == b'"' {
        return quoted(text);
    }
    if bytes[0] == b'\'' {
        let mut chars = text[1..].chars();
        let value = chars.next().filter(char::is_ascii)?;
        return (chars.next()? == '\'').then_some((Kind::Number(value as u64), 3));
    }
    let end = bytes.iter().position(|byte| !continues_word(*byte));
    let word = &text[..end.unwrap_or(text.len())];
    if bytes[0].is_ascii_digit() {
        let value = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => word.parse(),
        };
        return value.ok().map(|value| (Kind::Number(value), word.len()));
    }
    starts_word(bytes[0]).then_some((Kind::Word(word), word.len()))
}

fn quoted(text: &str) -> Option<(Kind<'_>, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    loop {
        match chars.next()? {
            (at, '"') => return Some((Kind::Text(value), at + 1)),
            (_, '\\') => value.push(chars.next()?.1),
            (_, other) => value.push(other),
        }
    }
}

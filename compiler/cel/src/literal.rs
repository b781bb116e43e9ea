//! Literals of text to values.

use crate::tree::Constant;

/// Why a literal is none.
pub(crate) type Problem = &'static str;

/// An integer, decimal or hexadecimal.
pub(crate) fn int(text: &str, negative: bool) -> Result<Constant, Problem> {
    let magnitude = magnitude(text).ok_or("the number does not fit into 64 bits")?;
    let value = if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    value
        .map(Constant::Int)
        .ok_or("the number does not fit into 64 bits")
}

/// An unsigned integer with its `u`.
pub(crate) fn uint(text: &str) -> Result<Constant, Problem> {
    let digits = text.trim_end_matches(['u', 'U']);
    let value = magnitude(digits).ok_or("the number does not fit into 64 bits")?;
    Ok(Constant::Uint(value))
}

/// A number with a fraction or an exponent.
pub(crate) fn double(text: &str, negative: bool) -> Result<Constant, Problem> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => {
            Ok(Constant::Double(if negative { -value } else { value }))
        }
        _ => Err("the number is too large"),
    }
}

fn magnitude(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The inside of a text literal.
pub(crate) fn string(inside: &str, raw: bool) -> Result<Constant, Problem> {
    if raw {
        return Ok(Constant::String(line_ends(inside)));
    }
    let mut text = String::with_capacity(inside.len());
    for piece in Pieces(&line_ends(inside)) {
        let point = match piece? {
            Piece::Character(character) => Some(character),
            Piece::Byte(value) => Some(char::from(value)),
            Piece::Point(value) => char::from_u32(value),
        };
        text.push(point.ok_or("the escape is no Unicode character")?);
    }
    Ok(Constant::String(text))
}

/// The inside of a bytes literal. Escapes of numbers are bytes there.
pub(crate) fn bytes(inside: &str, raw: bool) -> Result<Constant, Problem> {
    if raw {
        return Ok(Constant::Bytes(line_ends(inside).into_bytes()));
    }
    let mut bytes = Vec::with_capacity(inside.len());
    for piece in Pieces(&line_ends(inside)) {
        match piece? {
            Piece::Character(character) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Piece::Byte(value) => bytes.push(value),
            Piece::Point(_) => return Err("bytes have no escapes with `\\u`"),
        }
    }
    Ok(Constant::Bytes(bytes))
}

/// Line ends count as `\n`, however they are written.
fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

enum Piece {
    Character(char),
    Byte(u8),
    Point(u32),
}

struct Pieces<'t>(&'t str);

impl Iterator for Pieces<'_> {
    type Item = Result<Piece, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut characters = self.0.chars();
        let first = characters.next()?;
        self.0 = characters.as_str();
        if first != '\\' {
            return Some(Ok(Piece::Character(first)));
        }
        let escape = characters.next();
        self.0 = characters.as_str();
        Some(self.escape(escape))
    }
}

impl Pieces<'_> {
    fn escape(&mut self, escape: Option<char>) -> Result<Piece, Problem> {
        let character = match escape.ok_or(UNKNOWN_ESCAPE)? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            same @ ('\\' | '\'' | '"' | '`' | '?') => same,
            'x' | 'X' => return self.number(2, 16).map(|value| Piece::Byte(value as u8)),
            'u' => return self.number(4, 16).map(Piece::Point),
            'U' => return self.number(8, 16).map(Piece::Point),
            first @ '0'..='3' => {
                let high = first as u32 - '0' as u32;
                let low = self.number(2, 8)?;
                return Ok(Piece::Byte((high * 64 + low) as u8));
            }
            _ => return Err(UNKNOWN_ESCAPE),
        };
        Ok(Piece::Character(character))
    }

    fn number(&mut self, length: usize, radix: u32) -> Result<u32, Problem> {
        let digits = self.0.get(..length).ok_or(UNKNOWN_ESCAPE)?;
        if !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Err(UNKNOWN_ESCAPE);
        }
        self.0 = &self.0[length..];
        u32::from_str_radix(digits, radix).map_err(|_| UNKNOWN_ESCAPE)
    }
}

const UNKNOWN_ESCAPE: Problem =
    "the backslash starts no escape that is known; write `\\\\`, or `r` before the quotes";

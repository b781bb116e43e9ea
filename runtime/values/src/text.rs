//! Texts. Positions count characters; a byte that belongs to none counts as
//! one and becomes U+FFFD where a text is made anew.

use zs_abi::value::Function;

use crate::search::places;
use crate::value::{NO_OVERLOAD, Problem, Value};

const RANGE: Problem = "index out of range";

/// The result of a function of this group.
///
/// # Errors
/// What CEL says.
pub fn text(function: Function, arguments: Vec<Value>) -> Result<Value, Problem> {
    match (function, &arguments[..]) {
        (Function::Join, [Value::List(items)]) => join(items, b""),
        (Function::Join, [Value::List(items), Value::String(between)]) => join(items, between),
        (Function::Reverse, [Value::List(items)]) => {
            Value::list(items.iter().rev().cloned().collect())
        }
        (_, [Value::String(text), rest @ ..]) => of_text(function, text, rest),
        _ => Err(NO_OVERLOAD),
    }
}

fn of_text(function: Function, text: &[u8], rest: &[Value]) -> Result<Value, Problem> {
    match (function, rest) {
        (Function::LowerAscii, []) => from_characters(characters(text), |c| c.to_ascii_lowercase()),
        (Function::UpperAscii, []) => from_characters(characters(text), |c| c.to_ascii_uppercase()),
        (Function::Trim, []) => Ok(Value::string(trim(text))),
        (Function::Quote, []) => Value::text(quote(text).into_bytes()),
        (Function::Reverse, []) => {
            let mut letters = characters(text);
            letters.reverse();
            from_characters(letters, |letter| letter)
        }
        (Function::CharAt, [Value::Int(at)]) => char_at(text, *at),
        (Function::Substring, [Value::Int(start)]) => {
            let letters = characters(text);
            substring(&letters, *start, letters.len() as i64)
        }
        (Function::Substring, [Value::Int(start), Value::Int(end)]) => {
            if start > end {
                return Err("invalid substring range");
            }
            substring(&characters(text), *start, *end)
        }
        (Function::IndexOf, [Value::String(part)]) => index_of(text, part, 0),
        (Function::IndexOf, [Value::String(part), Value::Int(from)]) => index_of(text, part, *from),
        (Function::LastIndexOf, [Value::String(part)]) => last_index_of(text, part, None),
        (Function::LastIndexOf, [Value::String(part), Value::Int(from)]) => {
            last_index_of(text, part, Some(*from))
        }
        (Function::Replace, [Value::String(old), Value::String(new)]) => {
            replace(text, old, new, -1)
        }
        (Function::Replace, [Value::String(old), Value::String(new), Value::Int(most)]) => {
            replace(text, old, new, *most)
        }
        (Function::Split, [Value::String(separator)]) => split(text, separator, -1),
        (Function::Split, [Value::String(separator), Value::Int(most)]) => {
            split(text, separator, *most)
        }
        _ => Err(NO_OVERLOAD),
    }
}

/// The characters of a text.
pub fn characters(text: &[u8]) -> Vec<char> {
    let mut letters = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        letters.extend(chunk.valid().chars());
        letters.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    letters
}

fn from_characters(letters: Vec<char>, change: impl Fn(char) -> char) -> Result<Value, Problem> {
    let text: String = letters.into_iter().map(change).collect();
    Value::text(text.into_bytes())
}

fn char_at(text: &[u8], at: i64) -> Result<Value, Problem> {
    let letters = characters(text);
    let at = usize::try_from(at).map_err(|_| RANGE)?;
    if at > letters.len() {
        return Err(RANGE);
    }
    let letter: String = letters.get(at).into_iter().collect();
    Ok(Value::string(letter.as_bytes()))
}

fn substring(letters: &[char], start: i64, end: i64) -> Result<Value, Problem> {
    let (start, end) = (usize::try_from(start), usize::try_from(end));
    let (Ok(start), Ok(end)) = (start, end) else {
        return Err(RANGE);
    };
    let part = letters.get(start..end).ok_or(RANGE)?;
    from_characters(part.to_vec(), |letter| letter)
}

fn index_of(text: &[u8], part: &[u8], from: i64) -> Result<Value, Problem> {
    let start = usize::try_from(from).map_err(|_| RANGE)?;
    let (text, part) = (characters(text), characters(part));
    if part.is_empty() {
        return Ok(Value::Int(start.min(text.len()) as i64));
    }
    let rest: String = text.iter().skip(start).collect();
    let part: String = part.iter().collect();
    let found = rest.find(&part).map(|at| rest[..at].chars().count());
    Ok(Value::Int(found.map_or(-1, |at| (start + at) as i64)))
}

fn last_index_of(text: &[u8], part: &[u8], from: Option<i64>) -> Result<Value, Problem> {
    let (text, part) = (characters(text), characters(part));
    let from = match from {
        Some(from) => Some(usize::try_from(from).map_err(|_| RANGE)?),
        None => None,
    };
    if part.is_empty() {
        return Ok(Value::Int(from.unwrap_or(text.len()).min(text.len()) as i64));
    }
    if from.is_some_and(|from| from >= text.len()) {
        return Ok(Value::Int(-1));
    }
    // The part may begin at the last place that counts, and end behind it.
    let end = from.unwrap_or(text.len()).saturating_add(part.len());
    let head: String = text.iter().take(end).collect();
    let part: String = part.iter().collect();
    let found = head.rfind(&part).map(|at| head[..at].chars().count());
    Ok(Value::Int(found.map_or(-1, |at| at as i64)))
}

/// Without white space at both ends, as Unicode has it.
fn trim(text: &[u8]) -> &[u8] {
    let Ok(text) = std::str::from_utf8(text) else {
        return text.trim_ascii();
    };
    text.trim().as_bytes()
}

fn quote(text: &[u8]) -> String {
    let mut out = String::from('"');
    for letter in characters(text) {
        match letter {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn join(items: &[Value], between: &[u8]) -> Result<Value, Problem> {
    let mut out = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Value::String(item) = item else {
            return Err("join: invalid input");
        };
        if at > 0 {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(item);
        if out.len() > crate::TEXT_BYTES_MAX {
            return Err(crate::value::TOO_LARGE);
        }
    }
    Value::text(out)
}

/// Replaces at most so many places from the left, all if negative. An empty
/// text stands before every character and at the end.
fn replace(text: &[u8], old: &[u8], new: &[u8], most: i64) -> Result<Value, Problem> {
    let mut left = usize::try_from(most).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    if old.is_empty() {
        while left > 0 {
            out.extend_from_slice(new);
            left -= 1;
            let Some((letter, behind)) = rest.split_at_checked(first_len(rest)) else {
                break;
            };
            if letter.is_empty() {
                break;
            }
            out.extend_from_slice(letter);
            rest = behind;
            if out.len() > crate::TEXT_BYTES_MAX {
                return Err(crate::value::TOO_LARGE);
            }
        }
        out.extend_from_slice(rest);
        return Value::text(out);
    }
    let mut copied = 0;
    for at in places(text, old, left) {
        out.extend_from_slice(&text[copied..at]);
        out.extend_from_slice(new);
        copied = at + old.len();
        if out.len() > crate::TEXT_BYTES_MAX {
            return Err(crate::value::TOO_LARGE);
        }
    }
    out.extend_from_slice(&text[copied..]);
    Value::text(out)
}

/// Bytes of the first character.
fn first_len(text: &[u8]) -> usize {
    (1..=text.len().min(4))
        .find(|len| std::str::from_utf8(&text[..*len]).is_ok())
        .unwrap_or(text.len().min(1))
}

/// Splits into at most so many parts, any number if negative. An empty
/// separator stands between all characters.
fn split(text: &[u8], separator: &[u8], most: i64) -> Result<Value, Problem> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most == 0 {
        return Value::list(Vec::new());
    }
    let cuts = match separator {
        b"" => letter_ends(text, most - 1),
        _ => places(text, separator, most - 1),
    };
    if cuts.len() >= crate::ITEMS_MAX {
        return Err(crate::value::TOO_LARGE);
    }
    let mut parts: Vec<Value> = Vec::new();
    let mut start = 0;
    for at in cuts {
        parts.push(Value::string(&text[start..at]));
        start = at + separator.len();
    }
    if !(separator.is_empty() && text.is_empty()) {
        parts.push(Value::string(&text[start..]));
    }
    Value::list(parts)
}

/// Where the first characters end, but for the last one of the text.
fn letter_ends(text: &[u8], most: usize) -> Vec<usize> {
    let mut at = 0;
    let ends = std::iter::from_fn(|| {
        at += first_len(&text[at..]);
        (at < text.len()).then_some(at)
    });
    ends.take(most).collect()
}

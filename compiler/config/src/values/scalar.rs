//! Values of fields and variables: texts, numbers, truth values.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::VarValue;

/// A bare word that looks like a number or a truth value is one.
pub(crate) fn scalar(token: &Token, cx: &mut Context) -> Parsed<VarValue> {
    let text = token.text.as_str();
    if token.is_quoted() {
        return Ok(VarValue::Text(text.to_owned()));
    }
    if let Ok(number) = text.parse() {
        return Ok(VarValue::Integer(number));
    }
    match text
        .trim_start_matches(['+', '-'])
        .to_ascii_lowercase()
        .as_str()
    {
        "inf" | "infinity" | "nan" => {
            let message = format!("`{text}` is read as a number that cannot be written down");
            let help = "put it into quotes if it is meant as text";
            return Err(cx.fail(token, codes::BAD_VALUE, message, help));
        }
        _ => {}
    }
    // A number that is too large for its type counts as text, as it does for Caddy.
    if let Some(number) = decimal(text).filter(|number| number.is_finite()) {
        return Ok(VarValue::Float(number));
    }
    Ok(match text {
        "t" | "T" | "true" | "TRUE" | "True" => VarValue::Bool(true),
        "f" | "F" | "false" | "FALSE" | "False" => VarValue::Bool(false),
        _ => VarValue::Text(text.to_owned()),
    })
}

/// A decimal number. Underscores may stand between digits.
fn decimal(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let underscores = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    for (at, _) in underscores {
        if !digit(at.checked_sub(1)) || !digit(Some(at + 1)) {
            return None;
        }
    }
    text.replace('_', "").parse().ok()
}

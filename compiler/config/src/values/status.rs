//! HTTP status codes.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::StatusCode;

/// A status: a number from 100 to 999, or a text with placeholders.
pub(crate) fn status(token: &Token, cx: &mut Context) -> Parsed<StatusCode> {
    if token.text.contains('{') {
        return Ok(StatusCode::Template(token.text.clone()));
    }
    let digits = token.text.bytes().all(|byte| byte.is_ascii_digit());
    match token.text.parse() {
        Ok(code @ 100..=999) if digits => Ok(StatusCode::Code(code)),
        _ => {
            let message = format!("`{}` is no HTTP status", token.text);
            Err(cx.fail(
                token,
                codes::BAD_VALUE,
                message,
                "write a number from 100 to 999, or a placeholder",
            ))
        }
    }
}

/// Whether a single argument of `respond` or `error` is a status: three characters that are a number above zero.
pub(crate) fn looks_like_status(text: &str) -> bool {
    text.len() == 3 && text.parse::<i32>().is_ok_and(|number| number > 0)
}

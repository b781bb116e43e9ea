//! HTTP status codes.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::StatusCode;

/// A status: a number from 100 to 999, or a text with placeholders.
pub(crate) fn status(token: &Token, cx: &mut Context) -> Parsed<StatusCode> {
    parse(&token.text).ok_or_else(|| {
        let message = format!("`{}` is no HTTP status", token.text);
        cx.fail(
            token,
            codes::BAD_VALUE,
            message,
            "write a number from 100 to 999, or a placeholder",
        )
    })
}

/// A number from 100 to 999, or a text with placeholders.
pub(crate) fn parse(text: &str) -> Option<StatusCode> {
    if text.contains('{') {
        return Some(StatusCode::Template(text.to_owned()));
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(code @ 100..=999) if digits => Some(StatusCode::Code(code)),
        _ => None,
    }
}

/// Whether a single argument of `respond` or `error` is a status: three characters that are a number above zero.
pub(crate) fn looks_like_status(text: &str) -> bool {
    text.len() == 3 && text.parse::<i32>().is_ok_and(|number| number > 0)
}

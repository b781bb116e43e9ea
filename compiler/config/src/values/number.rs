//! Numbers as Go's `strconv` reads them.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};

/// A whole number, perhaps with a sign.
pub(crate) fn integer(token: &Token, cx: &mut Context) -> Parsed<i64> {
    token.text.parse().map_err(|_| {
        let message = format!("`{}` is no whole number", token.text);
        cx.fail(token, codes::BAD_VALUE, message, "write digits only")
    })
}

/// A number, perhaps with a fraction. What Go takes and JSON cannot hold, such as infinity, is no number.
pub(crate) fn float(token: &Token, cx: &mut Context) -> Parsed<f64> {
    match token.text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => {
            let message = format!("`{}` is no number", token.text);
            Err(cx.fail(
                token,
                codes::BAD_VALUE,
                message,
                "write a number such as `0.5`",
            ))
        }
    }
}

/// A part of something: more than 0 and less than 1.
pub(crate) fn ratio(token: &Token, cx: &mut Context) -> Parsed<f64> {
    let number = float(token, cx)?;
    if number > 0.0 && number < 1.0 {
        return Ok(number);
    }
    let message = format!("`{}` is not between 0 and 1", token.text);
    Err(cx.fail(
        token,
        codes::BAD_VALUE,
        message,
        "write a fraction such as `0.33`",
    ))
}

/// A port, not 0.
pub(crate) fn port(token: &Token, cx: &mut Context) -> Parsed<u16> {
    match token.text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => {
            let message = format!("`{}` is no port", token.text);
            let help = "write a number from 1 to 65535";
            Err(cx.fail(token, codes::BAD_VALUE, message, help))
        }
    }
}

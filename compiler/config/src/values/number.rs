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

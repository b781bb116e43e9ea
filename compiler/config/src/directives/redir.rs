//! `redir [<matcher>] <to> [<code>]`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, StaticResponse, StatusCode};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "redir",
    Shape::arguments(
        1,
        2,
        "redir [<matcher>] <to> [<code>|permanent|temporary|html]",
    ),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let to = call.line.text(0);
    let origin = call.origin().into();
    let mut response = StaticResponse {
        origin,
        ..StaticResponse::default()
    };
    match call.line.arguments.get(1) {
        Some(code) if code.text == "html" => {
            // A page instead of a redirect, for clients that follow scripts but not headers.
            response.status_code = Some(StatusCode::Code(200));
            response.body = page(&escape(to));
            response.headers.insert(
                "Content-Type".to_owned(),
                vec!["text/html; charset=utf-8".to_owned()],
            );
        }
        code => {
            response.status_code =
                Some(code.map_or(Ok(StatusCode::Code(302)), |code| status(code, call.cx))?);
            response
                .headers
                .insert("Location".to_owned(), vec![to.to_owned()]);
        }
    }
    Ok(Handler::StaticResponse(response))
}

fn status(token: &Token, cx: &mut Context) -> Parsed<StatusCode> {
    let code = match token.text.as_str() {
        "permanent" => 301,
        "temporary" | "" => 302,
        text if text.starts_with('{') => return Ok(StatusCode::Template(text.to_owned())),
        text => text.parse().unwrap_or(0),
    };
    // A 401 with a Location lets a script go to a login page, since it cannot see redirects.
    if (300..=399).contains(&code) || code == 401 {
        return Ok(StatusCode::Code(code));
    }
    let message = format!("`{}` is no code of a redirect", token.text);
    let help = "write a number from 300 to 399, 401, `permanent`, `temporary` or `html`";
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}

/// The page that Caddy serves, byte for byte, since its adapter puts it into the configuration.
fn page(to: &str) -> String {
    [
        "<!DOCTYPE html>\n<html>\n\t<head>\n\t\t<title>Redirecting...</title>\n\t\t<script>window.location.replace(\"",
        to,
        "\");</script>\n\t\t<meta http-equiv=\"refresh\" content=\"0; URL='",
        to,
        "'\">\n\t</head>\n\t<body>Redirecting to <a href=\"",
        to,
        "\">",
        to,
        "</a>...</body>\n</html>\n",
    ]
    .concat()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            other => out.push(other),
        }
    }
    out
}

//! An upstream's address: `host:port`, `http://host`, `https://host`, `unix/path`, or a placeholder.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::Dial;
use crate::values::network::{join_host_port, port_range, split_host_port, split_network};

/// How to talk to an upstream, as far as its address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// The address does not say.
    Any,
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

/// An upstream's address taken apart.
#[derive(Debug)]
pub(super) struct UpstreamAddress {
    pub(super) scheme: Scheme,
    pub(super) dial: Dial,
}

/// What is wrong with an address.
enum Problem {
    Bad(String),
    NotYet(String),
}

/// Takes an address apart.
pub(super) fn parse(token: &Token, cx: &mut Context) -> Parsed<UpstreamAddress> {
    let text = token.text.as_str();
    let parsed = match text.split_once("://") {
        Some((scheme, rest)) => with_scheme(scheme, rest),
        None => without_scheme(text).map(|dial| UpstreamAddress {
            scheme: Scheme::Any,
            dial,
        }),
    };
    parsed.map_err(|problem| match problem {
        Problem::Bad(message) => {
            let help =
                "write `host:port`, `http://host[:port]`, `https://host[:port]` or `unix//path`";
            cx.fail(token, codes::BAD_ADDRESS, message, help)
        }
        Problem::NotYet(message) => cx.fail(
            token,
            codes::UNSUPPORTED,
            message,
            "name one upstream over HTTP/1.1 for now",
        ),
    })
}

fn with_scheme(scheme: &str, rest: &str) -> Result<UpstreamAddress, Problem> {
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (Scheme::Http, "80"),
        "https" => (Scheme::Https, "443"),
        "h2c" => {
            return Err(Problem::NotYet(
                "`h2c://` upstreams are not supported yet".to_owned(),
            ));
        }
        "ws" => {
            return Err(Problem::Bad(
                "`ws://` is a scheme for browsers; use `http://`".to_owned(),
            ));
        }
        "wss" => {
            return Err(Problem::Bad(
                "`wss://` is a scheme for browsers; use `https://`".to_owned(),
            ));
        }
        other => {
            return Err(Problem::Bad(format!(
                "`{other}://` is no scheme of an upstream"
            )));
        }
    };
    if rest.contains('{') {
        let message = "an upstream address has either a scheme or placeholders, not both";
        return Err(Problem::Bad(message.to_owned()));
    }
    if rest.contains(['/', '?', '#']) {
        return Err(Problem::Bad(
            "an upstream address has no path and no query".to_owned(),
        ));
    }
    if rest.contains('@') {
        return Err(Problem::Bad(
            "an upstream address has no user name".to_owned(),
        ));
    }
    let with_colon = format!("{rest}:");
    let Some((host, port)) = split_host_port(rest).or_else(|| split_host_port(&with_colon)) else {
        return Err(Problem::Bad(format!("`{rest}` is no host and port")));
    };
    let port = if port.is_empty() { default_port } else { port };
    match (scheme, port) {
        (Scheme::Http, "443") => Err(Problem::Bad(
            "`http://` and the port of HTTPS contradict each other".to_owned(),
        )),
        (Scheme::Https, "80") => Err(Problem::Bad(
            "`https://` and the port of HTTP contradict each other".to_owned(),
        )),
        _ => Ok(UpstreamAddress {
            scheme,
            dial: tcp(host, port)?,
        }),
    }
}

fn without_scheme(text: &str) -> Result<Dial, Problem> {
    let (network, host, port) =
        split_network(text).unwrap_or_else(|| (String::new(), text.to_owned(), String::new()));
    match network.as_str() {
        "" => {}
        "unix" if host.is_empty() => {
            return Err(Problem::Bad(
                "the path of the Unix socket is missing".to_owned(),
            ));
        }
        "unix" if host.contains('{') => {
            return Err(Problem::NotYet(
                "placeholders in a socket's path are not supported yet".to_owned(),
            ));
        }
        "unix" => return Ok(Dial::Unix { path: host }),
        "unix+h2c" => {
            return Err(Problem::NotYet(
                "`unix+h2c/` upstreams are not supported yet".to_owned(),
            ));
        }
        "fd" | "udp" | "tcp" | "tcp4" | "tcp6" => {
            return Err(Problem::NotYet(format!(
                "upstreams of kind `{network}/` are not supported yet"
            )));
        }
        // A path behind a host name, most likely.
        _ => return Err(Problem::Bad("an upstream address has no path".to_owned())),
    }
    if port.contains('{') && port.contains('}') {
        return Ok(Dial::Template(join_host_port(&host, &port)));
    }
    if host.contains('{') {
        let text = if port.is_empty() {
            host
        } else {
            join_host_port(&host, &port)
        };
        return Ok(Dial::Template(text));
    }
    tcp(&host, if port.is_empty() { "80" } else { &port })
}

fn tcp(host: &str, port: &str) -> Result<Dial, Problem> {
    let range = port_range(port).map_err(Problem::Bad)?;
    if range.first != range.last {
        return Err(Problem::NotYet(
            "several upstreams, as a range of ports is, are not supported yet".to_owned(),
        ));
    }
    Ok(Dial::Tcp {
        host: host.to_owned(),
        port: range.first,
    })
}

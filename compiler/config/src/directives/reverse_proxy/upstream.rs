//! An upstream's address: `host:port`, `http://host`, `https://host`, `h2c://host`, `unix/path`, or a placeholder.

use std::fmt;

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::Dial;
use crate::values::network::{join_host_port, port_range, split_host_port, split_network};

/// How to talk to an upstream, as far as its address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::directives) enum Scheme {
    /// The address does not say.
    Any,
    /// HTTP/2 without TLS.
    H2c,
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Any => "",
            Scheme::H2c => "h2c://",
            Scheme::Http => "http://",
            Scheme::Https => "https://",
        })
    }
}

/// An upstream's address taken apart.
#[derive(Debug)]
pub(super) struct UpstreamAddress {
    pub(super) scheme: Scheme,
    /// Where to connect to; several places when the address has a range of ports.
    pub(super) dials: Vec<Dial>,
}

/// Takes an address apart.
pub(super) fn parse(token: &Token, cx: &mut Context) -> Parsed<UpstreamAddress> {
    let text = token.text.as_str();
    let parsed = match text.split_once("://") {
        Some((scheme, rest)) => with_scheme(scheme, rest),
        None => without_scheme(text),
    };
    let address = parsed.map_err(|message| {
        let help = "write `host:port`, `http://host[:port]`, `https://host[:port]` or `unix//path`";
        cx.fail(token, codes::BAD_ADDRESS, message, help)
    })?;
    refuse_building(&address, token, cx);
    Ok(address)
}

/// Refuses what no built site can connect to yet.
fn refuse_building(address: &UpstreamAddress, token: &Token, cx: &mut Context) {
    let mut refuse = |what: &str| {
        let help = "name a host and port, or a socket's path, over HTTP/1.1 for now";
        cx.refuse_building(token, codes::UNSUPPORTED, what, help);
    };
    if address.scheme == Scheme::H2c {
        refuse("HTTP/2 to upstreams is not supported yet");
    }
    for dial in &address.dials {
        match dial {
            Dial::Unix { path } if path.contains('{') => {
                refuse("placeholders in a socket's path are not supported yet");
            }
            Dial::Network(_) => refuse("upstreams of other networks are not supported yet"),
            _ => {}
        }
    }
}

fn with_scheme(scheme: &str, rest: &str) -> Result<UpstreamAddress, String> {
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (Scheme::Http, "80"),
        "https" => (Scheme::Https, "443"),
        "h2c" => (Scheme::H2c, "80"),
        "ws" => return Err("`ws://` is a scheme for browsers; use `http://`".to_owned()),
        "wss" => return Err("`wss://` is a scheme for browsers; use `https://`".to_owned()),
        other => return Err(format!("`{other}://` is no scheme of an upstream")),
    };
    if rest.contains('{') {
        let message = "an upstream address has either a scheme or placeholders, not both";
        return Err(message.to_owned());
    }
    if rest.contains(['/', '?', '#']) {
        return Err("an upstream address has no path and no query".to_owned());
    }
    if rest.contains('@') {
        return Err("an upstream address has no user name".to_owned());
    }
    let with_colon = format!("{rest}:");
    let Some((host, port)) = split_host_port(rest).or_else(|| split_host_port(&with_colon)) else {
        return Err(format!("`{rest}` is no host and port"));
    };
    let port = if port.is_empty() { default_port } else { port };
    match (scheme, port) {
        (Scheme::Http | Scheme::H2c, "443") => Err(format!(
            "`{scheme}` and the port of HTTPS contradict each other"
        )),
        (Scheme::Https, "80") => Err(format!(
            "`{scheme}` and the port of HTTP contradict each other"
        )),
        _ => Ok(UpstreamAddress {
            scheme,
            dials: tcp(host, port)?,
        }),
    }
}

fn without_scheme(text: &str) -> Result<UpstreamAddress, String> {
    let (network, host, port) =
        split_network(text).unwrap_or_else(|| (String::new(), text.to_owned(), String::new()));
    let scheme = if network == "unix+h2c" {
        Scheme::H2c
    } else {
        Scheme::Any
    };
    let dials = match network.as_str() {
        "" => dials(&host, &port)?,
        "unix" | "unix+h2c" if host.is_empty() => {
            return Err("the path of the Unix socket is missing".to_owned());
        }
        "unix" | "unix+h2c" => vec![Dial::Unix { path: host }],
        "fd" | "fdgram" | "unixgram" | "unixpacket" => {
            vec![Dial::Network(format!("{network}/{host}"))]
        }
        "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6" => dials(&host, &port)?
            .into_iter()
            .map(|dial| Dial::Network(format!("{network}/{dial}")))
            .collect(),
        // A path behind a host name, most likely.
        _ => return Err("an upstream address has no path".to_owned()),
    };
    Ok(UpstreamAddress { scheme, dials })
}

/// The places of a host and a port, either of which may hold placeholders.
fn dials(host: &str, port: &str) -> Result<Vec<Dial>, String> {
    if port.contains('{') && port.contains('}') {
        return Ok(vec![Dial::Template(join_host_port(host, port))]);
    }
    if !host.contains('{') {
        return tcp(host, if port.is_empty() { "80" } else { port });
    }
    if port.is_empty() {
        return Ok(vec![Dial::Template(host.to_owned())]);
    }
    let range = port_range(port)?;
    Ok((range.first..=range.last)
        .map(|port| Dial::Template(join_host_port(host, &port.to_string())))
        .collect())
}

fn tcp(host: &str, port: &str) -> Result<Vec<Dial>, String> {
    let range = port_range(port)?;
    Ok((range.first..=range.last)
        .map(|port| Dial::Tcp {
            host: host.to_owned(),
            port,
        })
        .collect())
}

//! The request that is made up: from the words of the command to bytes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::arguments::Trace;

/// A request and who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether the client speaks TLS.
    pub tls: bool,
    /// The name that it looks up and asks for.
    pub host: String,
    /// The port that it connects to.
    pub port: u16,
    /// Its address.
    pub remote: SocketAddr,
    /// Method, target and version.
    pub line: String,
    /// Everything that it sends.
    pub bytes: Vec<u8>,
}

/// The client's port, which nothing hangs on.
const CLIENT_PORT: u16 = 50_000;

impl Request {
    /// Reads the request of a command.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn read(arguments: &Trace) -> Result<Self, String> {
        let words: Vec<&str> = arguments.request.split_whitespace().collect();
        let (method, url, named) = match words[..] {
            [url] if url.contains("://") => ("GET", url, None),
            [method, url] => (method, url, None),
            [method, url, version] => (method, url, Some(version)),
            _ => return Err(expected()),
        };
        let (tls, rest) = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, _)) => return Err(format!("`{scheme}` is neither http nor https")),
            None => return Err(expected()),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = host_and_port(authority, if tls { 443 } else { 80 })?;
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("/{target}")
        };
        let version = match named {
            Some(version) => version.to_owned(),
            None => format!("HTTP/{}", arguments.http.text()),
        };
        let mut line = format!("{method} {target} {version}");
        let bytes = match &arguments.raw {
            None => bytes(&line, authority, arguments)?,
            Some(file) => {
                let bytes = std::fs::read(file)
                    .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
                let first = bytes
                    .split(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default();
                line = String::from_utf8_lossy(first).trim_end().to_owned();
                bytes
            }
        };
        let address = arguments.remote.unwrap_or(Ipv4Addr::LOCALHOST.into());
        Ok(Self {
            tls,
            host,
            port,
            remote: SocketAddr::new(address, CLIENT_PORT),
            line,
            bytes,
        })
    }
}

fn expected() -> String {
    "write the request as `GET https://example.com/path`".to_owned()
}

fn host_and_port(authority: &str, standard: u16) -> Result<(String, u16), String> {
    let bad = || format!("`{authority}` is not a host with or without a port");
    if authority.contains('@') {
        return Err("leave the user out and write an `Authorization` field".to_owned());
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
            host.parse::<IpAddr>().map_err(|_| bad())?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err(bad());
    }
    let port = match port {
        Some(port) => port.parse().map_err(|_| bad())?,
        None => standard,
    };
    Ok((host.to_owned(), port))
}

/// What the client sends: `Host` first, then the fields that were given, then
/// what tells the body's length.
fn bytes(line: &str, authority: &str, arguments: &Trace) -> Result<Vec<u8>, String> {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    for field in &arguments.header {
        let (name, value) = field
            .split_once(':')
            .ok_or_else(|| format!("`{field}` is not `Name: value`"))?;
        fields.push((name.trim(), value.trim()));
    }
    let given = |wanted: &str| {
        fields
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let mut text = format!("{line}\r\n");
    if !given("Host") {
        text += &format!("Host: {authority}\r\n");
    }
    let told = given("Content-Length") || given("Transfer-Encoding");
    for (name, value) in &fields {
        text += &format!("{name}: {value}\r\n");
    }
    let body = arguments.data.as_deref().unwrap_or_default();
    if arguments.data.is_some() && !told {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    Ok(format!("{text}\r\n{body}").into_bytes())
}

//! Site addresses: `[scheme://]host[:port][/path]`.

use std::net::Ipv6Addr;

use crate::values::network::split_host_port;

/// A site address in its parts. Host and scheme are in small letters, except inside placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As written.
    pub(crate) original: String,
    /// `http`, `https`, or empty.
    pub(crate) scheme: String,
    /// The host, empty for all hosts.
    pub(crate) host: String,
    /// The port, when there is one.
    pub(crate) port: Option<u16>,
    /// The path with its slash, or empty.
    pub(crate) path: String,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let original = text.trim();
        let (scheme, rest) = original.split_once("://").unwrap_or(("", original));
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let with_colon = format!("{authority}:");
        let (host, port) = split_host_port(authority)
            .or_else(|| split_host_port(&with_colon))
            .unwrap_or((authority, ""));
        let port = Some(port)
            .filter(|port| !port.is_empty())
            .map(parse_port)
            .transpose()?;
        let scheme = lower(scheme);
        check_scheme(&scheme)?;
        Ok(Address {
            original: original.to_owned(),
            scheme,
            host: lower(&normal_host(host)),
            port,
            path: path.to_owned(),
        })
    }

    /// Whether the address means plain HTTP.
    pub(crate) fn is_http(&self) -> bool {
        self.scheme == "http"
    }

    /// Whether the address means HTTPS.
    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse::<i64>() {
        Ok(number) => u16::try_from(number).map_err(|_| format!("port {number} is out of range")),
        Err(_) => Err(format!("`{text}` is no port")),
    }
}

fn check_scheme(scheme: &str) -> Result<(), String> {
    match scheme {
        "" | "http" | "https" => Ok(()),
        "ws" => Err("`ws://` is a scheme for browsers; use `http://`".to_owned()),
        "wss" => Err("`wss://` is a scheme for browsers; use `https://`".to_owned()),
        other => Err(format!("`{other}://` is no scheme of a site")),
    }
}

/// IPv6 addresses are written in their shortest form.
fn normal_host(host: &str) -> String {
    match host.trim().parse::<Ipv6Addr>() {
        Ok(address) if address.to_ipv4_mapped().is_none() => address.to_string(),
        _ => host.trim().to_owned(),
    }
}

/// Small letters, except inside placeholders.
fn lower(text: &str) -> String {
    let mut inside = false;
    let mut escaped = false;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' && !escaped {
            escaped = true;
            out.push(character);
            continue;
        }
        inside |= character == '{' && !escaped;
        inside &= character != '}' || escaped;
        if inside {
            out.push(character)
        } else {
            out.extend(character.to_lowercase())
        }
        escaped = false;
    }
    out
}

/// How specific a host or path is: its length without stars and placeholders.
pub(crate) fn specificity(text: &str) -> i64 {
    let mut length = text.len() as i64 - text.matches('*').count() as i64;
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let Some(end) = rest[start..].find('}') else {
            break;
        };
        length -= end as i64 + 1;
        rest = &rest[start + end + 1..];
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, scheme, host, port, path) in [
            ("", "", "", None, ""),
            (":80", "", "", Some(80), ""),
            ("Example.COM", "", "example.com", None, ""),
            (
                "example.com:8080/a/b",
                "",
                "example.com",
                Some(8080),
                "/a/b",
            ),
            ("https://example.com", "https", "example.com", None, ""),
            ("http://", "http", "", None, ""),
            ("http://:8080", "http", "", Some(8080), ""),
            ("[::1]:80", "", "::1", Some(80), ""),
            ("[2001:DB8:0::1]", "", "2001:db8::1", None, ""),
            ("*.example.com", "", "*.example.com", None, ""),
            ("{env.HOST}:443", "", "{env.HOST}", Some(443), ""),
        ] {
            let address = Address::parse(text).unwrap();
            let parts = (
                address.scheme.as_str(),
                address.host.as_str(),
                address.port,
                address.path.as_str(),
            );
            assert_eq!(parts, (scheme, host, port, path), "{text}");
        }
        for bad in [
            ":-1",
            ":70000",
            "example.com:http",
            "wss://example.com",
            "foo://x",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn specificities() {
        assert_eq!(specificity("*.example.com"), 12);
        assert_eq!(specificity("{env.X}.com"), 4);
        assert_eq!(specificity("{open"), 5);
        assert_eq!(specificity(""), 0);
    }
}

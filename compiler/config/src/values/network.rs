//! Caddy's network addresses: `[network/]host[:port[-port]]` and `unix/path`.

use crate::model::{Dial, ListenAddress, Network, PortRange};

/// Host and port of `host:port`, `[host]:port` or `:port`, as Go splits them.
pub(crate) fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let colon = text.rfind(':')?;
    let port = &text[colon + 1..];
    let host = match text.strip_prefix('[') {
        Some(inner) => {
            let end = inner.find(']')?;
            // The colon that counts must follow the bracket directly.
            if end + 2 != colon {
                return None;
            }
            &inner[..end]
        }
        None if text[..colon].contains(':') => return None,
        None => &text[..colon],
    };
    let clean = |text: &str| !text.contains(['[', ']']);
    (clean(host) && clean(port)).then_some((host, port))
}

/// The parts of a network address: network (may be empty), host, and port (may be empty).
pub(crate) fn split_network(text: &str) -> Option<(String, String, String)> {
    let (network, rest) = match text.split_once('/') {
        Some((network, rest)) => (network.trim().to_ascii_lowercase(), rest),
        None => (String::new(), text),
    };
    if network.starts_with("unix") || network.starts_with("fd") {
        return Some((network, rest.to_owned(), String::new()));
    }
    if let Some((host, port)) = split_host_port(rest) {
        return Some((network, host.to_owned(), port.to_owned()));
    }
    let bare = rest.trim_matches(['[', ']']);
    let joined = join_host_port(bare, "0");
    split_host_port(&joined).map(|(host, _)| (network, host.to_owned(), String::new()))
}

/// `host:port`, with brackets around a host with colons.
pub(crate) fn join_host_port(host: &str, port: &str) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// A port or a range of ports.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn port_range(text: &str) -> Result<PortRange, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>()
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| format!("`{text}` is no port"))
    };
    let range = PortRange {
        first: port(first)?,
        last: port(last)?,
    };
    if range.first > range.last {
        Err(format!("the port range `{text}` runs backwards"))
    } else {
        Ok(range)
    }
}

/// An address to listen on, with the port that the site has.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn listen(bind: &str, port: &str) -> Result<ListenAddress, String> {
    let (network, host, _) =
        split_network(bind).ok_or_else(|| format!("`{bind}` is no address"))?;
    let name = if network.is_empty() { "tcp" } else { &network };
    let mut kinds = Network::ALL.into_iter();
    let network = kinds
        .find(|kind| kind.name() == name)
        .ok_or_else(|| format!("`{name}` is no kind of socket without a plugin"))?;
    if network.is_fd() {
        return Ok(ListenAddress {
            network,
            host,
            ports: None,
        });
    }
    if network.is_unix() {
        let (path, permissions) = host.split_once('|').unwrap_or((&host, "200"));
        if path.is_empty() {
            return Err("the path of the Unix socket is missing".to_owned());
        }
        // The owner must be able to write, or nobody can connect.
        if !u32::from_str_radix(permissions, 8).is_ok_and(|bits| bits <= 0o777 && bits & 0o200 != 0)
        {
            return Err(format!(
                "`{permissions}` are no permissions of a socket, such as `0660`"
            ));
        }
        return Ok(ListenAddress {
            network,
            host,
            ports: None,
        });
    }
    Ok(ListenAddress {
        network,
        host,
        ports: Some(port_range(port)?),
    })
}

/// An address to listen on, with its port.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn listen_address(text: &str) -> Result<ListenAddress, String> {
    let (network, host, port) =
        split_network(text).ok_or_else(|| format!("`{text}` is no address"))?;
    match network.as_str() {
        network
            if port.is_empty() && !network.starts_with("unix") && !network.starts_with("fd") =>
        {
            Err(format!("`{text}` has no port"))
        }
        "" => listen(&host, &port),
        network => listen(&format!("{network}/{host}"), &port),
    }
}

/// Where to connect to, as JSON has it.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn dial(text: &str) -> Result<Dial, String> {
    if let Some((network, rest)) = text.split_once('/') {
        match network {
            "unix" if rest.is_empty() => {
                return Err("the path of the Unix socket is missing".to_owned());
            }
            "unix" => {
                return Ok(Dial::Unix {
                    path: rest.to_owned(),
                });
            }
            network if Network::ALL.iter().any(|kind| kind.name() == network) => {
                return Ok(Dial::Network(text.to_owned()));
            }
            _ => {}
        }
    }
    if text.contains('{') {
        return Ok(Dial::Template(text.to_owned()));
    }
    let (host, port) =
        split_host_port(text).ok_or_else(|| format!("`{text}` is no host and port"))?;
    let range = port_range(port)?;
    if range.first != range.last {
        return Err(format!("`{text}` names more than one port"));
    }
    Ok(Dial::Tcp {
        host: host.to_owned(),
        port: range.first,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        assert_eq!(split_host_port("a:1"), Some(("a", "1")));
        assert_eq!(split_host_port(":1"), Some(("", "1")));
        assert_eq!(split_host_port("[::1]:80"), Some(("::1", "80")));
        for bad in ["a", "::1", "[::1]", "[::1]x:80", "a]:1", "[a:1", ""] {
            assert_eq!(split_host_port(bad), None, "{bad}");
        }
        let split = |text| {
            split_network(text).map(|(network, host, port)| format!("{network}|{host}|{port}"))
        };
        assert_eq!(split("localhost").as_deref(), Some("|localhost|"));
        assert_eq!(split("tcp6/[::1]:80").as_deref(), Some("tcp6|::1|80"));
        assert_eq!(split("::1").as_deref(), Some("|::1|"));
        assert_eq!(split("unix//run/x").as_deref(), Some("unix|/run/x|"));
    }

    #[test]
    fn listen_addresses() {
        let show = |bind, port| listen(bind, port).map(|address| address.to_string());
        assert_eq!(show("", "80"), Ok(":80".to_owned()));
        assert_eq!(show("127.0.0.1", "80"), Ok("127.0.0.1:80".to_owned()));
        assert_eq!(show("::1", "8000-8010"), Ok("[::1]:8000-8010".to_owned()));
        assert_eq!(show("tcp4/0.0.0.0", "80"), Ok("tcp4/0.0.0.0:80".to_owned()));
        assert_eq!(
            show("unix//run/x.sock|0222", "80"),
            Ok("unix//run/x.sock|0222".to_owned())
        );
        assert_eq!(show("udp/x", "80"), Ok("udp/x:80".to_owned()));
        assert_eq!(show("fd/3", "80"), Ok("fd/3".to_owned()));
        assert!(
            show("foo/x", "80").is_err()
                && show("", "8010-8000").is_err()
                && show("unix/", "80").is_err()
        );
    }
}

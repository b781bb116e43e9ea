//! Addresses to listen on.

use std::fmt;

use serde::{Serialize, Serializer};

/// An address to listen on, in Caddy's network address syntax.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListenAddress {
    /// The kind of socket.
    pub network: Network,
    /// Host name or address without brackets, empty for all interfaces; the path (with `|permissions`) of a Unix socket.
    pub host: String,
    /// The ports; none for a Unix socket.
    pub ports: Option<PortRange>,
}

/// The kinds of sockets that the server can listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Network {
    /// TCP over both versions of IP.
    Tcp,
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// A Unix stream socket.
    Unix,
}

impl Network {
    /// The name that is written before the `/`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Network::Tcp => "tcp",
            Network::Tcp4 => "tcp4",
            Network::Tcp6 => "tcp6",
            Network::Unix => "unix",
        }
    }
}

/// Consecutive ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port, included; not smaller than the first.
    pub last: u16,
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortRange { first, last } if first == last => write!(f, "{first}"),
            PortRange { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.network != Network::Tcp {
            write!(f, "{}/", self.network.name())?;
        }
        match self.ports {
            None => f.write_str(&self.host),
            Some(ports) if self.host.contains(':') => write!(f, "[{}]:{ports}", self.host),
            Some(ports) => write!(f, "{}:{ports}", self.host),
        }
    }
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

//! Addresses to listen on.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::values::network;

/// An address to listen on, in Caddy's network address syntax.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListenAddress {
    /// The kind of socket.
    pub network: Network,
    /// Host name or address without brackets, empty for all interfaces; the path (with `|permissions`) of a Unix socket;
    /// the number of an open one.
    pub host: String,
    /// The ports; none for Unix sockets and open ones.
    pub ports: Option<PortRange>,
}

/// Kinds of sockets.
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
    /// A Unix datagram socket.
    Unixgram,
    /// A Unix socket of sequenced packets.
    Unixpacket,
    /// UDP over both versions of IP.
    Udp,
    /// UDP over IPv4.
    Udp4,
    /// UDP over IPv6.
    Udp6,
    /// A stream socket that is open already, by its number.
    Fd,
    /// A datagram socket that is open already, by its number.
    Fdgram,
}

impl Network {
    /// All kinds.
    pub const ALL: [Network; 11] = [
        Network::Tcp,
        Network::Tcp4,
        Network::Tcp6,
        Network::Unix,
        Network::Unixgram,
        Network::Unixpacket,
        Network::Udp,
        Network::Udp4,
        Network::Udp6,
        Network::Fd,
        Network::Fdgram,
    ];

    /// The name that is written before the `/`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Network::Tcp => "tcp",
            Network::Tcp4 => "tcp4",
            Network::Tcp6 => "tcp6",
            Network::Unix => "unix",
            Network::Unixgram => "unixgram",
            Network::Unixpacket => "unixpacket",
            Network::Udp => "udp",
            Network::Udp4 => "udp4",
            Network::Udp6 => "udp6",
            Network::Fd => "fd",
            Network::Fdgram => "fdgram",
        }
    }

    /// Whether addresses are paths.
    #[must_use]
    pub fn is_unix(self) -> bool {
        matches!(
            self,
            Network::Unix | Network::Unixgram | Network::Unixpacket
        )
    }

    /// Whether addresses are numbers of open sockets.
    #[must_use]
    pub fn is_fd(self) -> bool {
        matches!(self, Network::Fd | Network::Fdgram)
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

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        network::listen_address(&text).map_err(serde::de::Error::custom)
    }
}

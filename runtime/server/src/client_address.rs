//! Who the client is, where peers that are trusted may say it.
//!
//! Whether the peer is trusted, and which of the addresses that it names is the
//! client's, site code decides; here they are found in the request's fields.

use std::net::IpAddr;

use zs_abi::tables::{ClientAddress, ClientAddressId, Item, ProxyId};

use zs_proto::Head;

use crate::exchange::Exchange;
use crate::site::LoadedSite;

/// What trusted peers say of the client.
#[derive(Clone, Debug, Default)]
pub struct Client {
    trusted: Trusted,
    address: Option<IpAddr>,
    /// Addresses that have not been looked at yet.
    rest: Rest,
}

/// Who passes on what the peer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trusted {
    #[default]
    Nobody,
    Proxy(ProxyId),
    All,
}

/// What is left of fields that are read from their ends.
#[derive(Clone, Debug, Default)]
struct Rest {
    /// Fields that have been taken.
    fields: usize,
    /// What is left of the last of them.
    text: Option<Vec<u8>>,
}

impl Client {
    /// The address that a trusted peer has said.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Whether the server trusts the peer.
    pub fn is_trusted(&self) -> bool {
        self.trusted == Trusted::All
    }

    /// Whether a proxy passes on what the peer says.
    pub fn is_trusted_by(&self, proxy: ProxyId) -> bool {
        self.is_trusted() || self.trusted == Trusted::Proxy(proxy)
    }

    /// Notes that the peer is trusted, by one proxy or by all.
    pub fn trust(&mut self, proxy: Option<ProxyId>) {
        if !self.is_trusted() {
            self.trusted = proxy.map_or(Trusted::All, Trusted::Proxy);
        }
    }
}

/// Makes the next address that the peer names the client's; whether there is
/// one. `None` if site code names no such fields.
pub fn next(site: &LoadedSite, exchange: &mut Exchange, number: ClientAddressId) -> Option<bool> {
    let record = site.data.record::<ClientAddress>(number.0)?;
    let name = |number: usize| {
        let item = site.data.range::<Item>(record.fields).nth(number)?;
        Some(site.text(item.value.text))
    };
    let head = &exchange.request.head;
    let client = &mut exchange.client;
    client.address = match record.backwards {
        0 => (0..)
            .map_while(name)
            .flat_map(|name| head.values(name))
            .flat_map(|value| value.split(|byte| *byte == b','))
            .find_map(address_of),
        _ => client.rest.next(head, name),
    };
    Some(client.address.is_some())
}

impl Rest {
    /// The last address that is left; `name` gives the fields' names.
    fn next<'n>(
        &mut self,
        head: &Head,
        name: impl Fn(usize) -> Option<&'n [u8]>,
    ) -> Option<IpAddr> {
        loop {
            let text = match &mut self.text {
                Some(text) => text,
                empty => {
                    let text = empty.insert(Vec::new());
                    head.join_into(name(self.fields)?, text);
                    self.fields += 1;
                    text
                }
            };
            let comma = text.iter().rposition(|byte| *byte == b',');
            let found = address_of(&text[comma.map_or(0, |comma| comma + 1)..]);
            match comma {
                Some(comma) => text.truncate(comma),
                None => self.text = None,
            }
            if found.is_some() {
                return found;
            }
        }
    }
}

/// An address as proxies write them: perhaps with a port, or with a zone, which
/// do not count.
fn address_of(part: &[u8]) -> Option<IpAddr> {
    let host = without_port(part).unwrap_or(part).trim_ascii();
    let host = host.split(|byte| *byte == b'%').next()?;
    std::str::from_utf8(host).ok()?.parse().ok()
}

/// The host of a host with a port; `None` if there is none, by Go's rules
/// (`net.SplitHostPort`).
fn without_port(text: &[u8]) -> Option<&[u8]> {
    let colon = text.iter().rposition(|byte| *byte == b':')?;
    let host = match text.strip_prefix(b"[") {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            (end + 2 == colon).then_some(&rest[..end])?
        }
        None => {
            let host = &text[..colon];
            (!host.contains(&b':')).then_some(host)?
        }
    };
    (!host.contains(&b'[')).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (part, expected) in [
            ("1.2.3.4", Some("1.2.3.4")),
            (" 1.2.3.4 ", Some("1.2.3.4")),
            (" 1.2.3.4:80", Some("1.2.3.4")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            (" [2001:db8::1]:80", None),
            ("[2001:db8::1]", None),
            ("fe80::1%eth0", Some("fe80::1")),
            ("::ffff:1.2.3.4", Some("::ffff:1.2.3.4")),
            ("1.2.3", None),
            ("unknown", None),
            ("", None),
        ] {
            let found = address_of(part.as_bytes()).map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{part}");
        }
    }
}

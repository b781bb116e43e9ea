//! The `X-Forwarded-*` fields that tell an upstream of the client.

use crate::head::Head;

/// What is told of the client.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Its address as text.
    pub address: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'a [u8],
    /// `Host` as received.
    pub host: &'a [u8],
    /// Whether the peer is trusted: what it says is then kept.
    pub trusted: bool,
}

/// Sets the fields. Those of a peer that is not trusted are dropped; those of
/// a trusted one are kept, and the address is appended.
pub fn set(head: &mut Head, client: &Client<'_>) {
    let mut addresses = Vec::new();
    if client.trusted && head.join_into(b"X-Forwarded-For", &mut addresses) {
        addresses.extend_from_slice(b", ");
    }
    addresses.extend_from_slice(client.address);
    head.set(b"X-Forwarded-For", &addresses);
    for (name, value) in [
        (&b"X-Forwarded-Proto"[..], client.scheme),
        (b"X-Forwarded-Host", client.host),
    ] {
        let told = client.trusted && head.first(name).is_some_and(|value| !value.is_empty());
        if !told {
            head.set(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_decides_what_is_kept() {
        for (trusted, expected) in [
            (false, ["10.0.0.1", "http", "h"]),
            (true, ["1.2.3.4, 10.0.0.1", "https", "h"]),
        ] {
            let mut head = Head::new();
            head.push(b"X-Forwarded-For", b"1.2.3.4");
            head.push(b"X-Forwarded-Proto", b"https");
            set(
                &mut head,
                &Client {
                    address: b"10.0.0.1",
                    scheme: b"http",
                    host: b"h",
                    trusted,
                },
            );
            let names = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"];
            for (name, value) in names.iter().zip(expected) {
                assert_eq!(head.first(name.as_bytes()), Some(value.as_bytes()));
            }
        }
    }
}

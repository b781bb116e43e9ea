//! The `X-Forwarded-*` fields that tell an upstream of the client.

use crate::head::Head;

/// What is told of the client.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The peer's address as text; empty on a unix socket.
    pub address: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'a [u8],
    /// `Host` as received.
    pub host: &'a [u8],
    /// Whether the peer is trusted: what it says is then kept.
    pub trusted: bool,
}

/// Adds the fields to a copy of a request's head that has none of them. Those
/// of a trusted peer are kept, and its address is appended.
pub fn tell(request: &Head, copy: &mut Head, client: &Client<'_>) {
    if client.address.is_empty() && !client.trusted {
        return;
    }
    let said = |name: &'static [u8]| {
        let counts = client.trusted && !request.lists(b"Connection", name);
        let values = counts.then(|| request.values(name));
        values.into_iter().flatten()
    };
    let mut addresses = Vec::new();
    for value in said(b"X-Forwarded-For") {
        if !addresses.is_empty() {
            addresses.extend_from_slice(b", ");
        }
        addresses.extend_from_slice(value);
    }
    if !addresses.is_empty() && !client.address.is_empty() {
        addresses.extend_from_slice(b", ");
    }
    addresses.extend_from_slice(client.address);
    if !addresses.is_empty() {
        copy.push(b"X-Forwarded-For", &addresses);
    }
    for (name, own) in [
        (&b"X-Forwarded-Proto"[..], client.scheme),
        (b"X-Forwarded-Host", client.host),
    ] {
        let value = said(name).last().filter(|value| !value.is_empty());
        copy.push(name, value.unwrap_or(own));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_decides_what_is_kept() {
        let mut request = Head::new();
        request.push(b"X-Forwarded-For", b"1.2.3.4");
        request.push(b"X-Forwarded-For", b"5.6.7.8");
        request.push(b"X-Forwarded-Proto", b"ftp");
        request.push(b"X-Forwarded-Proto", b"https");
        for (address, trusted, expected) in [
            ("10.0.0.1", false, ["10.0.0.1", "http", "h"]),
            (
                "10.0.0.1",
                true,
                ["1.2.3.4, 5.6.7.8, 10.0.0.1", "https", "h"],
            ),
            ("", true, ["1.2.3.4, 5.6.7.8", "https", "h"]),
            ("", false, ["", "", ""]),
        ] {
            let client = Client {
                address: address.as_bytes(),
                scheme: b"http",
                host: b"h",
                trusted,
            };
            let mut copy = Head::new();
            tell(&request, &mut copy, &client);
            let names = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"];
            for (name, value) in names.iter().zip(expected) {
                let told = copy.first(name.as_bytes()).unwrap_or(b"");
                assert_eq!(told, value.as_bytes());
            }
        }
    }
}

//! Removal of fields that belong to one connection only (RFC 9110 §7.6.1).

use crate::ascii;
use crate::head::Head;

/// Removes hop-by-hop fields: the ones `Connection` lists and the well-known
/// ones. `TE: trailers` is kept, because it tells the next server that
/// trailers may be sent.
pub fn remove(head: &mut Head) {
    let trailers = head.lists(b"TE", b"trailers");
    let mut listed: Vec<Vec<u8>> = Vec::new();
    for value in head.values(b"Connection") {
        listed.extend(ascii::list(value).map(<[u8]>::to_vec));
    }
    head.retain(|name, _| {
        !is_hop_by_hop(name) && !listed.iter().any(|other| other.eq_ignore_ascii_case(name))
    });
    if trailers {
        head.push(b"TE", b"trailers");
    }
}

/// The protocol that a head asks to switch to: `Upgrade`, if `Connection`
/// lists it.
pub fn upgrade(head: &Head) -> Option<&[u8]> {
    if head.lists(b"Connection", b"Upgrade") {
        head.first(b"Upgrade")
    } else {
        None
    }
}

/// Whether a field always belongs to one connection.
pub fn is_hop_by_hop(name: &[u8]) -> bool {
    HOP_BY_HOP
        .iter()
        .any(|other| other.as_bytes().eq_ignore_ascii_case(name))
}

const HOP_BY_HOP: [&str; 10] = [
    "Alt-Svc",
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_listed_and_known_fields() {
        let mut head = Head::new();
        for (name, value) in [
            ("Connection", "X-Mine, upgrade"),
            ("Upgrade", "websocket"),
            ("x-mine", "1"),
            ("TE", "gzip, trailers"),
            ("Accept", "*/*"),
        ] {
            head.push(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(upgrade(&head), Some(&b"websocket"[..]));
        remove(&mut head);
        let names: Vec<_> = head.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [&b"Accept"[..], b"Te"]);
        assert_eq!(head.first(b"TE"), Some(&b"trailers"[..]));
    }
}

//! Lays out the request view that site code reads (`zs_abi::view`).
//!
//! The exchange is the truth and the view a projection of it: after each
//! change to the request the view is laid out anew, and nothing is ever read
//! back from it.

use std::net::IpAddr;

use zs_abi::hash_bytes;
use zs_abi::view;
use zs_guest::{GuestPtr, Window};
use zs_io::Address;
use zs_proto::ascii::find_byte;
use zs_proto::path;

use crate::exchange::Exchange;
use crate::slots::Slot;

/// The slot has no room for the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotFull;

/// Buffers that laying out needs; reused from request to request.
#[derive(Debug, Default)]
pub struct Scratch {
    text: Vec<u8>,
}

/// A text in guest memory.
#[derive(Clone, Copy, Debug, Default)]
struct GuestText {
    start: u32,
    len: u32,
}

/// Lays out the whole view of the exchange's request; only the versions of the
/// path that `needs` names.
///
/// # Errors
/// If the slot is too small.
pub fn lay_out(
    window: &mut Window,
    slot: &mut Slot,
    exchange: &Exchange,
    needs: u32,
    scratch: &mut Scratch,
) -> Result<(), SlotFull> {
    let request = &exchange.request;
    let mut fixed = Fixed::new();
    let mut put = Placer { window, slot };
    lay_out_host(&mut fixed, &mut put, request.host_and_port(), scratch)?;
    lay_out_paths(&mut fixed, &mut put, exchange, needs, scratch)?;
    fixed.text(view::QUERY, put.place(&request.target.query)?);
    fixed.text(view::METHOD_TEXT, put.place(&request.method)?);
    fixed.word(view::METHOD, request.method_number() as u32);
    fixed.word(view::PROTO, 10 + u32::from(request.minor));
    fixed.word(view::SCHEME, u32::from(exchange.origin.tls.is_some()));
    fixed.word(view::LOCAL_PORT, local_port(&exchange.origin.local));
    if let Some(remote) = exchange.origin.remote {
        fixed.word(view::REMOTE_PORT, u32::from(remote.port()));
    }
    fixed.address(view::REMOTE_IP, view::REMOTE_FAMILY, exchange.remote_ip());
    fixed.address(view::CLIENT_IP, view::CLIENT_FAMILY, exchange.client_ip());
    let status = exchange.raised.as_ref().map_or(0, |raised| raised.status);
    fixed.word(view::ERROR_STATUS, u32::from(status));
    let start = GuestPtr(put.slot.address());
    let room = put.window.slice_mut(start, view::FIXED_BYTES);
    room.ok_or(SlotFull)?.copy_from_slice(&fixed.bytes);
    Ok(())
}

/// Writes the status of the error being handled into the view.
pub fn set_error_status(window: &mut Window, slot: &Slot, status: u16) {
    let at = GuestPtr(slot.address() + view::ERROR_STATUS as u32);
    if let Some(room) = window.slice_mut(at, 4) {
        room.copy_from_slice(&u32::from(status).to_le_bytes());
    }
}

/// Writes the client's address into the view.
pub fn set_client(window: &mut Window, slot: &Slot, client: Option<IpAddr>) {
    let (family, bytes) = words_of(client);
    let at = |field: i16| GuestPtr(slot.address() + u32::from(field.unsigned_abs()));
    if let Some(room) = window.slice_mut(at(view::CLIENT_FAMILY), 4) {
        room.copy_from_slice(&family.to_le_bytes());
    }
    if let Some(room) = window.slice_mut(at(view::CLIENT_IP), 16) {
        room.copy_from_slice(&bytes);
    }
}

/// The kind of an address, and the address itself with IPv4 as
/// `::ffff:a.b.c.d`.
fn words_of(address: Option<IpAddr>) -> (u32, [u8; 16]) {
    match address {
        None => (0, [0; 16]),
        Some(IpAddr::V4(v4)) => (4, v4.to_ipv6_mapped().octets()),
        Some(IpAddr::V6(v6)) => (6, v6.octets()),
    }
}

/// The host of a `Host` value: without port, and without the brackets of an
/// IPv6 literal.
pub fn host_without_port(host: &[u8]) -> &[u8] {
    if let Some(rest) = host.strip_prefix(b"[") {
        let end = rest.iter().position(|byte| *byte == b']');
        return end.map_or(host, |end| &rest[..end]);
    }
    match find_byte(host, b':') {
        // Two colons without brackets are an IPv6 literal without port.
        Some(colon) if find_byte(&host[colon + 1..], b':').is_none() => &host[..colon],
        _ => host,
    }
}

fn lay_out_host(
    fixed: &mut Fixed,
    put: &mut Placer<'_>,
    host_and_port: &[u8],
    scratch: &mut Scratch,
) -> Result<(), SlotFull> {
    scratch.text.clear();
    scratch
        .text
        .extend_from_slice(host_without_port(host_and_port));
    scratch.text.make_ascii_lowercase();
    let host = &scratch.text;
    let placed = put.place(host)?;
    fixed.text(view::HOST, placed);
    fixed.long(view::HOST_HASH, hash_bytes(host));
    let dot = find_byte(host, b'.');
    let tail_at = dot.map_or(host.len(), |dot| dot + 1);
    let tail = GuestText {
        start: placed.start + tail_at as u32,
        len: (host.len() - tail_at) as u32,
    };
    fixed.text(view::HOST_TAIL, tail);
    fixed.long(view::HOST_TAIL_HASH, hash_bytes(&host[tail_at..]));
    Ok(())
}

fn lay_out_paths(
    fixed: &mut Fixed,
    put: &mut Placer<'_>,
    exchange: &Exchange,
    needs: u32,
    scratch: &mut Scratch,
) -> Result<(), SlotFull> {
    let target = &exchange.request.target;
    let raw = put.place(&target.raw_path)?;
    fixed.text(view::PATH_RAW, raw);
    // Most paths are the same in all versions: those share their bytes.
    let mut last = (raw, &target.raw_path[..]);
    if target.path != target.raw_path {
        last = (put.place(&target.path)?, &target.path);
    }
    fixed.text(view::PATH, last.0);
    if needs & NEED_ANY_PATH == 0 {
        return Ok(());
    }
    let plain = is_plain(&target.path);
    for (need, at, merge, lower) in [
        (view::NEED_PATH_CLEAN, view::PATH_CLEAN, true, false),
        (view::NEED_PATH_MATCH, view::PATH_MATCH, true, true),
        (view::NEED_PATH_SLASHES, view::PATH_SLASHES, false, true),
    ] {
        if needs & need == 0 {
            continue;
        }
        if plain {
            fixed.text(at, last.0);
            continue;
        }
        scratch.text.clear();
        path::clean_into(&target.path, merge, &mut scratch.text);
        if lower {
            lower_case(&mut scratch.text);
        }
        let placed = if scratch.text == last.1 {
            last.0
        } else {
            put.place(&scratch.text)?
        };
        fixed.text(at, placed);
    }
    Ok(())
}

const NEED_ANY_PATH: u32 = view::NEED_PATH_CLEAN | view::NEED_PATH_MATCH | view::NEED_PATH_SLASHES;

/// Whether all versions of the path are the same: nothing to clean, nothing
/// that may be in upper case.
fn is_plain(path: &[u8]) -> bool {
    let mut previous = 0;
    path.first() == Some(&b'/')
        && path.iter().all(|byte| {
            let after_slash = previous == b'/';
            previous = *byte;
            let odd = !byte.is_ascii() || byte.is_ascii_uppercase();
            !(odd || (after_slash && matches!(byte, b'/' | b'.')))
        })
}

/// Paths are compared without regard to case in every script, as in Caddy;
/// bytes that are no text stay.
fn lower_case(path: &mut Vec<u8>) {
    path.make_ascii_lowercase();
    if !path.is_ascii()
        && let Ok(text) = std::str::from_utf8(path)
    {
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        *path = lower.into_bytes();
    }
}

/// The port of this end; 0 on a unix socket.
fn local_port(local: &Address) -> u32 {
    match local {
        Address::Ip(address) => u32::from(address.port()),
        Address::Unix(_) => 0,
    }
}

struct Placer<'a> {
    window: &'a mut Window,
    slot: &'a mut Slot,
}

impl Placer<'_> {
    fn place(&mut self, bytes: &[u8]) -> Result<GuestText, SlotFull> {
        let start = self.slot.place(self.window, bytes).ok_or(SlotFull)?;
        Ok(GuestText {
            start,
            len: bytes.len() as u32,
        })
    }
}

/// The fixed part of the view, before it is copied to the slot.
struct Fixed {
    bytes: [u8; view::FIXED_BYTES as usize],
}

impl Fixed {
    const fn new() -> Self {
        Self {
            bytes: [0; view::FIXED_BYTES as usize],
        }
    }

    fn word(&mut self, at: i16, value: u32) {
        let at = at as usize;
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn long(&mut self, at: i16, value: u64) {
        let at = at as usize;
        self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn text(&mut self, at: i16, text: GuestText) {
        self.word(at, text.start);
        self.word(at + 4, text.len);
    }

    fn address(&mut self, at: i16, family_at: i16, address: Option<IpAddr>) {
        let (family, bytes) = words_of(address);
        self.word(family_at, family);
        let at = at as usize;
        self.bytes[at..at + 16].copy_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Carrier, Origin};
    use crate::slots::Slots;
    use std::rc::Rc;
    use zs_abi::tables::ServerId;
    use zs_guest::Constants;
    use zs_io::Key;

    fn exchange(method: &str, uri: &str, host: &str) -> Exchange {
        let key = Key {
            index: 0,
            generation: 0,
        };
        let origin = Origin {
            remote: Some("192.0.2.1:5555".parse().unwrap()),
            local: Rc::new(Address::Ip("127.0.0.1:8080".parse().unwrap())),
            tls: None,
        };
        let mut exchange = Exchange::new(ServerId(0), Carrier::Connection(key), origin);
        let request = &mut exchange.request;
        request.method = method.into();
        request
            .target
            .parse(method.as_bytes(), uri.as_bytes())
            .unwrap();
        request.head.push(b"Host", host.as_bytes());
        exchange
    }

    struct Laid {
        window: Window,
        at: u32,
    }

    impl Laid {
        fn word(&self, at: i16) -> u32 {
            let bytes = self.window.slice(GuestPtr(self.at + at as u32), 4).unwrap();
            u32::from_le_bytes(bytes.try_into().unwrap())
        }

        fn text(&self, at: i16) -> String {
            let (start, len) = (self.word(at), self.word(at + 4));
            let bytes = self.window.slice(GuestPtr(start), len).unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        }
    }

    fn laid_out(exchange: &Exchange) -> Laid {
        let mut window = Window::new(&Constants::new(b"").unwrap()).unwrap();
        let mut slot = Slots::default().take(&mut window, 100).unwrap();
        let at = slot.address();
        lay_out(&mut window, &mut slot, exchange, 7, &mut Scratch::default()).unwrap();
        Laid { window, at }
    }

    #[test]
    fn projects_the_request() {
        let view = laid_out(&exchange(
            "POST",
            "/A%2Fb//../C?x=1",
            "WWW.Example.org:8080",
        ));
        assert_eq!(view.word(view::METHOD), 3);
        assert_eq!(view.word(view::PROTO), 11);
        assert_eq!(view.word(view::LOCAL_PORT), 8080);
        assert_eq!(view.text(view::HOST), "www.example.org");
        assert_eq!(view.text(view::HOST_TAIL), "example.org");
        assert_eq!(view.text(view::PATH_RAW), "/A%2Fb//../C");
        assert_eq!(view.text(view::PATH), "/A/b//../C");
        assert_eq!(view.text(view::PATH_CLEAN), "/A/C");
        assert_eq!(view.text(view::PATH_MATCH), "/a/c");
        assert_eq!(view.text(view::PATH_SLASHES), "/a/b/c");
        assert_eq!(view.text(view::QUERY), "x=1");
        assert_eq!(view.text(view::METHOD_TEXT), "POST");
        assert_eq!(view.word(view::REMOTE_PORT), 5555);
        let hash =
            u64::from(view.word(view::HOST_HASH)) | u64::from(view.word(view::HOST_HASH + 4)) << 32;
        assert_eq!(hash, hash_bytes(b"www.example.org"));
    }

    #[test]
    fn hosts() {
        for (value, host) in [
            ("a:80", "a"),
            ("[::1]:80", "::1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("", ""),
        ] {
            assert_eq!(
                host_without_port(value.as_bytes()),
                host.as_bytes(),
                "{value}"
            );
        }
    }
}

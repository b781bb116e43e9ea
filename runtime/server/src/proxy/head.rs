//! The head of the request to an upstream.

use std::io::Write;
use std::net::IpAddr;

use zs_abi::tables::{PROXY_HOST_UPSTREAM, Proxy};
use zs_proto::{Head, ascii, forwarded, hop};

use super::job::Sending;
use crate::exchange::{Exchange, SERVER_NAME};

/// Fills in the fields of the upstream's request that are the same for every
/// upstream, perhaps with what a `trusted` peer says; how its body is sent.
pub(super) fn prepare(exchange: &mut Exchange, trusted: bool) -> Sending {
    let scheme = exchange.scheme();
    let Exchange {
        request,
        upstream,
        origin,
        ..
    } = exchange;
    let upgrade = hop::upgrade(&request.head);
    let head = &mut upstream.request;
    head.clear();
    copy(&request.head, head, upgrade.is_some());
    if let Some(protocol) = upgrade {
        head.push(b"Connection", b"Upgrade");
        head.push(b"Upgrade", protocol);
    }
    let received = request.host_and_port();
    let (text, len) = match origin.remote {
        Some(remote) => address_text(remote.ip().to_canonical()),
        None => ([0; 46], 0),
    };
    let client = forwarded::Client {
        address: &text[..len],
        scheme,
        host: received,
        trusted,
    };
    forwarded::tell(&request.head, head, &client);
    head.push(b"Via", via(request.minor));
    if !request.has_body {
        // Go tells the length of nothing only where a body is expected.
        let expected = matches!(&request.method[..], b"POST" | b"PUT" | b"PATCH");
        if expected {
            head.push(b"Content-Length", b"0");
        }
        return Sending::Done;
    }
    match request.content_length {
        Some(length) => {
            let mut text = Vec::new();
            ascii::push_decimal(&mut text, length);
            head.push(b"Content-Length", &text);
            Sending::Length(length)
        }
        None => {
            head.push(b"Transfer-Encoding", b"chunked");
            Sending::Chunked
        }
    }
}

/// Puts the host in that the upstream sees.
pub(super) fn name_host(exchange: &mut Exchange, record: &Proxy, unix: bool) {
    let Exchange {
        request, upstream, ..
    } = exchange;
    let received = request.host_and_port();
    if record.flags & PROXY_HOST_UPSTREAM == 0 && !received.is_empty() {
        return;
    }
    let mut authority = Vec::new();
    if !unix {
        push_authority(&mut authority, &upstream.host, &upstream.port);
    }
    upstream.request.set(b"Host", &authority);
}

/// What the proxy calls itself, with the version of a message that it got.
pub(super) const fn via(minor: u8) -> &'static [u8] {
    match minor {
        0 => b"1.0 zeroserve",
        _ => b"1.1 zeroserve",
    }
}

const _: () = assert!(via(1).len() == 4 + SERVER_NAME.len());

/// Copies the fields that go on: not those of the connection, nor those that
/// are written anew here.
fn copy(from: &Head, to: &mut Head, upgrades: bool) {
    let trailers = from.lists(b"TE", b"trailers");
    let listed = from.contains(b"Connection");
    for (name, value) in from.iter() {
        let dropped = hop::is_hop_by_hop(name)
            || is_written_anew(name)
            || (listed && from.lists(b"Connection", name));
        if dropped {
            continue;
        }
        match websocket_name(name).filter(|_| upgrades) {
            Some(spelled) => to.push_canonical(spelled, value),
            None => to.push(name, value),
        }
    }
    if trailers {
        to.push(b"TE", b"trailers");
    }
}

/// A field of WebSocket as RFC 6455 spells it, which some upstreams insist on.
fn websocket_name(name: &[u8]) -> Option<&'static [u8]> {
    const NAMES: [&[u8]; 5] = [
        b"Sec-WebSocket-Accept",
        b"Sec-WebSocket-Extensions",
        b"Sec-WebSocket-Key",
        b"Sec-WebSocket-Protocol",
        b"Sec-WebSocket-Version",
    ];
    let mut names = NAMES.into_iter();
    names.find(|known| known.eq_ignore_ascii_case(name))
}

/// Fields that tell of the client or frame the body. `Expect` is met here.
fn is_written_anew(name: &[u8]) -> bool {
    let known: &[&[u8]] = match name.len() {
        6 => &[b"Expect"],
        14 => &[b"Content-Length"],
        15 => &[b"X-Forwarded-For"],
        16 => &[b"X-Forwarded-Host"],
        17 => &[b"X-Forwarded-Proto"],
        _ => &[],
    };
    known.iter().any(|other| other.eq_ignore_ascii_case(name))
}

fn push_authority(out: &mut Vec<u8>, host: &[u8], port: &[u8]) {
    let bare = host.contains(&b':') && !host.starts_with(b"[");
    if bare {
        out.push(b'[');
    }
    out.extend_from_slice(host);
    if bare {
        out.push(b']');
    }
    out.push(b':');
    out.extend_from_slice(port);
}

fn address_text(ip: IpAddr) -> ([u8; 46], usize) {
    let mut text = [0; 46];
    let mut rest = &mut text[..];
    // An address has 45 characters at most.
    let _written = write!(rest, "{ip}");
    let left = rest.len();
    (text, 46 - left)
}

/// Appends the whole head: what site code has made of it, and the framing that
/// is ours.
pub(super) fn write(exchange: &Exchange, out: &mut Vec<u8>) {
    let request = &exchange.request;
    out.extend_from_slice(&request.method);
    out.push(b' ');
    request.target.uri_into(out);
    out.extend_from_slice(b" HTTP/1.1\r\n");
    exchange.upstream.request.write_into(out);
    out.extend_from_slice(b"\r\n");
}

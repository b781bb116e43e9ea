//! The line of an entry, field by field as Caddy writes it.

use std::time::Duration;

use zs_abi::tables::{
    LOG_DURATION_MILLIS, LOG_DURATION_NANOS, LOG_ERROR, LOG_LEVEL_COLOR, LOG_LEVEL_LOWER, LogOutput,
};
use zs_proto::Head;
use zs_proto::head::push_canonical;

use super::BodyBytes;
use super::json::Json;
use super::time;
use crate::capability::{TlsFact, TlsSession};
use crate::exchange::Exchange;

/// A request that was answered, or not.
pub(super) struct Entry<'a> {
    /// `LOG_INFO` or `LOG_ERROR`.
    pub level: u32,
    /// Seconds since 1970, and nanoseconds.
    pub time: (i64, u32),
    /// The exchange, as it is at its end.
    pub exchange: &'a Exchange,
    /// Whether secrets are shown.
    pub credentials: bool,
    /// The request's fields as received.
    pub request: &'a Head,
    /// Bytes of bodies.
    pub bytes: BodyBytes,
    /// From the request's head to the end.
    pub duration: Duration,
    /// The status; 0 without an answer.
    pub status: u16,
    /// The response's fields.
    pub response: &'a Head,
}

/// Appends the line of an entry.
pub(super) fn push(
    out: &mut Vec<u8>,
    output: &LogOutput,
    layout: &[u8],
    console: bool,
    logger: &[u8],
    entry: &Entry<'_>,
) {
    let format = if console && output.level_format == LOG_LEVEL_LOWER {
        LOG_LEVEL_COLOR
    } else {
        output.level_format
    };
    let level = level(entry.level, format);
    if console {
        time::push(out, entry.time, output.time_format, layout, true);
        for part in [level.as_bytes(), logger, MESSAGE] {
            out.push(b'\t');
            out.extend_from_slice(part);
        }
        out.push(b'\t');
    }
    let mut json = Json {
        out,
        spaced: console,
    };
    json.open(b'{');
    if !console {
        json.field(b"level", level.as_bytes());
        json.key(b"ts");
        time::push(json.out, entry.time, output.time_format, layout, false);
        json.field(b"logger", logger);
        json.field(b"msg", MESSAGE);
    }
    request(&mut json, entry);
    json.plain_field(b"bytes_read", entry.bytes.read);
    json.field(b"user_id", b"");
    match output.duration_format {
        LOG_DURATION_MILLIS => json.plain_field(b"duration", entry.duration.as_millis()),
        LOG_DURATION_NANOS => json.plain_field(b"duration", entry.duration.as_nanos()),
        _ => json.plain_field(b"duration", entry.duration.as_nanos() as f64 / 1e9),
    }
    json.plain_field(b"size", entry.bytes.written);
    json.plain_field(b"status", entry.status);
    json.key(b"resp_headers");
    fields(&mut json, entry.response, entry.credentials);
    json.close(b'}');
    out.push(b'\n');
}

const MESSAGE: &[u8] = b"handled request";

fn level(level: u32, format: u32) -> &'static str {
    match (level == LOG_ERROR, format) {
        (false, LOG_LEVEL_LOWER) => "info",
        (true, LOG_LEVEL_LOWER) => "error",
        (false, LOG_LEVEL_COLOR) => "\x1b[34mINFO\x1b[0m",
        (true, LOG_LEVEL_COLOR) => "\x1b[31mERROR\x1b[0m",
        (false, _) => "INFO",
        (true, _) => "ERROR",
    }
}

fn request(json: &mut Json<'_>, entry: &Entry<'_>) {
    let Exchange {
        origin, request, ..
    } = entry.exchange;
    json.key(b"request");
    json.open(b'{');
    let (address, port) = match origin.remote {
        Some(remote) => (
            remote.ip().to_canonical().to_string(),
            remote.port().to_string(),
        ),
        None => ("@".to_owned(), String::new()),
    };
    json.field(b"remote_ip", address.as_bytes());
    json.field(b"remote_port", port.as_bytes());
    let mut client = Vec::new();
    entry.exchange.push_client(&mut client);
    json.field(b"client_ip", &client);
    let protocol: &[u8] = match request.minor {
        0 => b"HTTP/1.0",
        _ => b"HTTP/1.1",
    };
    json.field(b"proto", protocol);
    json.field(b"method", request.original_method());
    let host = entry.request.values(b"Host").last().unwrap_or(b"");
    json.field(b"host", host);
    json.field(b"uri", &request.uri);
    json.key(b"headers");
    fields(json, entry.request, entry.credentials);
    if entry.request.contains(b"Transfer-Encoding") {
        json.key(b"transfer_encoding");
        json.open(b'[');
        json.text(b"chunked");
        json.close(b']');
    }
    if let Some(tls) = &origin.tls {
        json.key(b"tls");
        handshake(json, tls);
    }
    json.close(b'}');
}

/// The fields of a head, each with all its values, without those that are not fields to Go.
fn fields(json: &mut Json<'_>, head: &Head, credentials: bool) {
    json.open(b'{');
    let mut canonical = Vec::new();
    for (at, (name, _)) in head.iter().enumerate() {
        let is_same = |other: &[u8]| other.eq_ignore_ascii_case(name);
        let known = head.iter().take(at).any(|(other, _)| is_same(other));
        if known || NO_FIELDS.iter().any(|other| is_same(other)) {
            continue;
        }
        canonical.clear();
        push_canonical(&mut canonical, name);
        json.key(&canonical);
        json.open(b'[');
        if !credentials && SECRETS.iter().any(|other| is_same(other)) {
            json.text(b"REDACTED");
        } else {
            head.values(name).for_each(|value| json.text(value));
        }
        json.close(b']');
    }
    json.close(b'}');
}

/// What Go keeps apart from the other fields.
const NO_FIELDS: [&[u8]; 3] = [b"Host", b"Transfer-Encoding", b"Trailer"];

/// Fields whose values say who somebody is (`credentials` of the Fetch standard).
const SECRETS: [&[u8]; 4] = [
    b"Cookie",
    b"Set-Cookie",
    b"Authorization",
    b"Proxy-Authorization",
];

fn handshake(json: &mut Json<'_>, tls: &TlsSession) {
    let fact = |fact| {
        let mut text = Vec::new();
        tls.fact(fact, &mut text);
        text
    };
    let resumed = fact(TlsFact::Resumed) == b"true";
    let version = match fact(TlsFact::Version).as_slice() {
        b"tls1.3" => 0x304,
        b"tls1.2" => 0x303,
        _ => 0,
    };
    let name = fact(TlsFact::CipherSuite);
    let suite = SUITES.iter().find(|(other, _)| other.as_bytes() == name);
    json.open(b'{');
    json.plain_field(b"resumed", resumed);
    json.plain_field(b"version", version);
    json.plain_field(b"cipher_suite", suite.map_or(0, |(_, number)| *number));
    json.field(b"proto", &fact(TlsFact::Protocol));
    json.field(b"server_name", &fact(TlsFact::ServerName));
    json.plain_field(b"ech", false);
    json.close(b'}');
}

/// The numbers of the suites that TLS here can have (RFC 8446 §B.4, RFC 5289, RFC 7905).
const SUITES: [(&str, u16); 9] = [
    ("TLS_AES_128_GCM_SHA256", 0x1301),
    ("TLS_AES_256_GCM_SHA384", 0x1302),
    ("TLS_CHACHA20_POLY1305_SHA256", 0x1303),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9),
];

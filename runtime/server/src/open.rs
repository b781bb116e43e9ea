//! Open values: read from the environment once, before anything listens,
//! checked for what they are used for, and from then on as constant as the rest
//! of the site's data.
//!
//! A value is never looked at as syntax: whatever it holds is text. Messages
//! name the variable and where the configuration asks for it, but never show a
//! value, which may be a secret.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use zs_abi::tables::{OpenPiece, OpenText, OpenValue, SiteHost};
use zs_abi::{OpenKind, SiteData};

use crate::capability::EnvironmentTable;

/// The part's functions.
pub(crate) const TABLE: EnvironmentTable = EnvironmentTable { bind };

/// The site's data with its open texts filled in.
///
/// # Errors
/// One sentence and a step to take, for the operator: a variable that is not
/// set, or whose value cannot be used.
fn bind(data: SiteData<'static>) -> Result<SiteData<'static>, String> {
    let mut texts: Vec<&'static [u8]> = Vec::new();
    for record in data.all::<OpenText>() {
        texts.push(text(data, &record)?.leak());
    }
    // Like the rest of the data it stays for as long as the process lives.
    let data = data.with_open(texts.leak());
    distinct_hosts(data)?;
    Ok(data)
}

/// The bytes of an open text.
fn text(data: SiteData<'static>, record: &OpenText) -> Result<Vec<u8>, String> {
    let kind = OpenKind::from_number(record.kind)
        .ok_or_else(|| format!("open values have no use {}", record.kind))?;
    let mut out = Vec::new();
    let mut last = None;
    for piece in data.range::<OpenPiece>(record.pieces) {
        let value = piece.value.and_then(|value| data.record(value.0));
        match &value {
            None => out.extend_from_slice(data.text(piece.text)),
            Some(value) => out.extend_from_slice(&read(data, value)?),
        }
        last = value.or(last);
    }
    if is_host(kind) {
        out.make_ascii_lowercase();
    }
    if let Some(brackets) = out
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"))
        && is_address(kind)
    {
        out = brackets.to_vec();
    }
    let expected = expectation(kind, &out);
    match (expected, last) {
        (Some(expected), Some(value)) => Err(format!(
            "{} is no {expected}\n  help: set it to one",
            place(data, &value)
        )),
        _ if kind == OpenKind::Address => Ok(address(&out).to_vec()),
        _ => Ok(out),
    }
}

/// The bytes of an address to listen on, as those of IPv6.
fn address(text: &[u8]) -> [u8; 16] {
    match ip(text).unwrap_or(Ipv4Addr::LOCALHOST.into()) {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// The value of a variable, or what it is where it is not set.
fn read(data: SiteData<'static>, value: &OpenValue) -> Result<Vec<u8>, String> {
    let name = data.text(value.name);
    let found = std::env::var_os(OsStr::from_bytes(name)).map(OsStringExt::into_vec);
    match found {
        Some(found) => Ok(found),
        None if value.has_default != 0 => Ok(data.text(value.default).to_vec()),
        None => Err(format!(
            "{} is not set\n  help: this site reads it from its environment when it starts",
            place(data, value)
        )),
    }
}

/// A variable, and where the configuration asks for it.
fn place(data: SiteData<'_>, value: &OpenValue) -> String {
    let shown = |text| data.text(text).escape_ascii().to_string();
    format!(
        "the environment variable `{}` ({}:{})",
        shown(value.name),
        shown(value.file),
        value.line
    )
}

/// What a text should be, if it is not what its use asks for.
fn expectation(kind: OpenKind, text: &[u8]) -> Option<&'static str> {
    let printable = |byte: &u8| !byte.is_ascii_control() || *byte == b'\t';
    let (valid, expected) = match kind {
        OpenKind::Text => (true, ""),
        OpenKind::Field => (
            text.iter().all(printable),
            "value of a header field: it holds a line break or another control character",
        ),
        OpenKind::Compared => (
            !text.is_empty() && text.iter().all(printable),
            "value to compare with: it is empty or holds a control character",
        ),
        OpenKind::Path => (
            text.iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(byte)),
            "path: it holds something else than letters, digits and `/-._~!$&'()*+,;=:@`",
        ),
        OpenKind::Host | OpenKind::Upstream => (
            is_name(text) || is_ip(text),
            "host name or IP address; a port stands in the configuration",
        ),
        OpenKind::CertifiedHost => {
            let name = text.strip_prefix(b"*.").unwrap_or(text);
            let help = "host name; a certificate for an IP address needs it when the site is built";
            (is_name(name) && !is_ip(name), help)
        }
        OpenKind::Address => (
            is_ip(text) || text == b"localhost",
            "IP address to listen on",
        ),
        OpenKind::File => (!text.is_empty() && !text.contains(&0), "name of a file"),
        _ => (false, "value that this runtime knows a use for"),
    };
    (!valid).then_some(expected)
}

/// Uses for which capital letters are small ones.
fn is_host(kind: OpenKind) -> bool {
    matches!(
        kind,
        OpenKind::Host | OpenKind::CertifiedHost | OpenKind::Upstream
    )
}

/// Uses for which an IPv6 address may stand in brackets.
fn is_address(kind: OpenKind) -> bool {
    matches!(
        kind,
        OpenKind::Host | OpenKind::Upstream | OpenKind::Address
    )
}

fn is_ip(text: &[u8]) -> bool {
    ip(text).is_some()
}

fn ip(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a text is a name of labels (RFC 1123 §2.1), with the underscores
/// that names of services have. Other letters than ASCII's are written as
/// `xn--…`.
fn is_name(text: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &[u8]| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.iter().all(letter)
            && !label.starts_with(b"-")
            && !label.ends_with(b"-")
    };
    text.len() <= NAME_BYTES_MAX && text.split(|byte| *byte == b'.').all(label)
}

/// Longest label of a name (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// Longest name (RFC 1035 §2.3.4, as text without the last dot).
const NAME_BYTES_MAX: usize = 253;

/// Refuses two sites of a server with the same host.
fn distinct_hosts(data: SiteData<'_>) -> Result<(), String> {
    let mut hosts: Vec<(u32, &[u8])> = data
        .all::<SiteHost>()
        .map(|host| (host.server.0, data.text(host.name)))
        .collect();
    hosts.sort_unstable();
    match hosts.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(format!(
            "two sites have the host `{}`, one of them from an environment variable\n  \
             help: give each site a host of its own",
            pair[0].1.escape_ascii()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_their_use_asks_for() {
        let valid = |kind, text: &str| expectation(kind, text.as_bytes()).is_none();
        for (kind, good, bad) in [
            (OpenKind::Text, &["", "a\nb{x}"][..], &[][..]),
            (
                OpenKind::Field,
                &["", "a \"b\" {x}\t"],
                &["a\nb", "a\rb", "\u{7f}"],
            ),
            (OpenKind::Compared, &["*", "x y"], &["", "a\nb"]),
            (
                OpenKind::Path,
                &["", "/a/b.c~1"],
                &["a b", "a?b", "a#b", "a%2fb", "é"],
            ),
            (
                OpenKind::Host,
                &["localhost", "a.example.com", "10.0.0.1", "::1", "_x.y"],
                &[
                    "",
                    "a b",
                    "a.example.com:80",
                    "*.a",
                    "a..b",
                    "-a",
                    "a/b",
                    "{env.X}",
                    "bücher.de",
                ],
            ),
            (
                OpenKind::CertifiedHost,
                &["a.b", "*.a.b"],
                &["10.0.0.1", "::1", "*", "*.*.a"],
            ),
            (
                OpenKind::Upstream,
                &["app", "10.0.0.1"],
                &["app:80", "http://app", ""],
            ),
            (
                OpenKind::Address,
                &["::", "127.0.0.1", "localhost"],
                &["", "app", ":80"],
            ),
            (OpenKind::File, &["a b.pem"], &[""]),
        ] {
            for text in good {
                assert!(valid(kind, text), "{kind:?} {text:?}");
            }
            for text in bad {
                assert!(!valid(kind, text), "{kind:?} {text:?}");
            }
        }
        let long = ["a".repeat(LABEL_BYTES_MAX), "a".repeat(LABEL_BYTES_MAX + 1)];
        assert!(is_name(long[0].as_bytes()) && !is_name(long[1].as_bytes()));
    }
}

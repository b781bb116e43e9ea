//! Addresses and ranges of addresses.

use std::net::IpAddr;

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};

/// What `private_ranges` stands for.
pub(crate) const PRIVATE_RANGES: &[&str] = &[
    "192.168.0.0/16",
    "172.16.0.0/12",
    "10.0.0.0/8",
    "127.0.0.1/8",
    "fd00::/8",
    "::1",
];

/// The ranges of some arguments: addresses (IPv6 ones perhaps with a zone), CIDR ranges, and `private_ranges`.
pub(crate) fn ranges(tokens: &[Token], cx: &mut Context) -> Parsed<Vec<String>> {
    let mut ranges = Vec::new();
    for token in tokens {
        let text = token.text.as_str();
        if text == "private_ranges" {
            ranges.extend(PRIVATE_RANGES.iter().map(|range| (*range).to_owned()));
        } else if is_range(text) {
            ranges.push(text.to_owned());
        } else {
            let message = format!("`{text}` is no address and no range of addresses");
            let help = "write an address, a range such as `10.0.0.0/8`, or `private_ranges`";
            return Err(cx.fail(token, codes::BAD_VALUE, message, help));
        }
    }
    Ok(ranges)
}

fn is_range(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let (address, zone) = match address.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (address, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    if zone.is_some_and(|zone| zone.is_empty() || address.is_ipv4()) {
        return false;
    }
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    let is_number = |bits: &str| {
        bits.bytes().all(|byte| byte.is_ascii_digit())
            && bits.parse::<u32>().is_ok_and(|bits| bits <= bits_max)
    };
    bits.is_none_or(is_number)
}

/// The prefix ranges that never get a public certificate.
const INTERNAL: &[(&str, u32)] = &[
    ("127.0.0.0", 8),
    ("0.0.0.0", 16),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("::1", 7),
    ("fe80::", 10),
    ("fc00::", 7),
];

/// Whether an address belongs to a private network.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    let address = address.to_canonical();
    INTERNAL.iter().any(|(base, bits)| {
        base.parse::<IpAddr>()
            .is_ok_and(|base| match (base, address) {
                (IpAddr::V4(base), IpAddr::V4(address)) => {
                    (base.to_bits() ^ address.to_bits()) >> (32 - bits) == 0
                }
                (IpAddr::V6(base), IpAddr::V6(address)) => {
                    (base.to_bits() ^ address.to_bits()) >> (128 - bits) == 0
                }
                _ => false,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_networks() {
        for good in [
            "1.2.3.4",
            "10.0.0.0/8",
            "::1",
            "fe80::1%eth0",
            "fe80::%eth0/10",
        ] {
            assert!(is_range(good), "{good}");
        }
        for bad in [
            "",
            "1.2.3",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "1.2.3.4%x",
            "x",
        ] {
            assert!(!is_range(bad), "{bad}");
        }
        for (address, expected) in [
            ("10.1.2.3", true),
            ("8.8.8.8", false),
            ("::1", true),
            ("fd12::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_internal(address.parse().unwrap()), expected, "{address}");
        }
    }
}

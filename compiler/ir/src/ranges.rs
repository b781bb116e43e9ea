//! Ranges of addresses, as tests of the program name them.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;

/// The addresses of one kind whose first bits are the same. IPv4 and IPv6 are
/// worlds apart, as in Go: `::/0` holds no IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    base: IpAddr,
    bits: u8,
}

/// A text is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARange;

impl IpRange {
    /// An address of the range, all zero behind its first bits.
    #[must_use]
    pub const fn base(&self) -> IpAddr {
        self.base
    }

    /// How many bits count.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// The bits that count, as bytes of the width of an address.
    #[must_use]
    pub fn mask(&self) -> Vec<u8> {
        let width = bits_of(self.base) / 8;
        let bits = usize::from(self.bits);
        (0..usize::from(width))
            .map(|byte| match bits.saturating_sub(byte * 8) {
                0 => 0,
                left @ 1..8 => 0xff << (8 - left),
                _ => 0xff,
            })
            .collect()
    }
}

impl FromStr for IpRange {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| NotARange)?;
        let bits = match bits {
            None => bits_of(base),
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| NotARange)?
            }
            Some(_) => return Err(NotARange),
        };
        if bits > bits_of(base) {
            return Err(NotARange);
        }
        let mut range = IpRange { base, bits };
        let mask = range.mask();
        let masked = |byte: usize, value: u8| value & mask[byte];
        range.base = match base {
            IpAddr::V4(base) => {
                let octets = base.octets();
                IpAddr::from(std::array::from_fn::<u8, 4, _>(|at| masked(at, octets[at])))
            }
            IpAddr::V6(base) => {
                let octets = base.octets();
                IpAddr::from(std::array::from_fn::<u8, 16, _>(|at| {
                    masked(at, octets[at])
                }))
            }
        };
        Ok(range)
    }
}

impl Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

const fn bits_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, expected) in [
            ("127.0.0.1/8", "127.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("172.16.0.0/12", "172.16.0.0/12"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::1", "::1/128"),
            ("fd12:3456::/9", "fd00::/9"),
            ("2001:db8:ffff::1/33", "2001:db8:8000::/33"),
        ] {
            let range: IpRange = text.parse().unwrap();
            assert_eq!(range.to_string(), expected);
        }
        for text in [
            "",
            "x",
            "1.2.3",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/+8",
            "1.2.3.4/",
        ] {
            assert_eq!(text.parse::<IpRange>(), Err(NotARange), "{text}");
        }
    }
}

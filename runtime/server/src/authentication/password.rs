//! Whether a password is the one that a hash was made of.

use argon2::{Argon2, Params, Version};
use subtle::ConstantTimeEq;
use zs_abi::tables::AUTH_ARGON2ID;
use zs_proto::ascii;
use zs_proto::base64::{self, Padding};

/// How passwords are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Bcrypt,
    Argon2id,
}

impl Algorithm {
    pub fn of(number: u32) -> Self {
        match number {
            AUTH_ARGON2ID => Self::Argon2id,
            _ => Self::Bcrypt,
        }
    }

    /// Whether the password fits; none does a malformed hash.
    pub fn fits(self, hash: &[u8], password: &[u8]) -> bool {
        let Ok(hash) = str::from_utf8(hash) else {
            return false;
        };
        match self {
            Self::Bcrypt => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon2id => argon2id(hash, password).unwrap_or(false),
        }
    }

    /// A hash whose check costs as much as that of another, and that nobody
    /// knows the password of.
    pub fn unknown(self, like: &[u8]) -> Vec<u8> {
        let (end, rest) = match self {
            // Behind version and cost.
            Self::Bcrypt => (dollar(like, 3), BCRYPT_REST),
            // Behind version and parameters.
            Self::Argon2id => (dollar(like, 4), ARGON2ID_REST),
        };
        [&like[..end], rest].concat()
    }
}

/// Salt and hash of a random text.
const BCRYPT_REST: &[u8] = b"1ejc7A/BFm4rU06noCDLwOZQoiQS1OER7NblRKOZP6Z9TyqSFqqGa";
const ARGON2ID_REST: &[u8] = b"ybBNIw2m7GJ5EO0ofE/Ttg$j6crLFgYDsSCUuBSKv5T1tR/0xdChbGAYWPXr2oTDP4";

/// The place behind a text's dollar sign of this number.
fn dollar(text: &[u8], number: usize) -> usize {
    let mut places = text.iter().enumerate().filter(|(_, byte)| **byte == b'$');
    places.nth(number - 1).map_or(0, |(at, _)| at + 1)
}

/// `$argon2id$v=19$m=47104,t=1,p=1$<salt>$<hash>`
fn argon2id(hash: &str, password: &[u8]) -> Option<bool> {
    let mut parts = hash.split('$');
    let ("", "argon2id", "v=19") = (parts.next()?, parts.next()?, parts.next()?) else {
        return None;
    };
    let mut settings = parts.next()?.split(',');
    let mut setting = |name: &str| {
        let digits = settings.next()?.strip_prefix(name)?;
        u32::try_from(ascii::parse_decimal(digits.as_bytes())?).ok()
    };
    let (memory, time, lanes) = (setting("m=")?, setting("t=")?, setting("p=")?);
    let salt = base64::decode(parts.next()?.as_bytes(), Padding::None)?;
    let expected = base64::decode(parts.next()?.as_bytes(), Padding::None)?;
    let params = Params::new(memory, time, lanes, Some(expected.len())).ok()?;
    let argon2 = Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params);
    let mut found = vec![0; expected.len()];
    argon2
        .hash_password_into(password, &salt, &mut found)
        .ok()?;
    Some(bool::from(found.ct_eq(&expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `secret`, by Caddy's own command.
    const BCRYPT: &[u8] = b"$2a$04$p2MPFJOwH7q6GjUuFRFvaemXVM/YEP78zoe.cJ2vEkzsNEeL0sJ3u";
    const ARGON2ID: &[u8] = b"$argon2id$v=19$m=64,t=1,p=1$viBa4y5RTsy4QVk8nEvqeg$jab1ovbhQD6AA5qmJudxeV7gaHtpteGmAIU8M4TxirE";

    #[test]
    fn checks_passwords() {
        for (algorithm, hash) in [(Algorithm::Bcrypt, BCRYPT), (Algorithm::Argon2id, ARGON2ID)] {
            assert!(algorithm.fits(hash, b"secret"));
            assert!(!algorithm.fits(hash, b"Secret"));
            assert!(!algorithm.fits(&hash[1..], b"secret"));
            let unknown = algorithm.unknown(hash);
            assert_eq!(unknown.len(), hash.len());
            assert!(!algorithm.fits(&unknown, b"secret"));
        }
        assert!(!Algorithm::Argon2id.fits(BCRYPT, b"secret"));
        assert!(!Algorithm::Bcrypt.fits(ARGON2ID, b"secret"));
    }
}

//! What a built site says of itself.

use zs_abi::SiteData;
use zs_abi::data::{DataError, MAGIC};
use zs_abi::tables::{Fact, Listener, TlsPolicy};

/// Why a file tells nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectError {
    /// It holds no site.
    NoSite,
    /// It was built by a version with another contract.
    OtherVersion,
}

/// Finds the site data in an executable, stripped or not.
///
/// # Errors
/// If there is none that this version can read.
pub fn site_data(bytes: &[u8]) -> Result<SiteData<'_>, InspectError> {
    let mut other = false;
    for start in positions(bytes) {
        match SiteData::new(&bytes[start..]) {
            Ok(data) => return Ok(data),
            Err(DataError::Contract(_)) => other = true,
            Err(DataError::Magic | DataError::Length) => {}
        }
    }
    Err(if other {
        InspectError::OtherVersion
    } else {
        InspectError::NoSite
    })
}

/// Where the magic stands; site data is aligned to 8 bytes.
fn positions(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..bytes.len())
        .step_by(8)
        .filter(|at| bytes[*at..].starts_with(&MAGIC))
}

/// The facts, one a line, and how many listeners and policies there are.
pub fn describe(data: SiteData<'_>) -> String {
    let mut out = String::new();
    for fact in data.all::<Fact>() {
        let (key, value) = (data.text(fact.key), data.text(fact.value));
        out += &format!(
            "{:<14}{}\n",
            String::from_utf8_lossy(key),
            String::from_utf8_lossy(value)
        );
    }
    out += &format!("{:<14}{}\n", "sockets", data.count::<Listener>());
    out += &format!("{:<14}{}\n", "tls names", data.count::<TlsPolicy>());
    out
}

//! Certificates of the authority: made with rcgen, and read back.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use super::{Issued, Storage};
use crate::certificate::Identity;

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Root,
    Intermediate,
    Leaf(&'a str),
}

impl Kind<'_> {
    /// Name of the issuer's files.
    pub fn file(self) -> &'static str {
        match self {
            Self::Root => "root",
            _ => "intermediate",
        }
    }

    /// How long it is valid: as Caddy's.
    fn lifetime(self) -> Duration {
        match self {
            Self::Root => Duration::days(3650),
            Self::Intermediate => Duration::days(7),
            Self::Leaf(_) => Duration::hours(12),
        }
    }

    fn parameters(self, now: i64) -> Result<CertificateParams, String> {
        let names = match self {
            Self::Leaf(name) => vec![name.to_string()],
            _ => Vec::new(),
        };
        let mut parameters = CertificateParams::new(names).map_err(|e| e.to_string())?;
        let start = OffsetDateTime::from_unix_timestamp(now).map_err(|e| e.to_string())?;
        // Clocks of clients may be slow.
        parameters.not_before = start - Duration::minutes(1);
        parameters.not_after = start + self.lifetime();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.use_authority_key_identifier_extension = true;
        let common_name = match self {
            Self::Root => Some(format!(
                "zeroserve Local Authority - {} ECC Root",
                start.year()
            )),
            Self::Intermediate => Some("zeroserve Local Authority - ECC Intermediate".to_string()),
            Self::Leaf(_) => None,
        };
        if let Some(name) = common_name {
            parameters.distinguished_name.push(DnType::CommonName, name);
        }
        if let Self::Leaf(_) = self {
            parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            parameters.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ];
        } else {
            let below = u8::from(self == Self::Root);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
            parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        Ok(parameters)
    }
}

/// A certificate that issues others, with its key.
#[derive(Debug)]
pub(super) struct Issuer {
    signer: rcgen::Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
    valid: Validity,
}

/// Makes a root: certificate and key in PEM.
pub(super) fn self_signed(now: i64) -> Result<(String, String), String> {
    let key = KeyPair::generate().map_err(|e| e.to_string())?;
    let certificate = Kind::Root.parameters(now)?.self_signed(&key);
    let certificate = certificate.map_err(|e| e.to_string())?;
    Ok((certificate.pem(), key.serialize_pem()))
}

impl Issuer {
    /// Reads certificate and key, both PEM.
    pub fn load(certificate: &[u8], key: &[u8]) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(certificate).map_err(|e| e.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| e.to_string())?;
        let key = KeyPair::try_from(&pkcs8(key)?).map_err(|e| e.to_string())?;
        let signer = rcgen::Issuer::from_ca_cert_der(&der, key).map_err(|e| e.to_string())?;
        let valid = Validity::of(&der).ok_or("no certificate")?;
        let pem = String::from_utf8_lossy(certificate).into_owned();
        Ok(Self {
            signer,
            der,
            pem,
            valid,
        })
    }

    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    pub fn renew_at(&self) -> i64 {
        self.valid.renew_at()
    }

    /// Whether the other one was issued by this one.
    pub fn has_issued(&self, other: &Self) -> bool {
        let (Ok((_, mine)), Ok((_, others))) = (
            x509_parser::parse_x509_certificate(&self.der),
            x509_parser::parse_x509_certificate(&other.der),
        ) else {
            return false;
        };
        others.verify_signature(Some(mine.public_key())).is_ok()
    }

    /// Issues a certificate with a new key, both in PEM.
    pub fn issue(&self, kind: Kind<'_>, now: i64) -> Result<(String, String), String> {
        let key = KeyPair::generate().map_err(|e| e.to_string())?;
        let mut parameters = kind.parameters(now)?;
        let end = OffsetDateTime::from_unix_timestamp(self.valid.end).map_err(|e| e.to_string())?;
        parameters.not_after = parameters.not_after.min(end);
        let certificate = parameters.signed_by(&key, &self.signer);
        let certificate = certificate.map_err(|e| e.to_string())?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

/// A stored certificate with its chain, unless it is to be renewed.
pub(super) fn stored(storage: &Storage, at: &str, now: i64) -> Option<Issued> {
    let chain = storage.read(&format!("{at}.crt"))?;
    let key = storage.read(&format!("{at}.key"))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let identity = Identity {
        chain: chain.ok()?,
        key: PrivateKeyDer::from_pem_slice(&key).ok()?,
    };
    // The chain is as good as the one of its certificates that ends first.
    let validities = identity.chain.iter().map(|der| Validity::of(der));
    let renew_at = validities
        .collect::<Option<Vec<_>>>()?
        .iter()
        .map(Validity::renew_at)
        .min()?;
    (renew_at > now).then_some(Issued { identity, renew_at })
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Validity {
    start: i64,
    end: i64,
}

impl Validity {
    fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            start: validity.not_before.timestamp(),
            end: validity.not_after.timestamp(),
        })
    }

    /// With a third of its lifetime left.
    fn renew_at(&self) -> i64 {
        self.end - (self.end - self.start) / 3
    }
}

/// A key in the form that ring reads. Caddy writes elliptic-curve keys in the
/// form of SEC 1; around that goes the name of the curve (RFC 5208 §5).
fn pkcs8(key: PrivateKeyDer<'static>) -> Result<PrivateKeyDer<'static>, String> {
    let sec1 = match key {
        PrivateKeyDer::Pkcs8(_) => return Ok(key),
        PrivateKeyDer::Sec1(sec1) => sec1,
        _ => return Err("the key is of a kind that cannot issue".to_string()),
    };
    let body = sec1.secret_sec1_der();
    let mut inner = P256_PREFIX.to_vec();
    push_tagged(&mut inner, 0x04, body);
    let mut der = Vec::new();
    push_tagged(&mut der, 0x30, &inner);
    Ok(PrivatePkcs8KeyDer::from(der).into())
}

/// Version 0, then `ecPublicKey` with `prime256v1` (RFC 5480 §2.1.1).
const P256_PREFIX: &[u8] = &[
    0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// Appends a DER value of up to 65,535 bytes.
fn push_tagged(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    let len = body.len();
    out.push(tag);
    match len {
        0..0x80 => out.push(len as u8),
        0x80..0x100 => out.extend_from_slice(&[0x81, len as u8]),
        _ => out.extend_from_slice(&[0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(body);
}

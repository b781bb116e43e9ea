//! TLS towards upstreams: which roots are trusted, and the client's side of a
//! connection.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::session::{self, Failure};

/// How to speak to upstreams.
#[derive(Clone, Debug)]
pub struct Connector(Arc<ClientConfig>);

impl Connector {
    /// Verifies upstreams by the system's roots, or by the embedded ones where
    /// the system has none; `insecure` verifies nothing.
    ///
    /// # Errors
    /// One sentence, if the cryptography refuses.
    pub fn new(insecure: bool) -> Result<Self, String> {
        let provider = crate::provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let mut config = if insecure {
            let verifier = Arc::new(NoVerification(provider));
            builder
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth()
        } else {
            builder
                .with_root_certificates(roots())
                .with_no_client_auth()
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::in_memory_sessions(SESSIONS_KEPT);
        Ok(Self(Arc::new(config)))
    }

    /// Trusts these certificates only.
    ///
    /// # Errors
    /// One sentence, if one is no certificate or the cryptography refuses.
    pub fn with_roots(certificates: &[CertificateDer<'static>]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots
                .add(certificate.clone())
                .map_err(|error| error.to_string())?;
        }
        let mut config = ClientConfig::builder_with_provider(crate::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// Sessions of upstreams kept for resumption, by worker.
const SESSIONS_KEPT: usize = 256;

/// Where systems keep the roots they trust, in one file; the first that
/// exists counts.
const ROOT_FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let named = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
    let files = named
        .into_iter()
        .chain(ROOT_FILES.iter().map(|path| (*path).into()));
    for file in files {
        let Ok(pem) = std::fs::read(&file) else {
            continue;
        };
        // A root that cannot be read is one that nothing is verified by.
        let found = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
        let (added, _ignored) = roots.add_parsable_certificates(found);
        if added > 0 {
            return roots;
        }
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots
}

/// The client's side of a connection.
pub struct Session(ClientConnection);

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Session")
    }
}

impl Session {
    /// Begins a connection to the server of a name or address.
    ///
    /// # Errors
    /// One sentence, if that is neither.
    pub fn new(connector: &Connector, name: &[u8]) -> Result<Self, String> {
        let refused = || format!("{} is no server name", name.escape_ascii());
        let text = std::str::from_utf8(name).map_err(|_| refused())?;
        let name = ServerName::try_from(text.to_string()).map_err(|_| refused())?;
        let connection = ClientConnection::new(Arc::clone(&connector.0), name);
        let mut connection = connection.map_err(|error| error.to_string())?;
        connection.set_buffer_limit(None);
        Ok(Self(connection))
    }

    /// Takes bytes that arrived and appends the plaintext that they hold.
    /// Whether the peer has said that no more comes.
    ///
    /// # Errors
    /// If the connection cannot go on.
    pub fn feed(&mut self, ciphertext: &[u8], plaintext: &mut Vec<u8>) -> Result<bool, Failure> {
        session::feed(&mut self.0, ciphertext, plaintext)
    }

    /// Takes plaintext to be sent; before the end of the handshake it waits.
    pub fn put(&mut self, plaintext: &[u8]) {
        session::put(&mut self.0, plaintext);
    }

    /// Appends ciphertext that is to be sent now.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        session::take(&mut self.0, out);
    }

    /// Whether the handshake still goes on.
    pub fn is_handshaking(&self) -> bool {
        self.0.is_handshaking()
    }

    /// Says that nothing more is put.
    pub fn close(&mut self) {
        self.0.send_close_notify();
    }
}

/// Accepts every certificate; signatures are still verified, so that the peer
/// has the key of what it shows.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

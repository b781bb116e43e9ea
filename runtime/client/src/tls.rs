//! TLS towards other servers, behind a seam: only who names [`TABLE`] is
//! linked with it.

use std::fmt::Debug;

use zs_tls::client::{Connector, Session};

/// The client's side of a TLS connection.
pub trait Stream: Debug {
    /// Takes bytes that arrived and appends the plaintext that they hold.
    /// Whether the peer has said that no more comes.
    ///
    /// # Errors
    /// One clause, if the connection cannot go on.
    fn feed(&mut self, ciphertext: &[u8], plaintext: &mut Vec<u8>) -> Result<bool, String>;
    /// Takes plaintext to be sent.
    fn put(&mut self, plaintext: &[u8]);
    /// Appends ciphertext that is to be sent now.
    fn take(&mut self, out: &mut Vec<u8>);
    /// Whether the handshake still goes on.
    fn is_handshaking(&self) -> bool;
}

/// Makes connections; holds what is trusted, and sessions for resumption.
pub trait Connect: Debug {
    /// Begins a connection to the server of a name or address.
    ///
    /// # Errors
    /// One clause, if that is neither.
    fn connect(&self, name: &[u8]) -> Result<Box<dyn Stream>, String>;
}

/// The function table that a site refers to.
#[derive(Debug)]
pub struct TlsTable {
    /// Makes a connector, that verifies nothing if it is `insecure`.
    pub connector: fn(insecure: bool) -> Result<Box<dyn Connect>, String>,
}

/// TLS by rustls.
pub const TABLE: TlsTable = TlsTable {
    connector: |insecure| Ok(Box::new(Connector::new(insecure)?)),
};

impl Connect for Connector {
    fn connect(&self, name: &[u8]) -> Result<Box<dyn Stream>, String> {
        Ok(Box::new(Session::new(self, name)?))
    }
}

impl Stream for Session {
    fn feed(&mut self, ciphertext: &[u8], plaintext: &mut Vec<u8>) -> Result<bool, String> {
        Self::feed(self, ciphertext, plaintext).map_err(|failure| failure.to_string())
    }

    fn put(&mut self, plaintext: &[u8]) {
        Self::put(self, plaintext);
    }

    fn take(&mut self, out: &mut Vec<u8>) {
        Self::take(self, out);
    }

    fn is_handshaking(&self) -> bool {
        Self::is_handshaking(self)
    }
}

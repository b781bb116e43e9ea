//! What both ends of a connection have in common: moving bytes through
//! rustls.

use std::fmt;

use rustls::{ConnectionCommon, SideData};

/// The connection cannot go on; an alert for the peer may be among the
/// ciphertext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong, as a clause.
    pub reason: String,
}

impl Failure {
    fn of(error: &dyn fmt::Display) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.reason)
    }
}

impl std::error::Error for Failure {}

/// Takes ciphertext and appends the plaintext that it holds. Whether the peer
/// has said that no more comes.
///
/// # Errors
/// If the handshake or a record is not acceptable. What came before it is
/// appended all the same.
pub(crate) fn feed<S: SideData>(
    connection: &mut ConnectionCommon<S>,
    mut ciphertext: &[u8],
    plaintext: &mut Vec<u8>,
) -> Result<bool, Failure> {
    while !ciphertext.is_empty() {
        let read = connection
            .read_tls(&mut ciphertext)
            .map_err(|error| Failure::of(&error))?;
        let processed = connection.process_new_packets();
        take_plaintext(connection, plaintext);
        let state = processed.map_err(|error| Failure::of(&error))?;
        if state.peer_has_closed() {
            return Ok(true);
        }
        if read == 0 {
            break;
        }
    }
    Ok(false)
}

fn take_plaintext<S: SideData>(connection: &mut ConnectionCommon<S>, out: &mut Vec<u8>) {
    use std::io::BufRead;
    let mut reader = connection.reader();
    // An error says that there is nothing now; the end is told elsewhere.
    while let Ok(chunk) = reader.fill_buf() {
        let len = chunk.len();
        if len == 0 {
            break;
        }
        out.extend_from_slice(chunk);
        reader.consume(len);
    }
}

/// Takes plaintext to be sent.
pub(crate) fn put<S: SideData>(connection: &mut ConnectionCommon<S>, plaintext: &[u8]) {
    use std::io::Write;
    // Buffers have no limit here: who puts bounds what is put.
    let _written = connection.writer().write_all(plaintext);
}

/// Appends ciphertext that is to be sent now.
pub(crate) fn take<S: SideData>(connection: &mut ConnectionCommon<S>, out: &mut Vec<u8>) {
    while connection.wants_write() {
        // A vector takes everything.
        if !matches!(connection.write_tls(out), Ok(1..)) {
            break;
        }
    }
}

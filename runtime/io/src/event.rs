//! What a loop tells its owner.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

use crate::buffers::Lease;

/// A number by which the owner of a socket or timer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// An error of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// The error of the call that failed last on this thread.
    pub fn last() -> Self {
        Self(io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    /// Whether the peer is gone, which is nobody's fault and not worth a log line.
    pub const fn is_peer_gone(self) -> bool {
        matches!(
            self.0,
            libc::ECONNRESET | libc::EPIPE | libc::ETIMEDOUT | libc::ECONNABORTED | libc::ENOTCONN
        )
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from_raw_os_error(self.0).fmt(out)
    }
}

/// Something has happened.
#[derive(Debug)]
pub enum Event {
    /// A listener has a new connection.
    Accepted {
        /// The listener's.
        token: Token,
        /// The connection.
        socket: OwnedFd,
    },
    /// A listener could not take a connection; it rests until
    /// [`crate::Loop::accept_again`].
    AcceptFailed {
        /// The listener's.
        token: Token,
        /// Why.
        error: Errno,
    },
    /// A connection was established, or not.
    Connected {
        /// The socket's.
        token: Token,
        /// Whether it was.
        result: Result<(), Errno>,
    },
    /// Bytes have arrived.
    Received {
        /// The socket's.
        token: Token,
        /// The bytes; of a datagram socket one datagram.
        data: Lease,
    },
    /// The peer sends nothing more.
    Ended {
        /// The socket's.
        token: Token,
    },
    /// Receiving has failed; nothing more arrives.
    ReceiveFailed {
        /// The socket's.
        token: Token,
        /// Why.
        error: Errno,
    },
    /// A send is complete.
    Sent {
        /// The socket's.
        token: Token,
        /// The buffer that was sent, for use again.
        buffer: Vec<u8>,
        /// Whether all of it was.
        result: Result<(), Errno>,
    },
    /// A watched descriptor can be read.
    Ready {
        /// The descriptor's.
        token: Token,
    },
    /// A timer has run out.
    Timer {
        /// The timer's.
        token: Token,
    },
}

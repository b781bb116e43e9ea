//! A line: a connection to another server, from its dialling on.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;

use zs_io::{Address, Errno, Key, Lease, Millis};

use crate::client::PoolId;
use crate::tls::Stream;

/// Names a line; it names nobody once the line is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey(pub(crate) Key);

impl LineKey {
    /// A number that no other line has at the same time; small ones first.
    pub const fn index(self) -> usize {
        self.0.index as usize
    }
}

/// Why a line could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host's name has no address; why.
    Name(String),
    /// No address could be connected to; the last one, and why.
    Connect(Address, Errno),
    /// There was no connection within the time for dialling.
    Timeout,
    /// TLS was not agreed on within the time for that.
    Handshake,
    /// TLS could not be agreed on; why.
    Tls(String),
    /// The system has no more sockets; why.
    System(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(reason) => write!(out, "lookup: {reason}"),
            Self::Connect(address, error) => write!(out, "dial {address}: {error}"),
            Self::Timeout => out.write_str("dial: timeout"),
            Self::Handshake => out.write_str("tls: timeout"),
            Self::Tls(reason) => write!(out, "tls: {reason}"),
            Self::System(reason) => write!(out, "dial: {reason}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Bytes that were received.
#[derive(Debug)]
pub enum Bytes {
    /// As they came.
    Lease(Lease),
    /// Plaintext of TLS.
    Plain(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Lease(lease) => lease,
            Self::Plain(bytes) => bytes,
        }
    }
}

/// What a client tells of a line.
#[derive(Debug)]
pub enum Told {
    /// It can be used.
    Ready,
    /// It could not be had, and is gone.
    Failed(Failure),
    /// Bytes have arrived.
    Received(Bytes),
    /// More can be sent: what was sent last is; the buffer, for use again.
    Sent(Vec<u8>),
    /// The peer sends nothing more.
    Ended,
    /// The line is broken.
    Broken,
    /// Its deadline has come.
    Deadline,
}

/// How far a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The host's addresses are being looked up.
    Resolving,
    /// An address is being connected to.
    Connecting,
    /// TLS is being agreed on.
    Handshaking,
    /// Bytes pass.
    Open,
    /// It waits in its pool.
    Idle,
}

#[derive(Debug)]
pub(crate) struct Line {
    pub state: State,
    pub socket: Option<Key>,
    pub tls: Option<Box<dyn Stream>>,
    /// Which pool it goes back to, and what tells it from others there.
    pub pool: PoolId,
    pub label: Vec<u8>,
    /// Addresses that have not been tried.
    pub addresses: VecDeque<Address>,
    /// The address that is being tried, or is connected to.
    pub address: Option<Address>,
    /// Port for addresses that are looked up.
    pub port: u16,
    /// Why the address before did not do.
    pub failure: Option<Failure>,
    /// When dialling has to be done.
    pub dial_end: Millis,
    /// Time for the handshake that follows, in milliseconds.
    pub handshake_ms: u64,
    /// Whether the loop is sending for the line.
    pub sending: bool,
    pub receiving: bool,
    pub deadline: Option<Millis>,
    /// When the loop's timer for the line runs out.
    pub timer: Option<Millis>,
}

impl Line {
    /// Notes the addresses of the line's host.
    pub fn resolved(&mut self, addresses: &[IpAddr]) {
        let port = self.port;
        let addresses = addresses.iter();
        self.addresses = addresses
            .map(|ip| Address::Ip((*ip, port).into()))
            .collect();
    }
}

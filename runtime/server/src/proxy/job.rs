//! What is known of the exchange that a line works for.

use zs_abi::tables::ProxyId;
use zs_client::LineKey;
use zs_io::Key;
use zs_proto::request::HeadScan;

use crate::connection::BodyReader;
use crate::limits::BUFFER_BYTES_KEPT;

/// How far a job is with the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The head has not come.
    #[default]
    Head,
    /// The body comes.
    Body,
    /// Both sides send bytes of another protocol.
    Tunnel,
}

/// How the request's body is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sending {
    /// There is none, or it is sent.
    #[default]
    Done,
    /// So many bytes are left.
    Length(u64),
    /// In chunks.
    Chunked,
    /// As it comes, in a tunnel.
    Tunnel,
}

/// A line's job. Its memory stays for the next line with the same index.
#[derive(Debug)]
pub(super) struct Job {
    pub line: Option<LineKey>,
    pub exchange: Option<Key>,
    pub proxy: ProxyId,
    /// Number of the upstream's record.
    pub upstream: u32,
    /// Number of its backend, whose requests are counted.
    pub backend: Option<u32>,
    pub phase: Phase,
    /// Whether the request's head was sent.
    pub head_sent: bool,
    pub sending: Sending,
    /// Whether the line has worked before, so that it may have ended unseen.
    pub reused: bool,
    /// Informational responses so far.
    pub informed: u32,
    /// Whether anything of the response has come.
    pub answered: bool,
    /// Whether the request may be sent once more on another line.
    pub replayable: bool,
    /// Whether any of the request's body was sent.
    pub body_sent: bool,
    /// Whether the line can be kept after the response.
    pub keep: bool,
    /// Whether the response's pipe is full and the line rests.
    pub held: bool,
    /// Whether the upstream sends nothing more.
    pub ended: bool,
    pub scan: HeadScan,
    /// Bytes that have come and are not used yet.
    pub input: Vec<u8>,
    pub body: BodyReader,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            line: None,
            exchange: None,
            proxy: ProxyId(0),
            upstream: 0,
            backend: None,
            phase: Phase::Head,
            head_sent: false,
            sending: Sending::Done,
            reused: false,
            informed: 0,
            answered: false,
            replayable: false,
            body_sent: false,
            keep: false,
            held: false,
            ended: false,
            scan: HeadScan::default(),
            input: Vec::new(),
            body: BodyReader::Done,
        }
    }
}

impl Job {
    /// Sets the job up for an exchange.
    pub fn begin(&mut self, line: LineKey, exchange: Key, plan: Plan) {
        let mut input = std::mem::take(&mut self.input);
        input.clear();
        if input.capacity() > BUFFER_BYTES_KEPT {
            input = Vec::new();
        }
        *self = Self {
            line: Some(line),
            exchange: Some(exchange),
            proxy: plan.proxy,
            upstream: plan.upstream,
            backend: plan.backend,
            sending: plan.sending,
            reused: plan.reused,
            replayable: plan.replayable,
            input,
            ..Self::default()
        };
    }
}

/// What a job is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub proxy: ProxyId,
    pub upstream: u32,
    pub backend: Option<u32>,
    pub sending: Sending,
    pub reused: bool,
    pub replayable: bool,
}

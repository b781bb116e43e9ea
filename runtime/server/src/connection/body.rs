//! How a request's body is read off the connection.

use zs_proto::chunked::{self, Piece};
use zs_proto::framing::BodyLength;

use crate::connection::{Connection, State};
use crate::limits::DISCARD_BYTES_MAX;
use crate::worker::Worker;

/// Reads a body out of the input.
#[derive(Debug)]
pub(crate) enum BodyReader {
    /// Nothing is left.
    Done,
    /// So many bytes are left.
    Length(u64),
    /// Chunks are left.
    Chunked(chunked::Decoder),
    /// Everything that comes until the peer ends: after a switch of protocols,
    /// and bodies of responses whose length is not told.
    Tunnel,
}

/// The body is malformed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyBroken;

impl BodyReader {
    pub fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::None | BodyLength::Bytes(0) => Self::Done,
            BodyLength::UntilClose => Self::Tunnel,
            BodyLength::Bytes(count) => Self::Length(count),
            BodyLength::Chunked => Self::Chunked(chunked::Decoder::new()),
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Whether more than so many bytes are certainly left.
    pub fn exceeds(&self, count: u64) -> bool {
        matches!(self, Self::Length(left) if *left > count)
    }

    /// Takes body bytes off the front of the input: how much of it was used,
    /// and the bytes. Nothing used means that more input is needed.
    pub fn take<'a>(&mut self, input: &'a [u8]) -> Result<(usize, &'a [u8]), BodyBroken> {
        match self {
            Self::Done => Ok((0, &[])),
            Self::Tunnel => Ok((input.len(), input)),
            Self::Length(left) => {
                let count = input
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok((count, &input[..count]))
            }
            Self::Chunked(decoder) => {
                let (used, piece) = decoder.next(input).map_err(|_| BodyBroken)?;
                match piece {
                    Piece::Data(data) => Ok((used, data)),
                    Piece::More => Ok((used, &[])),
                    Piece::End => {
                        *self = Self::Done;
                        Ok((used, &[]))
                    }
                }
            }
        }
    }
}

impl Connection {
    /// Gives the exchange what has arrived of the request's body, if its
    /// reader wants it and has room.
    pub(super) fn fill_body(&mut self, worker: &mut Worker) {
        let Some(key) = self.exchange else { return };
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        let pipe = &mut exchange.request_body;
        // A body that another has taken the place of is left unread.
        let over = pipe.has_failed() || pipe.has_ended();
        if self.body.is_done() || !pipe.is_wanted() || over {
            return;
        }
        if self.expects_continue {
            self.expects_continue = false;
            self.output
                .extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let mut changed = false;
        while !self.body.is_done() && !pipe.is_full() && !pipe.has_overrun() {
            match self.body.take(&self.input[self.at..]) {
                Ok((0, _)) => break,
                Ok((used, data)) => {
                    self.at += used;
                    self.body_bytes.read += data.len() as u64;
                    pipe.push_within_limit(data);
                    changed = true;
                }
                Err(BodyBroken) => {
                    pipe.fail();
                    self.keep_alive = false;
                    self.body = BodyReader::Done;
                    worker.wake_proxy(key);
                    return;
                }
            }
        }
        if pipe.has_overrun() {
            // What is left may be short enough to be read for nobody.
            worker.wake_proxy(key);
            return;
        }
        let cut = self.peer_ended && self.at == self.input.len();
        if self.body.is_done() || (cut && matches!(self.body, BodyReader::Tunnel)) {
            pipe.end();
            self.body = BodyReader::Done;
            changed = true;
        } else if cut {
            pipe.fail();
            self.keep_alive = false;
            changed = true;
        }
        if changed {
            self.deadline.progress();
            worker.wake_proxy(key);
        }
    }

    /// Reads what nobody wanted of a request's body, so that the next request
    /// can be found. Returns whether the state has changed.
    pub(super) fn discard(&mut self) -> bool {
        while !self.body.is_done() {
            match self.body.take(&self.input[self.at..]) {
                Ok((0, _)) => break,
                Ok((used, _)) => {
                    self.at += used;
                    self.discarded += used as u64;
                }
                Err(BodyBroken) => self.discarded = u64::MAX,
            }
            if self.discarded > DISCARD_BYTES_MAX {
                self.state = State::Flush { linger: true };
                return true;
            }
        }
        if self.body.is_done() {
            self.state = State::Head;
            return true;
        }
        if self.peer_ended {
            self.state = State::Flush { linger: false };
            return true;
        }
        false
    }
}

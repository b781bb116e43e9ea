//! From an exchange's response to bytes on the connection.

use zs_proto::chunked::{LAST_CHUNK, push_chunk};
use zs_proto::framing::status_has_body;
use zs_proto::{ascii, status};

use crate::connection::body::BodyReader;
use crate::connection::{Connection, State};
use crate::exchange::{Body, Exchange, Phase};
use crate::limits::{DISCARD_BYTES_MAX, OUTPUT_HIGH};
use crate::worker::Worker;

/// How the end of the response's body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is no body, or the peer gets none of it (`HEAD`).
    None,
    /// By a length; so many bytes are still due.
    Length(u64),
    /// By chunks.
    Chunked,
    /// By the end of the connection.
    Close,
}

impl Connection {
    /// Carries the exchange as far as it goes. Returns whether the state has
    /// changed.
    pub(super) fn carry(&mut self, worker: &mut Worker) -> bool {
        self.fill_body(worker);
        let Some(key) = self.exchange else {
            return false;
        };
        let Some(exchange) = worker.exchange_mut(key) else {
            return false;
        };
        if !exchange.informational.is_empty() {
            self.output.append(&mut exchange.informational);
        }
        match exchange.phase {
            Phase::Deciding => false,
            Phase::Aborted => {
                self.end_exchange(worker);
                self.state = State::Flush { linger: false };
                true
            }
            Phase::Ready => {
                self.write_head(worker, key);
                true
            }
            Phase::Sending => self.write_body(worker, key),
        }
    }

    fn write_head(&mut self, worker: &mut Worker, key: zs_io::Key) {
        let date = *worker.date();
        if self.output.capacity() == 0 {
            self.output = worker.buffer();
        }
        worker.log_response(key);
        let draining = worker.draining;
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        exchange.phase = Phase::Sending;
        if exchange.tunnel {
            self.body = BodyReader::Tunnel;
            self.framing = Framing::Close;
            self.keep_alive = false;
        } else {
            self.settle_connection(exchange, draining);
            self.frame(exchange);
        }
        let response = &mut exchange.response;
        let out = &mut self.output;
        status::push_line(out, 1, response.status);
        response.head.write_into(out);
        if !response.head.contains(b"Date") {
            out.extend_from_slice(b"Date: ");
            out.extend_from_slice(&date);
            out.extend_from_slice(b"\r\n");
        }
        if exchange.tunnel {
            out.extend_from_slice(b"\r\n");
            return;
        }
        self.write_framing(exchange);
    }

    /// Decides whether the connection stays after this response.
    fn settle_connection(&mut self, exchange: &mut Exchange, draining: bool) {
        let response = &mut exchange.response;
        let asked = response.close || response.head.lists(b"Connection", b"close");
        // Whether the client will send a body that it asked to send and was
        // not answered cannot be known; a long one is not worth reading.
        let unread =
            !self.body.is_done() && (self.expects_continue || self.body.exceeds(DISCARD_BYTES_MAX));
        if asked || unread || draining || self.peer_ended {
            self.keep_alive = false;
        }
    }

    /// Decides how the body is framed, and drops fields that would say
    /// otherwise.
    fn frame(&mut self, exchange: &mut Exchange) {
        // Whatever a rule made of the method: the client waits for what it asked for.
        let head_request = exchange.request.original_method() == b"HEAD";
        let response = &mut exchange.response;
        let bodiless = !status_has_body(response.status);
        let told = head_request && !bodiless && response.body == Body::Stream(None);
        let typeless = response.status == 304;
        response.head.remove_where(|name| match name.len() {
            10 => name.eq_ignore_ascii_case(b"Connection"),
            12 => typeless && name.eq_ignore_ascii_case(b"Content-Type"),
            14 => !told && name.eq_ignore_ascii_case(b"Content-Length"),
            17 => name.eq_ignore_ascii_case(b"Transfer-Encoding"),
            _ => false,
        });
        if bodiless {
            response.drop_body();
            self.framing = Framing::None;
            return;
        }
        let length = match response.body {
            Body::Stream(length) => length,
            _ => Some(response.ready_bytes().len() as u64),
        };
        self.framing = match length {
            _ if head_request => Framing::None,
            Some(length) => Framing::Length(length),
            None if self.minor >= 1 => Framing::Chunked,
            None => {
                self.keep_alive = false;
                Framing::Close
            }
        };
    }

    fn write_framing(&mut self, exchange: &mut Exchange) {
        let out = &mut self.output;
        let response = &exchange.response;
        let length = match (self.framing, response.body) {
            (Framing::Length(length), _) | (Framing::None, Body::Stream(Some(length))) => {
                Some(length)
            }
            // To `HEAD` the length that `GET` would get, if there is one.
            (Framing::None, Body::Constant(_) | Body::Text) => {
                Some(response.ready_bytes().len() as u64)
            }
            _ => None,
        };
        if let Some(length) = length {
            out.extend_from_slice(b"Content-Length: ");
            ascii::push_decimal(out, length);
            out.extend_from_slice(b"\r\n");
        }
        if self.framing == Framing::Chunked {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        if !self.keep_alive {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if self.minor == 0 {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes as much of the body as there is and has room. Returns whether the
    /// response is complete, so that the state has changed.
    fn write_body(&mut self, worker: &mut Worker, key: zs_io::Key) -> bool {
        let Some(exchange) = worker.exchange_mut(key) else {
            return false;
        };
        let room = OUTPUT_HIGH.saturating_sub(self.output.len());
        let response = &mut exchange.response;
        if !matches!(response.body, Body::Stream(_)) {
            return self.write_ready_body(worker, key, room);
        }
        let (pipe, resumed) = if room > 0 && self.framing != Framing::None {
            response.readable()
        } else {
            (&mut response.pipe, false)
        };
        let mut count = pipe.len().min(room);
        let mut broken = pipe.has_failed();
        self.body_bytes.written += match &mut self.framing {
            Framing::Length(left)
                if *left >= pipe.len() as u64 && pipe.give_all(&mut self.output) =>
            {
                count = 0;
                *left -= self.output.len() as u64;
                self.output.len() as u64
            }
            Framing::Length(left) => {
                // A source that gives more than it said does not get through.
                let due = count.min(usize::try_from(*left).unwrap_or(usize::MAX));
                self.output.extend_from_slice(&pipe.bytes()[..due]);
                *left -= due as u64;
                count as u64
            }
            Framing::None => {
                count = pipe.len();
                count as u64
            }
            Framing::Close => {
                self.output.extend_from_slice(&pipe.bytes()[..count]);
                count as u64
            }
            Framing::Chunked => {
                push_chunk(&mut self.output, &pipe.bytes()[..count]);
                count as u64
            }
        };
        let wakes = pipe.consume(count) || resumed;
        let done = pipe.is_done();
        broken |= done && matches!(self.framing, Framing::Length(1..));
        if wakes {
            worker.wake_proxy(key);
        }
        if broken {
            // The peer must not take what it got for the whole.
            self.end_exchange(worker);
            self.keep_alive = false;
            self.state = State::Flush { linger: false };
            return true;
        }
        if !done {
            return false;
        }
        if self.framing == Framing::Chunked {
            self.output.extend_from_slice(LAST_CHUNK);
        }
        self.response_complete(worker);
        true
    }

    fn write_ready_body(&mut self, worker: &mut Worker, key: zs_io::Key, room: usize) -> bool {
        if let Some(exchange) = worker.exchange(key) {
            let written = self.body_bytes.written as usize;
            let rest = &exchange.response.ready_bytes()[written..];
            // The last piece goes along even if it exceeds the mark a little.
            let unsent = self.framing == Framing::None;
            let whole = unsent || (rest.len() <= OUTPUT_HIGH && room > 0);
            let count = if whole {
                rest.len()
            } else {
                rest.len().min(room)
            };
            if !unsent {
                self.output.extend_from_slice(&rest[..count]);
            }
            self.body_bytes.written += count as u64;
            if count < rest.len() {
                return false;
            }
        }
        self.response_complete(worker);
        true
    }

    /// The response is written: on to the next request, or to the end.
    fn response_complete(&mut self, worker: &mut Worker) {
        self.end_exchange(worker);
        if self.keep_alive {
            self.deadline.end_request();
        }
        self.state = if !self.keep_alive {
            // Bytes that nobody reads would turn the end into a reset, and the
            // peer might lose the response.
            let unread = !self.body.is_done() || !self.unread().is_empty();
            State::Flush { linger: unread }
        } else if self.body.is_done() {
            State::Head
        } else {
            State::Discard
        };
    }

    pub(super) fn end_exchange(&mut self, worker: &mut Worker) {
        if let Some(key) = self.exchange.take() {
            worker.log_end(key, self.body_bytes);
            worker.end_exchange(key);
        }
    }
}

//! A connection that speaks HTTP/1: an explicit state machine that carries
//! exchanges one after another.
//!
//! Requests that are sent without waiting for responses (pipelining) stay in
//! the input until the one before them is answered; the responses of several
//! small ones go out in one write.

mod body;
mod deadline;
mod request;
mod response;

use std::rc::Rc;

use zs_abi::tables::ServerId;
use zs_io::{Errno, Event, Key, Lease};
use zs_proto::request::HeadScan;

use crate::access_log::BodyBytes;
use crate::capability::{TlsFailure, TlsSession};
use crate::exchange::Origin;
use crate::limits::INPUT_HIGH;
use crate::worker::Worker;

pub(crate) use body::BodyReader;
use deadline::Deadline;
use response::Framing;

/// A connection of a client.
#[derive(Debug)]
pub(crate) struct Connection {
    key: Key,
    socket: Key,
    server: ServerId,
    origin: Origin,
    state: State,
    /// Bytes that have arrived and are not used yet, from `at` on.
    input: Vec<u8>,
    at: usize,
    scan: HeadScan,
    /// The exchange being carried.
    exchange: Option<Key>,
    /// How the current request's body is read.
    body: BodyReader,
    /// Whether the client waits for `100 Continue`.
    expects_continue: bool,
    /// How the current response's body is written.
    framing: Framing,
    /// Bytes of the bodies that were moved.
    body_bytes: BodyBytes,
    /// Plain bytes that are to be sent.
    output: Vec<u8>,
    /// Whether the loop is sending for us.
    sending: bool,
    receiving: bool,
    /// Whether the peer sends nothing more.
    peer_ended: bool,
    keep_alive: bool,
    minor: u8,
    /// Bytes of a request's body that were read for nobody.
    discarded: u64,
    /// Requests so far.
    requests: u64,
    deadline: Deadline,
}

/// What the connection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waits for a request head, or for the rest of one.
    Head,
    /// An exchange is carried.
    Exchange,
    /// The response is written; the rest of the request's body is read for
    /// nobody.
    Discard,
    /// What is left of the output is sent, then the connection is closed; with
    /// `linger` the peer gets time to read it.
    Flush { linger: bool },
    /// The output is sent and ended; what arrives is dropped for a while.
    Linger,
    /// It is over.
    Closed,
}

impl Connection {
    pub(crate) fn new(
        key: Key,
        socket: Key,
        server: ServerId,
        origin: Origin,
        worker: &mut Worker,
    ) -> Self {
        let mut connection = Self {
            key,
            socket,
            server,
            origin,
            state: State::Head,
            input: Vec::new(),
            at: 0,
            scan: HeadScan::default(),
            exchange: None,
            body: BodyReader::Done,
            expects_continue: false,
            framing: Framing::None,
            body_bytes: BodyBytes::default(),
            output: Vec::new(),
            sending: false,
            receiving: false,
            peer_ended: false,
            keep_alive: true,
            minor: 1,
            discarded: 0,
            requests: 0,
            deadline: Deadline::default(),
        };
        connection.pump(worker);
        connection
    }

    pub(crate) fn socket(&self) -> Key {
        self.socket
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether it waits for a request and has seen nothing of it.
    pub(crate) fn is_idle(&self) -> bool {
        self.state == State::Head && self.unread().is_empty() && self.output.is_empty()
    }

    /// Takes an event of the connection's socket or timer.
    pub(crate) fn event(&mut self, worker: &mut Worker, event: Event) {
        match event {
            Event::Received { data, .. } => self.received(worker, data),
            Event::Sent { buffer, result, .. } => self.sent(worker, buffer, result),
            Event::Ended { .. } => {
                self.peer_ended = true;
                self.receiving = false;
            }
            Event::ReceiveFailed { .. } => self.close(worker),
            Event::Timer { .. } => self.timer(worker),
            _ => {}
        }
        self.pump(worker);
    }

    /// Does all that can be done without waiting.
    pub(crate) fn pump(&mut self, worker: &mut Worker) {
        loop {
            let progress = match self.state {
                State::Head => self.next_request(worker),
                State::Exchange => self.carry(worker),
                State::Discard => self.discard(),
                State::Flush { .. } | State::Linger => {
                    self.drop_input(worker);
                    false
                }
                State::Closed => return,
            };
            if !progress {
                break;
            }
        }
        self.flush(worker);
        if self.is_closed() {
            return;
        }
        self.drop_used_input(worker);
        self.set_receiving(worker);
        self.set_deadline(worker);
    }

    /// Ends the connection at once, with everything that works for it.
    pub(crate) fn close(&mut self, worker: &mut Worker) {
        if self.is_closed() {
            return;
        }
        self.state = State::Closed;
        self.end_exchange(worker);
        self.origin.tls = None;
        worker.recycle(std::mem::take(&mut self.input));
        worker.recycle(std::mem::take(&mut self.output));
        worker.io.close(self.socket);
    }

    /// Asks the connection to end when its current request is answered.
    pub(crate) fn drain(&mut self, worker: &mut Worker) {
        self.keep_alive = false;
        if self.is_idle() {
            self.state = State::Flush { linger: false };
            self.pump(worker);
        }
    }

    fn received(&mut self, worker: &mut Worker, data: Lease) {
        self.deadline.progress();
        if self.input.capacity() == 0 {
            self.input = worker.buffer();
        }
        let Some(tls) = self.origin.tls.clone() else {
            self.input.extend_from_slice(&data);
            return;
        };
        self.feed_tls(&tls, &data);
    }

    fn feed_tls(&mut self, tls: &Rc<TlsSession>, ciphertext: &[u8]) {
        match tls.feed(ciphertext, &mut self.input) {
            Ok(ended) => self.peer_ended |= ended,
            Err(TlsFailure::PlainHttp) => {
                self.origin.tls = None;
                self.output.extend_from_slice(PLAIN_HTTP_ANSWER);
                self.state = State::Flush { linger: true };
            }
            // The alert must not be lost to a reset.
            Err(TlsFailure::Protocol) => self.state = State::Flush { linger: true },
        }
    }

    fn sent(&mut self, worker: &mut Worker, buffer: Vec<u8>, result: Result<(), Errno>) {
        worker.recycle(buffer);
        self.sending = false;
        self.deadline.progress();
        if result.is_err() {
            self.close(worker);
        }
    }

    /// Sends what there is to send, unless a send is under way.
    fn flush(&mut self, worker: &mut Worker) {
        if self.sending || self.is_closed() {
            return;
        }
        let bytes = match &self.origin.tls {
            None => std::mem::take(&mut self.output),
            Some(tls) => {
                if !self.output.is_empty() {
                    tls.put_plaintext(&self.output);
                    self.output.clear();
                }
                let mut wire = worker.buffer();
                tls.take_ciphertext(&mut wire);
                wire
            }
        };
        if bytes.is_empty() {
            worker.recycle(bytes);
            self.flushed(worker);
            return;
        }
        self.sending = true;
        worker.io.send(self.socket, bytes);
    }

    /// Everything has been sent.
    fn flushed(&mut self, worker: &mut Worker) {
        let State::Flush { linger } = self.state else {
            return;
        };
        if let Some(tls) = self.origin.tls.take() {
            let mut notice = worker.buffer();
            tls.close();
            tls.take_ciphertext(&mut notice);
            if !notice.is_empty() {
                self.sending = true;
                worker.io.send(self.socket, notice);
                return;
            }
        }
        if !linger || self.peer_ended {
            self.close(worker);
            return;
        }
        worker.io.shutdown(self.socket);
        self.state = State::Linger;
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.at..]
    }

    fn drop_input(&mut self, worker: &mut Worker) {
        self.at = self.input.len();
        self.drop_used_input(worker);
        if self.state == State::Linger && self.peer_ended {
            self.close(worker);
        }
    }

    /// Gives the input's memory back once all of it is used; an idle
    /// connection holds no buffer.
    fn drop_used_input(&mut self, worker: &mut Worker) {
        if self.at == self.input.len() {
            worker.recycle(std::mem::take(&mut self.input));
            self.at = 0;
        } else if self.at > INPUT_HIGH {
            self.input.drain(..self.at);
            self.at = 0;
        }
    }

    /// Receives as long as there is room for what arrives.
    fn set_receiving(&mut self, worker: &mut Worker) {
        let room = match self.state {
            // The head's own limit is looked at when it is searched.
            State::Head | State::Linger => true,
            State::Flush { .. } => false,
            _ => self.unread().len() < INPUT_HIGH,
        };
        let wanted = room && !self.peer_ended;
        if wanted && !self.receiving {
            worker.io.receive(self.socket);
        } else if !wanted && self.receiving {
            worker.io.pause(self.socket);
        }
        self.receiving = wanted;
    }
}

/// What Go's server answers to plain HTTP on a TLS port.
const PLAIN_HTTP_ANSWER: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

//! What a connection waits for, and how long.
//!
//! The deadline moves with every request, so it is kept here and not in the
//! loop's timers: a timer is set for it, and when that runs out and the
//! deadline has moved, set again.

use zs_abi::tables::Server;
use zs_io::Millis;

use crate::connection::{Connection, State};
use crate::limits::LINGER_MS;
use crate::worker::{Subject, Worker};

/// When a connection has waited long enough.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    waiting: Waiting,
    /// When what is waited for has taken long enough.
    step: Option<Millis>,
    /// When the current request is to be there as a whole.
    read: Option<Millis>,
    /// When its response is to be written.
    write: Option<Millis>,
    /// The first of them that counts.
    at: Option<Millis>,
    /// When the loop's timer for it runs out.
    timer: Option<Millis>,
    /// Whether something has moved since `at` was worked out.
    moved: bool,
    /// Bytes that the loop had sent when that was last looked at.
    sent: u64,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waiting {
    /// Something that has no limit, or none of the connection's.
    #[default]
    Nothing,
    /// The first byte of the next request.
    Request,
    /// The rest of a request head, as a whole.
    Head,
    /// The next bytes of a request's body.
    Body,
    /// The peer to take the next bytes of a response.
    Write,
    /// The peer to read an answer before the end.
    Linger,
}

impl Deadline {
    /// Notes that bytes have come or gone.
    pub fn progress(&mut self) {
        self.moved = true;
    }

    /// A request's head is there.
    pub fn begin_request(&mut self, now: Millis, server: &Server) {
        if self.read.is_none() {
            self.read = after(now, server.read_ms);
        }
        self.write = after(now, server.write_ms);
    }

    /// Its response is written.
    pub fn end_request(&mut self) {
        (self.read, self.write) = (None, None);
    }
}

/// So many milliseconds later; never if there are none.
fn after(now: Millis, millis: u32) -> Option<Millis> {
    (millis > 0).then(|| now.after(millis.into()))
}

impl Connection {
    /// Works the deadline out anew after something has happened.
    pub(super) fn set_deadline(&mut self, worker: &mut Worker) {
        let (waiting, millis) = self.waiting(worker);
        // Time for a head, and for leaving, is not won by sending on and on.
        let moved = std::mem::take(&mut self.deadline.moved);
        let extends = moved && !matches!(waiting, Waiting::Head | Waiting::Linger);
        if waiting != self.deadline.waiting || extends {
            self.deadline.waiting = waiting;
            self.deadline.step = after(worker.io.now(), millis);
        }
        if waiting == Waiting::Head && self.deadline.read.is_none() {
            let server = worker.site().server(self.server);
            self.deadline.read = after(worker.io.now(), server.read_ms);
        }
        let whole = [self.read_deadline(), self.write_deadline(worker)];
        let times = whole.into_iter().chain([self.deadline.step]);
        self.deadline.at = times.flatten().min();
        self.arm(worker);
    }

    /// The timer has run out; the deadline may have moved since it was set.
    pub(super) fn timer(&mut self, worker: &mut Worker) {
        self.deadline.timer = None;
        let now = worker.io.now();
        if self.deadline.at.is_none_or(|at| at > now) {
            self.arm(worker);
            return;
        }
        if self.write_deadline(worker).is_some_and(|at| at <= now) {
            self.close(worker);
            return;
        }
        match self.deadline.waiting {
            Waiting::Nothing => {}
            Waiting::Write => {
                if self.sends_on(worker) {
                    self.set_deadline(worker);
                } else {
                    self.close(worker);
                }
            }
            Waiting::Head if !self.unread().is_empty() => self.refuse(408, ""),
            Waiting::Body => self.body_timed_out(worker),
            Waiting::Head | Waiting::Request | Waiting::Linger => self.close(worker),
        }
    }

    /// The end of the time for the whole request, while it is being read.
    fn read_deadline(&self) -> Option<Millis> {
        let reads = matches!(self.deadline.waiting, Waiting::Head | Waiting::Body);
        self.deadline.read.filter(|_| reads)
    }

    /// The end of the time for the whole response, unless the connection has
    /// become a tunnel.
    fn write_deadline(&self, worker: &Worker) -> Option<Millis> {
        let at = self.deadline.write?;
        let exchange = self.exchange.and_then(|key| worker.exchange(key));
        let is_tunnel = exchange.is_some_and(|exchange| exchange.tunnel);
        (!is_tunnel).then_some(at)
    }

    /// Whether the peer has taken a part of what is being sent since the last
    /// look; a slow one may take a while for all of it.
    fn sends_on(&mut self, worker: &mut Worker) -> bool {
        let sent = worker.io.sent_bytes(self.socket);
        let before = std::mem::replace(&mut self.deadline.sent, sent);
        self.deadline.moved = sent != before;
        self.deadline.moved
    }

    fn waiting(&self, worker: &Worker) -> (Waiting, u32) {
        let server = worker.site().server(self.server);
        if self.sending && self.state != State::Head {
            return (Waiting::Write, server.write_idle_ms);
        }
        match self.state {
            State::Head if self.unread().is_empty() && self.requests > 0 => {
                (Waiting::Request, server.idle_ms)
            }
            State::Head => (Waiting::Head, server.read_header_ms),
            State::Discard => (Waiting::Body, server.body_idle_ms),
            State::Exchange if self.wants_body(worker) => (Waiting::Body, server.body_idle_ms),
            State::Linger => (Waiting::Linger, LINGER_MS),
            State::Flush { .. } if self.sending => (Waiting::Write, server.write_idle_ms),
            _ => (Waiting::Nothing, 0),
        }
    }

    fn wants_body(&self, worker: &Worker) -> bool {
        let exchange = self.exchange.and_then(|key| worker.exchange(key));
        !self.body.is_done()
            && exchange.is_some_and(|exchange| {
                let pipe = &exchange.request_body;
                let over = pipe.has_failed() || pipe.has_ended();
                pipe.is_wanted() && !over && !exchange.tunnel
            })
    }

    /// The rest of the body does not come: who reads it is told, or if nobody
    /// does, the connection ends.
    fn body_timed_out(&mut self, worker: &mut Worker) {
        self.keep_alive = false;
        let exchange = self.exchange.and_then(|key| worker.exchange_mut(key));
        match (self.state, exchange) {
            (State::Exchange, Some(exchange)) => {
                exchange.request_body.fail();
                self.body = super::body::BodyReader::Done;
                if let Some(key) = self.exchange {
                    worker.wake_proxy(key);
                }
            }
            _ => self.state = State::Flush { linger: false },
        }
    }

    fn arm(&mut self, worker: &mut Worker) {
        let Some(at) = self.deadline.at else { return };
        if self.deadline.timer.is_some_and(|timer| timer <= at) {
            return;
        }
        self.deadline.timer = Some(at);
        let token = Subject::ConnectionTimer.token(self.key.to_bits());
        worker.io.timer(at, token);
    }
}

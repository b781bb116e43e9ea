//! What a connection waits for, and how long.
//!
//! The deadline moves with every request, so it is kept here and not in the
//! loop's timers: a timer is set for it, and when that runs out and the
//! deadline has moved, set again.

use zs_io::Millis;

use crate::connection::{Connection, State};
use crate::limits::LINGER_MS;
use crate::worker::{Subject, Worker};

/// When a connection has waited long enough.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    waiting: Waiting,
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
            self.deadline.at = (millis > 0).then(|| worker.io.now().after(millis));
        }
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

    /// Whether the peer has taken a part of what is being sent since the last
    /// look; a slow one may take a while for all of it.
    fn sends_on(&mut self, worker: &mut Worker) -> bool {
        let sent = worker.io.sent_bytes(self.socket);
        let before = std::mem::replace(&mut self.deadline.sent, sent);
        self.deadline.moved = sent != before;
        self.deadline.moved
    }

    fn waiting(&self, worker: &Worker) -> (Waiting, u64) {
        let server = worker.site().server(self.server);
        if self.sending && self.state != State::Head {
            return (Waiting::Write, u64::from(server.write_idle_ms));
        }
        match self.state {
            State::Head if self.unread().is_empty() && self.requests > 0 => {
                (Waiting::Request, u64::from(server.idle_ms))
            }
            State::Head => (Waiting::Head, u64::from(server.read_header_ms)),
            State::Discard => (Waiting::Body, u64::from(server.body_idle_ms)),
            State::Exchange if self.wants_body(worker) => {
                (Waiting::Body, u64::from(server.body_idle_ms))
            }
            State::Linger => (Waiting::Linger, LINGER_MS),
            State::Flush { .. } if self.sending => {
                (Waiting::Write, u64::from(server.write_idle_ms))
            }
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

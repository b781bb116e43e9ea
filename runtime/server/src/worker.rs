//! A worker: one thread with a loop, a guest window, connections and exchanges.
//!
//! Nothing here calls from one side of an exchange into the other. Carriers
//! and proxies leave word in the exchange (its phase, its pipes) and wake the
//! other side by a queue that is worked off after each event. So either may
//! come first, and no call is entered twice.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use zs_abi::tables::{AuthenticationId, EntryId, ServerId};
use zs_io::{Arena, Clock, Event, Key, Loop, Millis, Token};
use zs_proto::date::{Civil, HTTP_DATE_BYTES};
use zs_proto::status;

use crate::access_log::{AccessLog, BodyBytes};
use crate::authentication::NOT_AUTHENTICATED;
use crate::capability::{Capabilities, Opaque, ProxyTable, Verdict};
use crate::connection::Connection;
use crate::current::{Call, Scratch};
use crate::desk::Desk;
use crate::exchange::{Carrier, Exchange, Origin, Phase};
use crate::exec::{Guest, Outcome};
use crate::limits::{BUFFER_BYTES_KEPT, BUFFERS_KEPT, EXCHANGES_KEPT};
use crate::listen::Listeners;
use crate::log;
use crate::site::LoadedSite;
use crate::slots::Slots;

/// One thread's part of the server.
#[derive(Debug)]
pub struct Worker {
    /// The event loop.
    pub io: Loop,
    pub(crate) guest: Guest,
    /// `None` while the connection is worked on.
    pub(crate) connections: Arena<Option<Box<Connection>>>,
    pub(crate) listeners: Listeners,
    exchanges: Arena<Box<Exchange>>,
    #[expect(clippy::vec_box, reason = "boxes go back to the arena as they are")]
    spare_exchanges: Vec<Box<Exchange>>,
    spare_buffers: Vec<Vec<u8>>,
    woken_carriers: VecDeque<Key>,
    woken_proxies: VecDeque<Key>,
    proxy_state: Option<Opaque>,
    access_log: Option<Box<dyn AccessLog>>,
    date: Date,
    events: Vec<Event>,
    pub(crate) draining: bool,
    /// Where threads put down what they have found out about who asks.
    pub(crate) desk: Option<Arc<Desk>>,
    /// The connection that is lent out, and its socket.
    lent: Option<(Key, Key)>,
}

/// What a token's number is about; the high byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Subject {
    Listener = 0,
    Connection = 1,
    ConnectionTimer = 2,
    Control = 3,
    AcceptTimer = 4,
    Proxy = 5,
    Desk = 6,
}

const SUBJECT_SHIFT: u32 = 56;

impl Subject {
    /// The token of a number below 2^56.
    pub(crate) const fn token(self, number: u64) -> Token {
        Token((self as u64) << SUBJECT_SHIFT | number)
    }

    fn of(token: Token) -> (Option<Self>, u64) {
        let subject = match token.0 >> SUBJECT_SHIFT {
            0 => Some(Self::Listener),
            1 => Some(Self::Connection),
            2 => Some(Self::ConnectionTimer),
            3 => Some(Self::Control),
            4 => Some(Self::AcceptTimer),
            5 => Some(Self::Proxy),
            6 => Some(Self::Desk),
            _ => None,
        };
        (subject, token.0 & ((1 << SUBJECT_SHIFT) - 1))
    }
}

/// Something that site code wants instead of what was going on; the proxy
/// puts its own affairs in order, then hands it to [`Worker::take_detour`].
#[derive(Debug)]
#[must_use = "the exchange goes on only by `Worker::take_detour`"]
pub struct Detour(Outcome);

/// The current date as responses carry it, made once a second.
#[derive(Debug)]
struct Date {
    second: i64,
    text: [u8; HTTP_DATE_BYTES],
}

impl Worker {
    pub(crate) fn new(site: &'static LoadedSite, io: Loop) -> std::io::Result<Self> {
        let clock = io.clock();
        Ok(Self {
            io,
            guest: Guest {
                site,
                window: site.window()?,
                slots: Slots::default(),
                scratch: Scratch::default(),
                clock,
            },
            connections: Arena::default(),
            listeners: Listeners::default(),
            exchanges: Arena::default(),
            spare_exchanges: Vec::new(),
            spare_buffers: Vec::new(),
            woken_carriers: VecDeque::new(),
            woken_proxies: VecDeque::new(),
            proxy_state: None,
            access_log: None,
            date: Date {
                second: -1,
                text: [b' '; HTTP_DATE_BYTES],
            },
            events: Vec::new(),
            draining: false,
            desk: None,
            lent: None,
        })
    }

    /// The site being served.
    pub fn site(&self) -> &'static LoadedSite {
        self.guest.site
    }

    /// An exchange, as long as its carrier is there.
    pub fn exchange(&self, key: Key) -> Option<&Exchange> {
        self.exchanges.get(key).map(|exchange| &**exchange)
    }

    /// An exchange, as long as its carrier is there.
    pub fn exchange_mut(&mut self, key: Key) -> Option<&mut Exchange> {
        self.exchanges.get_mut(key).map(|exchange| &mut **exchange)
    }

    /// An empty buffer with memory from earlier use.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare_buffers.pop().unwrap_or_default()
    }

    /// Keeps a buffer's memory for use again.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        let worth = (1..=BUFFER_BYTES_KEPT).contains(&buffer.capacity());
        if worth && self.spare_buffers.len() < BUFFERS_KEPT {
            buffer.clear();
            self.spare_buffers.push(buffer);
        }
    }

    /// The worker's proxy state, as `ProxyTable::worker_start` gave it.
    pub fn proxy_state(&self) -> Option<Opaque> {
        self.proxy_state
    }

    pub(crate) fn take_proxy_state(&mut self) -> Option<Opaque> {
        self.proxy_state.take()
    }

    /// The token whose events go to `ProxyTable::event` with this number,
    /// which is below 2^56.
    pub fn proxy_token(number: u64) -> Token {
        Subject::Proxy.token(number)
    }

    /// Has the exchange's carrier look at it: the response is ready, its pipe
    /// has more, or the request's body is wanted.
    pub fn wake_carrier(&mut self, exchange: Key) {
        self.woken_carriers.push_back(exchange);
    }

    /// Has the proxy look at an exchange that it works for.
    pub fn wake_proxy(&mut self, exchange: Key) {
        if self
            .exchange(exchange)
            .is_some_and(|exchange| exchange.proxied)
        {
            self.woken_proxies.push_back(exchange);
        }
    }

    /// Runs an attempt's point with an argument. `None`: the attempt goes on.
    pub fn run_point(&mut self, exchange: Key, entry: EntryId, argument: u64) -> Option<Detour> {
        self.ask_point(exchange, entry, argument).err()
    }

    /// As [`Self::run_point`], of a point that is asked something: what it
    /// answers.
    ///
    /// # Errors
    /// What site code wants instead.
    pub fn ask_point(
        &mut self,
        exchange: Key,
        entry: EntryId,
        argument: u64,
    ) -> Result<bool, Detour> {
        let Some(running) = self.exchanges.get_mut(exchange) else {
            return Ok(false);
        };
        match self.guest.point(running, Call { entry, argument }) {
            Outcome::Point { yes } => Ok(yes),
            outcome => Err(Detour(outcome)),
        }
    }

    /// Says that the head and the body of the exchange's response are filled
    /// in (`Body::Stream` for one that comes through the pipe). The caller has
    /// called `Response::keep` before it added fields. `None`: the response is
    /// sent; else it is discarded.
    pub fn respond(&mut self, exchange: Key) -> Option<Detour> {
        let running = self.exchanges.get_mut(exchange)?;
        match self.guest.response_ready(running) {
            Outcome::Respond => {
                self.wake_carrier(exchange);
                None
            }
            outcome => Some(Detour(outcome)),
        }
    }

    /// Lets an exchange go on with what a point or a filter wanted.
    pub fn take_detour(&mut self, exchange: Key, detour: Detour) {
        if let Some(running) = self.exchanges.get_mut(exchange) {
            running.proxied = false;
        }
        self.advance(exchange, detour.0);
        self.wake_carrier(exchange);
    }

    /// Raises an error for an exchange whose response has not begun.
    pub fn raise(&mut self, exchange: Key, status: u16, message: &[u8]) {
        let Some(running) = self.exchanges.get_mut(exchange) else {
            return;
        };
        running.proxied = false;
        let outcome = self.guest.raise(running, status, message);
        self.advance(exchange, outcome);
        self.wake_carrier(exchange);
    }

    /// Makes an exchange for a request.
    pub(crate) fn new_exchange(
        &mut self,
        server: ServerId,
        carrier: Carrier,
        origin: &Origin,
    ) -> Key {
        let spare = self.spare_exchanges.pop();
        let mut exchange = match spare {
            Some(mut exchange) => {
                exchange.server = server;
                exchange.carrier = carrier;
                exchange.origin = origin.clone();
                exchange
            }
            None => Box::new(Exchange::new(server, carrier, origin.clone())),
        };
        exchange.started_nanos = self.io.now().0 * 1_000_000;
        self.exchanges.insert(exchange)
    }

    /// Runs site code for an exchange whose request is filled in. The carrier
    /// looks at the exchange's phase afterwards.
    pub(crate) fn begin(&mut self, key: Key) {
        if let Some(exchange) = self.exchanges.get_mut(key) {
            let outcome = self.guest.begin(exchange);
            self.advance(key, outcome);
        }
    }

    /// Lets an exchange go on at an entry.
    pub(crate) fn resume(&mut self, key: Key, entry: EntryId, argument: u64) {
        if let Some(exchange) = self.exchanges.get_mut(key) {
            let outcome = self.guest.run(exchange, Call { entry, argument });
            self.advance(key, outcome);
            self.wake_carrier(key);
        }
    }

    /// Finds out who asks; none if that takes longer.
    fn authenticate(
        &mut self,
        key: Key,
        number: AuthenticationId,
        entry: EntryId,
    ) -> Option<Outcome> {
        let verdict = match self.site().capabilities.authentication {
            Some(table) => (table.start)(self, key, number, entry),
            None => Verdict::Failed("no authentication is linked"),
        };
        let exchange = self.exchanges.get_mut(key)?;
        let guest = &mut self.guest;
        match verdict {
            Verdict::Waits => None,
            Verdict::Passed => Some(guest.run(exchange, Call { entry, argument: 0 })),
            Verdict::Refused => Some(guest.raise(exchange, 401, NOT_AUTHENTICATED)),
            Verdict::Failed(reason) => {
                log::line(format_args!("{reason}"));
                Some(guest.raise(exchange, 503, reason.as_bytes()))
            }
        }
    }

    /// Has requests logged.
    pub(crate) fn log_to(&mut self, log: Box<dyn AccessLog>) {
        self.access_log = Some(log);
    }

    /// Lets the access log see a request before site code does.
    pub(crate) fn log_request(&mut self, key: Key) {
        if let Some(log) = &mut self.access_log
            && let Some(exchange) = self.exchanges.get_mut(key)
        {
            log.begin(exchange);
        }
    }

    /// Lets the access log see a response's head before it is framed.
    pub(crate) fn log_response(&mut self, key: Key) {
        if let Some(log) = &mut self.access_log
            && let Some(exchange) = self.exchanges.get_mut(key)
        {
            log.respond(exchange);
        }
    }

    /// Lets the access log see an exchange that is over.
    pub(crate) fn log_end(&mut self, key: Key, bytes: BodyBytes) {
        if let Some(log) = &mut self.access_log
            && let Some(exchange) = self.exchanges.get_mut(key)
        {
            log.end(exchange, bytes);
        }
    }

    /// Ends an exchange, whatever works for it.
    pub(crate) fn end_exchange(&mut self, key: Key) {
        let Some(mut exchange) = self.exchanges.remove(key) else {
            return;
        };
        if exchange.proxied
            && let Some(table) = self.site().capabilities.proxy
        {
            (table.release)(self, key);
        }
        if let Some(child) = exchange.subrequest.take() {
            self.end_exchange(child);
        }
        self.guest.release(&mut exchange);
        if self.spare_exchanges.len() < EXCHANGES_KEPT {
            exchange.reset();
            self.spare_exchanges.push(exchange);
        }
    }

    /// The date as responses carry it.
    pub(crate) fn date(&mut self) -> &[u8; HTTP_DATE_BYTES] {
        let (second, _) = Clock::unix();
        if second != self.date.second {
            self.date.second = second;
            self.date.text = Civil::from_unix(second).to_http();
        }
        &self.date.text
    }

    /// Works until the server has stopped: draining, and nothing left.
    pub(crate) fn work(&mut self, mut drain: impl FnMut(&mut Self) -> Option<Millis>) {
        if let Err(error) = self.start_proxy() {
            log::line(format_args!("{error}"));
            return;
        }
        loop {
            let end = drain(self);
            let done = self.draining && self.connections.is_empty();
            if done || end.is_some_and(|end| self.io.now() >= end) || !self.turn(end) {
                break;
            }
        }
        Capabilities::stop_proxy(self);
    }

    /// Waits for events, at most until then, and handles them. False if the
    /// loop has failed.
    pub(crate) fn turn(&mut self, until: Option<Millis>) -> bool {
        let mut events = std::mem::take(&mut self.events);
        let result = self.io.turn(until, &mut events);
        for event in events.drain(..) {
            self.handle(event);
        }
        self.events = events;
        if let Err(error) = &result {
            log::line(format_args!("the event loop has failed: {error}"));
        }
        result.is_ok()
    }

    /// Accepts nothing more, ends idle connections and asks the others to end
    /// after the request they are at.
    pub(crate) fn drain(&mut self) {
        self.draining = true;
        // Connections and requests that have arrived already are served; a
        // turn takes in what the turn before it has begun to ask for.
        for _ in 0..2 {
            self.turn(Some(self.io.now()));
        }
        self.stop_listening();
        self.turn(Some(self.io.now()));
        for key in self.connections.keys().collect::<Vec<_>>() {
            self.with_connection(key, |connection, worker| connection.drain(worker));
        }
    }

    pub(crate) fn start_proxy(&mut self) -> Result<(), String> {
        if let Some(table) = self.site().capabilities.proxy {
            self.proxy_state = Some((table.worker_start)(self)?);
        }
        Ok(())
    }

    /// Handles an event and what follows from it. A panic ends the connection
    /// that the event was for, and nothing else.
    fn handle(&mut self, event: Event) {
        let token = token_of(&event);
        let (subject, number) = Subject::of(token);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.dispatch(subject, number, event);
            self.settle();
        }));
        if outcome.is_err() {
            log::line(format_args!("a connection is dropped after a panic"));
            self.woken_carriers.clear();
            self.woken_proxies.clear();
            if let Some((connection, socket)) = self.lent.take() {
                self.io.close(socket);
                self.drop_broken(connection);
            }
        }
    }

    fn dispatch(&mut self, subject: Option<Subject>, number: u64, event: Event) {
        match subject {
            Some(Subject::Listener) => self.listener_event(number as usize, event),
            Some(Subject::AcceptTimer) => self.accept_again(number as usize),
            Some(Subject::Connection | Subject::ConnectionTimer) => {
                self.with_connection(Key::from_bits(number), |connection, worker| {
                    connection.event(worker, event);
                });
            }
            Some(Subject::Proxy) => {
                if let Some(table) = self.site().capabilities.proxy {
                    (table.event)(self, number, event);
                }
            }
            Some(Subject::Desk) => self.clear_desk(),
            // The wake-up itself is the message: `drain` looks at the state.
            Some(Subject::Control) | None => {}
        }
    }

    /// Works off the queues of woken carriers and proxies.
    fn settle(&mut self) {
        loop {
            if let Some(key) = self.woken_proxies.pop_front() {
                let proxied = self.exchange(key).is_some_and(|exchange| exchange.proxied);
                if let (true, Some(table)) = (proxied, self.site().capabilities.proxy) {
                    (table.progress)(self, key);
                }
            } else if let Some(key) = self.woken_carriers.pop_front() {
                match self.exchange(key).map(|exchange| exchange.carrier) {
                    Some(Carrier::Connection(connection)) => {
                        self.with_connection(connection, Connection::pump);
                    }
                    Some(Carrier::Subrequest { .. }) => self.carry_subrequest(key),
                    None => {}
                }
            } else {
                break;
            }
        }
    }

    /// Lends a connection out to `work`; it is put back unless it is closed.
    pub(crate) fn with_connection(
        &mut self,
        key: Key,
        work: impl FnOnce(&mut Connection, &mut Self),
    ) {
        let Some(mut connection) = self.connections.get_mut(key).and_then(Option::take) else {
            return;
        };
        self.lent = Some((key, connection.socket()));
        work(&mut connection, self);
        self.lent = None;
        if connection.is_closed() {
            self.connections.remove(key);
        } else if let Some(place) = self.connections.get_mut(key) {
            *place = Some(connection);
        }
    }

    /// A panic has unwound through a connection, and it is gone; so is what it
    /// carried.
    fn drop_broken(&mut self, key: Key) {
        self.connections.remove(key);
        let carried: Vec<Key> = self
            .exchanges
            .keys()
            .filter(|exchange| {
                let carrier = self.exchange(*exchange).map(|exchange| exchange.carrier);
                carrier == Some(Carrier::Connection(key))
            })
            .collect();
        for exchange in carried {
            self.end_exchange(exchange);
        }
    }

    /// Does what site code has come to, as far as nothing has to be waited for.
    fn advance(&mut self, key: Key, outcome: Outcome) {
        let mut outcome = outcome;
        loop {
            let Some(exchange) = self.exchanges.get_mut(key) else {
                return;
            };
            outcome = match outcome {
                Outcome::Respond | Outcome::Abort | Outcome::Point { .. } => return,
                Outcome::Inform(call) => {
                    inform(exchange);
                    self.guest.run(exchange, call)
                }
                Outcome::Instead(action) => self.guest.act(exchange, action),
                Outcome::Proxy(proxy) => {
                    exchange.proxied = true;
                    match self.site().capabilities.proxy {
                        Some(ProxyTable { start, .. }) => start(self, key, proxy),
                        None => self.raise(key, 502, b"no proxy is linked"),
                    }
                    return;
                }
                Outcome::Authenticate(number, resume) => {
                    match self.authenticate(key, number, resume) {
                        Some(outcome) => outcome,
                        None => return,
                    }
                }
                Outcome::Browse(number) => {
                    let begun = match self.site().capabilities.browse {
                        Some(table) => (table.start)(self, key, number),
                        None => Err(500),
                    };
                    if let Err(status) = begun {
                        self.raise(key, status, status::text(status).as_bytes());
                    }
                    return;
                }
                Outcome::Subrequest(number, resume) => {
                    self.start_subrequest(key, number, resume);
                    return;
                }
            };
        }
    }
}

/// Notes an informational response for the carrier to write. HTTP/1.0 has
/// none.
fn inform(exchange: &mut Exchange) {
    if exchange.request.minor >= 1 {
        let status = exchange.response.status;
        status::push_line(&mut exchange.informational, 1, status);
        exchange
            .response
            .head
            .write_into(&mut exchange.informational);
        exchange.informational.extend_from_slice(b"\r\n");
    }
    exchange.response.status = 0;
    exchange.response.drop_body();
    exchange.phase = Phase::Deciding;
}

fn token_of(event: &Event) -> Token {
    match event {
        Event::Accepted { token, .. }
        | Event::AcceptFailed { token, .. }
        | Event::Connected { token, .. }
        | Event::Received { token, .. }
        | Event::Ended { token }
        | Event::ReceiveFailed { token, .. }
        | Event::Sent { token, .. }
        | Event::Ready { token }
        | Event::Timer { token } => *token,
    }
}

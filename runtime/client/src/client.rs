//! Lines and their pools: dialling, moving bytes, keeping lines for use again.

use zs_io::{Address, Event, Key, Lease, Loop, Millis, Token, stream};

use crate::line::{Bytes, Failure, Line, LineKey, State, Told};
use crate::resolver::{Lookup, Resolver};
use crate::tls::Stream;

/// A pool of idle lines; pools are numbered by the client's owner, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolId(pub u32);

/// Where a line goes to.
#[derive(Debug)]
pub struct Destination {
    /// The pool that the line may be kept in.
    pub pool: PoolId,
    /// What tells lines of one pool apart; empty where all go to one place.
    pub label: Vec<u8>,
    /// The host.
    pub host: Host,
    /// TLS, if it is spoken.
    pub tls: Option<Box<dyn Stream>>,
    /// Time to connect, in milliseconds.
    pub dial_ms: u64,
    /// Time to agree on TLS after that, in milliseconds.
    pub handshake_ms: u64,
}

/// A host to connect to.
#[derive(Clone, Debug)]
pub enum Host {
    /// An address.
    Address(Address),
    /// A name and a port.
    Name(Vec<u8>, u16),
}

/// What happened, in order.
pub type Tell = Vec<(LineKey, Told)>;

/// Connections to other servers, for one worker.
#[derive(Debug)]
pub struct Client {
    /// Makes a token out of a number below 2^56.
    token: fn(u64) -> Token,
    lines: zs_io::Arena<Line>,
    pools: Vec<Vec<Key>>,
    resolver: Resolver,
}

/// Set in numbers of tokens that the client never makes and its owner may.
pub const OWNER_BIT: u64 = 1 << 30;

/// Whether a number was made by the client's owner with [`OWNER_BIT`].
pub const fn is_owners(number: u64) -> bool {
    number & RESOLVER_BIT == 0 && number & OWNER_BIT != 0
}

/// Set in the numbers of the resolver's tokens. The low half of a line's
/// number is its index in the arena, which is far below.
const RESOLVER_BIT: u64 = 1 << 31;

/// Shortest time that one of several addresses gets, in milliseconds.
const ADDRESS_MS_MIN: u64 = 200;

/// Time that an idle line beyond its pool's number is kept, in milliseconds.
const SURPLUS_MS: u64 = 2_000;

impl Client {
    /// A client whose tokens are made by `token` out of numbers below 2^56.
    pub fn new(token: fn(u64) -> Token) -> Self {
        Self {
            token,
            lines: zs_io::Arena::default(),
            pools: Vec::new(),
            resolver: Resolver::from_system(),
        }
    }

    /// Begins a line. [`Told::Ready`] or [`Told::Failed`] follows, maybe at
    /// once.
    pub fn open(&mut self, io: &mut Loop, to: Destination, tell: &mut Tell) -> LineKey {
        let (name, port, address) = match to.host {
            Host::Address(address) => (None, 0, Some(address)),
            Host::Name(name, port) => (Some(name), port, None),
        };
        let dial_end = io.now().after(to.dial_ms);
        let key = self.lines.insert(Line {
            state: State::Resolving,
            socket: None,
            tls: to.tls,
            pool: to.pool,
            label: to.label,
            addresses: address.into_iter().collect(),
            address: None,
            port,
            failure: None,
            dial_end,
            handshake_ms: to.handshake_ms,
            sending: false,
            receiving: false,
            deadline: None,
            timer: None,
        });
        let Some(name) = name else {
            self.dial(io, key, tell);
            return LineKey(key);
        };
        let token = self.token;
        let resolver_token = |number| token(number | RESOLVER_BIT);
        match self.resolver.look_up(io, &name, key, &resolver_token) {
            Lookup::Known(addresses) => {
                if let Some(line) = self.lines.get_mut(key) {
                    line.resolved(&addresses);
                }
                self.dial(io, key, tell);
            }
            Lookup::Failed(reason) => self.fail(io, key, Failure::Name(reason), tell),
            Lookup::Pending => self.set_deadline(io, LineKey(key), Some(dial_end)),
        }
        LineKey(key)
    }

    /// Takes a line out of a pool, the one used last first.
    pub fn take_idle(&mut self, pool: PoolId, label: &[u8]) -> Option<LineKey> {
        let idle = self.pools.get_mut(pool.0 as usize)?;
        let fits = |key: &Key| self.lines.get(*key).is_some_and(|line| line.label == label);
        let at = idle.iter().rposition(fits)?;
        let key = idle.remove(at);
        let line = self.lines.get_mut(key)?;
        line.state = State::Open;
        line.deadline = None;
        Some(LineKey(key))
    }

    /// Keeps a line for use again. Of those that are idle at a time `idle_max`
    /// stay as long as `keepalive_ms`, the others a little, so that lines are
    /// not closed and opened all the time while many are in use.
    pub fn keep(&mut self, io: &mut Loop, line: LineKey, keepalive_ms: u64, idle_max: usize) {
        let Some(kept) = self.lines.get_mut(line.0) else {
            return;
        };
        let number = kept.pool.0 as usize;
        if self.pools.len() <= number {
            self.pools.resize_with(number + 1, Vec::new);
        }
        let idle = &mut self.pools[number];
        if kept.sending || keepalive_ms == 0 || idle_max == 0 {
            self.close(io, line);
            return;
        }
        let surplus = idle.len() >= idle_max;
        let keepalive_ms = if surplus {
            keepalive_ms.min(SURPLUS_MS)
        } else {
            keepalive_ms
        };
        kept.state = State::Idle;
        idle.push(line.0);
        if !kept.receiving {
            // Its end must be seen.
            self.receive(io, line);
        }
        self.set_deadline(io, line, Some(io.now().after(keepalive_ms)));
    }

    /// Closes a line; nothing more is told of it.
    pub fn close(&mut self, io: &mut Loop, line: LineKey) {
        let Some(closed) = self.lines.remove(line.0) else {
            return;
        };
        if let Some(idle) = self.pools.get_mut(closed.pool.0 as usize)
            && closed.state == State::Idle
        {
            idle.retain(|key| *key != line.0);
        }
        if let Some(socket) = closed.socket {
            io.close(socket);
        }
    }

    /// Closes all lines.
    pub fn close_all(&mut self, io: &mut Loop) {
        for key in self.lines.keys().collect::<Vec<_>>() {
            self.close(io, LineKey(key));
        }
        self.resolver.close_all(io);
    }

    /// The address that a line is connected to.
    pub fn address(&self, line: LineKey) -> Option<&Address> {
        self.lines.get(line.0)?.address.as_ref()
    }

    /// Whether bytes can be sent: the line is open and nothing is being sent.
    pub fn can_send(&self, line: LineKey) -> bool {
        let line = self.lines.get(line.0);
        line.is_some_and(|line| line.state == State::Open && !line.sending)
    }

    /// Sends bytes over a line that [`Self::can_send`]; [`Told::Sent`] gives
    /// the buffer back.
    pub fn send(&mut self, io: &mut Loop, line: LineKey, mut bytes: Vec<u8>) {
        let Some(line) = self.lines.get_mut(line.0) else {
            return;
        };
        let Some(socket) = line.socket else { return };
        if let Some(tls) = &mut line.tls {
            tls.put(&bytes);
            bytes.clear();
            tls.take(&mut bytes);
        }
        line.sending = true;
        io.send(socket, bytes);
    }

    /// Goes on receiving.
    pub fn receive(&mut self, io: &mut Loop, line: LineKey) {
        if let Some(line) = self.lines.get_mut(line.0)
            && let Some(socket) = line.socket
            && !line.receiving
        {
            line.receiving = true;
            io.receive(socket);
        }
    }

    /// Stops receiving for a while.
    pub fn pause(&mut self, io: &mut Loop, line: LineKey) {
        if let Some(line) = self.lines.get_mut(line.0)
            && let Some(socket) = line.socket
            && line.receiving
        {
            line.receiving = false;
            io.pause(socket);
        }
    }

    /// Tells the peer that nothing more is sent.
    pub fn shutdown(&mut self, io: &mut Loop, line: LineKey) {
        if let Some(line) = self.lines.get(line.0)
            && let Some(socket) = line.socket
            && !line.sending
        {
            io.shutdown(socket);
        }
    }

    /// Sets when [`Told::Deadline`] comes, or that it does not.
    pub fn set_deadline(&mut self, io: &mut Loop, line: LineKey, deadline: Option<Millis>) {
        let token = (self.token)(line.0.to_bits());
        let Some(line) = self.lines.get_mut(line.0) else {
            return;
        };
        line.deadline = deadline;
        let Some(at) = deadline else { return };
        // The deadline moves with every request; a timer that comes too early
        // is set again then.
        if line.timer.is_none_or(|timer| timer > at) {
            line.timer = Some(at);
            io.timer(at, token);
        }
    }

    /// Takes an event whose token has this number.
    pub fn event(&mut self, io: &mut Loop, number: u64, event: Event, tell: &mut Tell) {
        if number & RESOLVER_BIT != 0 {
            self.resolver_event(io, number & !RESOLVER_BIT, event, tell);
            return;
        }
        let key = Key::from_bits(number);
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        match event {
            Event::Received { data, .. } => self.received(io, key, data, tell),
            Event::Sent { buffer, result, .. } => {
                line.sending = false;
                if result.is_err() {
                    self.broken(io, key, tell);
                    return;
                }
                let open = line.state == State::Open;
                self.flush_tls(io, key);
                if open && self.can_send(LineKey(key)) {
                    tell.push((LineKey(key), Told::Sent(buffer)));
                }
            }
            Event::Connected { result: Ok(()), .. } => self.connected(io, key, tell),
            Event::Connected {
                result: Err(error), ..
            } => {
                if let Some(address) = line.address.take() {
                    line.failure = Some(Failure::Connect(address, error));
                }
                self.dial(io, key, tell);
            }
            // TLS tells its end itself (RFC 8446 §6.1): anybody can end TCP.
            Event::Ended { .. } if line.state == State::Open && line.tls.is_none() => {
                line.receiving = false;
                tell.push((LineKey(key), Told::Ended));
            }
            Event::Ended { .. } => self.broken(io, key, tell),
            Event::ReceiveFailed { .. } => self.broken(io, key, tell),
            Event::Timer { .. } => self.timer(io, key, tell),
            _ => {}
        }
    }

    /// Tries the next address.
    fn dial(&mut self, io: &mut Loop, key: Key, tell: &mut Tell) {
        loop {
            let token = (self.token)(key.to_bits());
            let Some(line) = self.lines.get_mut(key) else {
                return;
            };
            if let Some(socket) = line.socket.take() {
                io.close(socket);
            }
            line.state = State::Connecting;
            let now = io.now();
            let Some(address) = line.addresses.pop_front().filter(|_| line.dial_end > now) else {
                let failure = line.failure.take().unwrap_or(Failure::Timeout);
                self.fail(io, key, failure, tell);
                return;
            };
            let opened = stream(&address).map_err(|error| error.to_string());
            let opened = opened.and_then(|socket| {
                io.connect(socket, &address, token)
                    .map_err(|e| e.to_string())
            });
            match opened {
                Ok(socket) => {
                    line.socket = Some(socket);
                    line.address = Some(address);
                    let left = line.dial_end.0 - now.0;
                    let share = left / (line.addresses.len() as u64 + 1);
                    let end = now.after(share.max(ADDRESS_MS_MIN).min(left));
                    self.set_deadline(io, LineKey(key), Some(end));
                    return;
                }
                Err(reason) => line.failure = Some(Failure::System(reason)),
            }
        }
    }

    fn connected(&mut self, io: &mut Loop, key: Key, tell: &mut Tell) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        let handshake_ms = line.handshake_ms;
        if line.tls.is_some() {
            line.state = State::Handshaking;
            let end = io.now().after(handshake_ms);
            self.set_deadline(io, LineKey(key), Some(end));
            self.flush_tls(io, key);
        } else {
            line.state = State::Open;
            line.deadline = None;
            tell.push((LineKey(key), Told::Ready));
        }
        self.receive(io, LineKey(key));
    }

    fn received(&mut self, io: &mut Loop, key: Key, data: Lease, tell: &mut Tell) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        let Some(tls) = &mut line.tls else {
            match line.state {
                State::Open => tell.push((LineKey(key), Told::Received(Bytes::Lease(data)))),
                // Nobody asked for anything.
                _ => self.close(io, LineKey(key)),
            }
            return;
        };
        let mut plain = Vec::new();
        let outcome = tls.feed(&data, &mut plain);
        if line.state == State::Handshaking && outcome.is_ok() && !tls.is_handshaking() {
            line.state = State::Open;
            line.deadline = None;
            tell.push((LineKey(key), Told::Ready));
        }
        let open = line.state == State::Open;
        let idle = line.state == State::Idle;
        if open && !plain.is_empty() {
            tell.push((LineKey(key), Told::Received(Bytes::Plain(plain))));
        } else if idle && !plain.is_empty() {
            self.close(io, LineKey(key));
            return;
        }
        // Tickets come at any time; answers and alerts go out at once.
        self.flush_tls(io, key);
        match outcome {
            Ok(false) => {}
            Ok(true) if open => tell.push((LineKey(key), Told::Ended)),
            Ok(true) => self.broken(io, key, tell),
            Err(_) if open || idle => self.broken(io, key, tell),
            Err(reason) => self.fail(io, key, Failure::Tls(reason), tell),
        }
    }

    /// Sends what TLS itself has to say.
    fn flush_tls(&mut self, io: &mut Loop, key: Key) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        let (Some(tls), Some(socket), false) = (&mut line.tls, line.socket, line.sending) else {
            return;
        };
        let mut wire = Vec::new();
        tls.take(&mut wire);
        if !wire.is_empty() {
            line.sending = true;
            io.send(socket, wire);
        }
    }

    fn timer(&mut self, io: &mut Loop, key: Key, tell: &mut Tell) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        line.timer = None;
        let Some(at) = line.deadline else { return };
        if at > io.now() {
            self.set_deadline(io, LineKey(key), Some(at));
            return;
        }
        line.deadline = None;
        match line.state {
            State::Connecting => {
                line.failure = Some(Failure::Timeout);
                self.dial(io, key, tell);
            }
            State::Resolving => self.fail(io, key, Failure::Timeout, tell),
            State::Handshaking => self.fail(io, key, Failure::Handshake, tell),
            State::Idle => self.close(io, LineKey(key)),
            State::Open => tell.push((LineKey(key), Told::Deadline)),
        }
    }

    /// The line cannot be used any more.
    fn broken(&mut self, io: &mut Loop, key: Key, tell: &mut Tell) {
        let Some(line) = self.lines.get(key) else {
            return;
        };
        match line.state {
            State::Idle => self.close(io, LineKey(key)),
            State::Open => tell.push((LineKey(key), Told::Broken)),
            _ => {
                let reason = "the connection was closed during the handshake".to_string();
                self.fail(io, key, Failure::Tls(reason), tell);
            }
        }
    }

    fn fail(&mut self, io: &mut Loop, key: Key, failure: Failure, tell: &mut Tell) {
        self.close(io, LineKey(key));
        tell.push((LineKey(key), Told::Failed(failure)));
    }

    fn resolver_event(&mut self, io: &mut Loop, number: u64, event: Event, tell: &mut Tell) {
        let token = self.token;
        let resolver_token = |number| token(number | RESOLVER_BIT);
        for (key, answer) in self.resolver.event(io, number, event, &resolver_token) {
            match answer {
                Ok(addresses) => {
                    if let Some(line) = self.lines.get_mut(key) {
                        line.resolved(&addresses);
                        self.dial(io, key, tell);
                    }
                }
                Err(reason) => {
                    if self.lines.get(key).is_some() {
                        self.fail(io, key, Failure::Name(reason), tell);
                    }
                }
            }
        }
    }
}

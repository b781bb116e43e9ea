//! Names to addresses, without waiting and without the C library: the
//! system's file of hosts first, then the name servers.
//!
//! Both families are asked for at once, by datagrams, and over TCP where an
//! answer is too long for one. Answers are kept as long as they say, within
//! limits. Only the name that a line wants is looked up; who waits is named by
//! the line's key.

mod message;
mod system;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use zs_io::{Address, Arena, Event, Key, Loop, Millis, Token, connected_datagram, random, stream};

use message::{Answer, Family};
use system::{Hosts, Settings, address};

/// Looks names up for one worker.
#[derive(Debug)]
pub(crate) struct Resolver {
    hosts: Hosts,
    settings: Settings,
    /// Names being asked for.
    asks: Arena<Ask>,
    cache: BTreeMap<Vec<u8>, Known>,
}

/// What is known at once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The addresses, at least one.
    Known(Vec<IpAddr>),
    /// There are none; why.
    Failed(String),
    /// It is being asked for; [`Resolver::event`] tells.
    Pending,
}

/// The result for one who waited.
pub(crate) type Resolved = (Key, Result<Vec<IpAddr>, String>);

#[derive(Debug)]
struct Known {
    result: Result<Vec<IpAddr>, String>,
    until: Millis,
}

/// A name that is being asked for.
#[derive(Debug)]
struct Ask {
    name: Vec<u8>,
    waiting: Vec<Key>,
    /// Full names to try, and the one at hand.
    candidates: Vec<String>,
    candidate: usize,
    /// Questions sent for the candidate so far; they go round the servers.
    attempt: usize,
    socket: Option<Key>,
    /// Whether the socket is a TCP connection.
    tcp: bool,
    /// Whether that is established. What comes before belongs to the datagram
    /// socket that was closed in the same turn.
    connected: bool,
    id: u16,
    /// Answers for both families.
    answers: [Option<Answer>; 2],
    /// Questions that wait to be sent, one at a time.
    unsent: Vec<Vec<u8>>,
    /// Bytes of a TCP connection.
    input: Vec<u8>,
    timer: Millis,
}

/// Names kept; past this the whole cache starts over, which costs a question
/// for each name in use.
const CACHE_NAMES_MAX: usize = 1024;

/// Names asked for at a time.
const ASKS_MAX: usize = 256;

/// Shortest and longest time an answer is kept, in milliseconds.
const KEPT_MS: (u64, u64) = (1_000, 300_000);

/// How long it is kept that a name has no address, in milliseconds.
const ABSENT_MS: u64 = 5_000;

/// Time for one question, in milliseconds: short, so that a second server is
/// asked within the usual time for dialling.
const ATTEMPT_MS: u64 = 1_000;

/// Longest name (RFC 1035 §2.3.4).
const NAME_BYTES_MAX: usize = 253;

type MakeToken<'a> = &'a dyn Fn(u64) -> Token;

impl Resolver {
    pub fn from_system() -> Self {
        Self::new(Hosts::from_system(), Settings::from_system())
    }

    fn new(hosts: Hosts, settings: Settings) -> Self {
        Self {
            hosts,
            settings,
            asks: Arena::default(),
            cache: BTreeMap::new(),
        }
    }

    /// Looks a name or literal address up; `waiting` is told later if it takes
    /// time.
    pub fn look_up(
        &mut self,
        io: &mut Loop,
        name: &[u8],
        waiting: Key,
        token: MakeToken<'_>,
    ) -> Lookup {
        let literal = name
            .strip_prefix(b"[")
            .and_then(|rest| rest.strip_suffix(b"]"));
        if let Some(address) = address(literal.unwrap_or(name)) {
            return Lookup::Known(vec![address]);
        }
        let name = name.to_ascii_lowercase();
        let hosts = self.hosts.addresses(&name);
        if !hosts.is_empty() {
            return Lookup::Known(hosts);
        }
        if is_localhost(&name) {
            return Lookup::Known(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        if let Some(known) = self.cache.get(&name)
            && known.until > io.now()
        {
            return match &known.result {
                Ok(addresses) => Lookup::Known(addresses.clone()),
                Err(reason) => Lookup::Failed(reason.clone()),
            };
        }
        self.ask(io, name, waiting, token)
    }

    fn ask(&mut self, io: &mut Loop, name: Vec<u8>, waiting: Key, token: MakeToken<'_>) -> Lookup {
        let same = |key: &Key| self.asks.get(*key).is_some_and(|ask| ask.name == name);
        let same = self.asks.keys().find(same);
        if let Some(ask) = same.and_then(|key| self.asks.get_mut(key)) {
            ask.waiting.push(waiting);
            return Lookup::Pending;
        }
        let text = match std::str::from_utf8(&name) {
            Ok(text) if is_name(text) => text,
            _ => return Lookup::Failed(format!("{} is no name", name.escape_ascii())),
        };
        if self.asks.len() >= ASKS_MAX {
            return Lookup::Failed("too many names are asked for at a time".to_string());
        }
        let candidates = self.settings.candidates(text);
        let key = self.asks.insert(Ask {
            name,
            waiting: vec![waiting],
            candidates,
            candidate: 0,
            attempt: 0,
            socket: None,
            tcp: false,
            connected: false,
            id: 0,
            answers: [None, None],
            unsent: Vec::new(),
            input: Vec::new(),
            timer: io.now(),
        });
        self.question(io, key, false, token);
        if self.asks.get(key).is_some() {
            return Lookup::Pending;
        }
        Lookup::Failed("no name server could be asked".to_string())
    }

    /// Asks the next server for what is not answered yet, or gives up, which
    /// removes the ask without telling anybody.
    fn question(&mut self, io: &mut Loop, key: Key, tcp: bool, token: MakeToken<'_>) -> bool {
        loop {
            let Some(ask) = self.asks.get_mut(key) else {
                return false;
            };
            if let Some(socket) = ask.socket.take() {
                io.close(socket);
            }
            let servers = &self.settings.servers;
            if ask.attempt >= self.settings.attempts * servers.len() {
                self.asks.remove(key);
                return false;
            }
            let server = servers[ask.attempt % servers.len()];
            ask.tcp = tcp;
            ask.connected = false;
            ask.id = random_id();
            ask.input.clear();
            ask.unsent = ask.questions();
            ask.timer = io.now().after(ATTEMPT_MS);
            let timer = ask.timer;
            let opened = open(io, server, tcp, token(key.to_bits()));
            ask.attempt += 1;
            let Some(socket) = opened else { continue };
            ask.socket = Some(socket);
            io.timer(timer, token(key.to_bits()));
            if !tcp {
                io.receive(socket);
                ask.send_next(io);
            }
            return true;
        }
    }

    /// Takes an event of the resolver; tells those who need not wait any more.
    pub fn event(
        &mut self,
        io: &mut Loop,
        number: u64,
        event: Event,
        token: MakeToken<'_>,
    ) -> Vec<Resolved> {
        let key = Key::from_bits(number);
        let Some(ask) = self.asks.get_mut(key) else {
            return Vec::new();
        };
        let broken = match event {
            Event::Received { data, .. } => ask.received(&data).is_err(),
            Event::Sent { result, .. } => {
                ask.send_next(io);
                result.is_err()
            }
            Event::Connected { result: Ok(()), .. } => {
                ask.connected = true;
                if let Some(socket) = ask.socket {
                    io.receive(socket);
                }
                ask.send_next(io);
                false
            }
            Event::Timer { .. } => ask.timer <= io.now(),
            _ => true,
        };
        self.go_on(io, key, broken, token)
    }

    /// Goes on after an answer, or a server that does not answer.
    fn go_on(
        &mut self,
        io: &mut Loop,
        key: Key,
        broken: bool,
        token: MakeToken<'_>,
    ) -> Vec<Resolved> {
        let Some(ask) = self.asks.get_mut(key) else {
            return Vec::new();
        };
        if ask.answers.contains(&Some(Answer::Truncated)) {
            for answer in &mut ask.answers {
                answer.take_if(|answer| *answer == Answer::Truncated);
            }
            // The same server, by the other way.
            ask.attempt -= 1;
            return self.again(io, key, true, token);
        }
        let failed = ask.answers.contains(&Some(Answer::Failed));
        if failed || (broken && ask.answers.contains(&None)) {
            for answer in &mut ask.answers {
                answer.take_if(|answer| *answer == Answer::Failed);
            }
            return self.again(io, key, false, token);
        }
        if ask.answers.contains(&None) {
            return Vec::new();
        }
        let (addresses, seconds) = ask.addresses();
        if !addresses.is_empty() {
            let millis = (u64::from(seconds) * 1000).clamp(KEPT_MS.0, KEPT_MS.1);
            return self.finish(io, key, Ok(addresses), millis);
        }
        ask.candidate += 1;
        if ask.candidate < ask.candidates.len() {
            ask.answers = [None, None];
            ask.attempt = 0;
            return self.again(io, key, false, token);
        }
        let reason = format!("{}: no such host", ask.name.escape_ascii());
        self.finish(io, key, Err(reason), ABSENT_MS)
    }

    fn again(&mut self, io: &mut Loop, key: Key, tcp: bool, token: MakeToken<'_>) -> Vec<Resolved> {
        let Some(ask) = self.asks.get(key) else {
            return Vec::new();
        };
        let (name, waiting) = (ask.name.clone(), ask.waiting.clone());
        if self.question(io, key, tcp, token) {
            return Vec::new();
        }
        let reason = format!("{}: the name servers do not answer", name.escape_ascii());
        let told = waiting.into_iter().map(|key| (key, Err(reason.clone())));
        told.collect()
    }

    fn finish(
        &mut self,
        io: &mut Loop,
        key: Key,
        result: Result<Vec<IpAddr>, String>,
        kept_ms: u64,
    ) -> Vec<Resolved> {
        let Some(ask) = self.asks.remove(key) else {
            return Vec::new();
        };
        if let Some(socket) = ask.socket {
            io.close(socket);
        }
        if self.cache.len() >= CACHE_NAMES_MAX {
            self.cache.clear();
        }
        let told = ask.waiting.iter().map(|key| (*key, result.clone()));
        let told = told.collect();
        let until = io.now().after(kept_ms);
        self.cache.insert(ask.name, Known { result, until });
        told
    }

    /// Gives everything up.
    pub fn close_all(&mut self, io: &mut Loop) {
        for key in self.asks.keys().collect::<Vec<_>>() {
            if let Some(Ask {
                socket: Some(socket),
                ..
            }) = self.asks.remove(key)
            {
                io.close(socket);
            }
        }
    }
}

impl Ask {
    fn name(&self) -> &str {
        self.candidates.get(self.candidate).map_or("", |name| name)
    }

    /// The id of a family's question.
    fn id(&self, family: usize) -> u16 {
        self.id.wrapping_add(family as u16)
    }

    /// The questions that have no answer yet, last one first.
    fn questions(&self) -> Vec<Vec<u8>> {
        let mut questions = Vec::new();
        for (number, family) in Family::BOTH.into_iter().enumerate().rev() {
            if self.answers[number].is_some() {
                continue;
            }
            let Some(question) = message::question(self.id(number), self.name(), family) else {
                continue;
            };
            if self.tcp {
                let mut framed = (question.len() as u16).to_be_bytes().to_vec();
                framed.extend_from_slice(&question);
                questions.push(framed);
            } else {
                questions.push(question);
            }
        }
        questions
    }

    fn send_next(&mut self, io: &mut Loop) {
        if let (Some(socket), Some(question)) = (self.socket, self.unsent.pop()) {
            io.send(socket, question);
        }
    }

    /// Takes a datagram, or bytes of a connection.
    fn received(&mut self, data: &[u8]) -> Result<(), ()> {
        if !self.tcp {
            self.answer(data);
            return Ok(());
        }
        if !self.connected {
            return Ok(());
        }
        self.input.extend_from_slice(data);
        let mut input = std::mem::take(&mut self.input);
        let mut at = 0;
        while let Some([high, low]) = input.get(at..at + 2) {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(message) = input.get(at + 2..at + 2 + len) else {
                break;
            };
            self.answer(message);
            at += 2 + len;
        }
        input.drain(..at);
        self.input = input;
        // One message at most is incomplete.
        if self.input.len() > 2 + usize::from(u16::MAX) {
            return Err(());
        }
        Ok(())
    }

    /// Notes an answer; what is none is dropped, because anybody can send
    /// datagrams.
    fn answer(&mut self, bytes: &[u8]) {
        for (number, family) in Family::BOTH.into_iter().enumerate() {
            let answer = message::answer(bytes, self.id(number), self.name(), family);
            if self.answers[number].is_none() && answer.is_some() {
                self.answers[number] = answer;
            }
        }
    }

    /// All addresses, IPv4 first, and how many seconds they hold.
    fn addresses(&self) -> (Vec<IpAddr>, u32) {
        let mut all = Vec::new();
        let mut seconds = u32::MAX;
        for answer in self.answers.iter().flatten() {
            if let Answer::Addresses(addresses, holds) = answer
                && !addresses.is_empty()
            {
                all.extend_from_slice(addresses);
                seconds = seconds.min(*holds);
            }
        }
        (all, seconds)
    }
}

fn open(io: &mut Loop, server: SocketAddr, tcp: bool, token: Token) -> Option<Key> {
    if tcp {
        let to = Address::Ip(server);
        return io.connect(stream(&to).ok()?, &to, token).ok();
    }
    Some(io.adopt(connected_datagram(server).ok()?, token))
}

/// An id that nobody who does not see the question can guess; without the
/// system's randomness the ports still differ.
fn random_id() -> u16 {
    let mut bytes = [0; 2];
    let _filled = random(&mut bytes);
    u16::from_ne_bytes(bytes)
}

fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && message::question(0, text, Family::V4).is_some()
}

/// Names that mean this machine (RFC 6761 §6.3).
fn is_localhost(name: &[u8]) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    name == b"localhost" || name.ends_with(b".localhost")
}

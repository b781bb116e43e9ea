//! TLS towards clients: policies chosen by the name that a client asks for,
//! and the server's side of a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, ServerConnection};
use rustls::{HandshakeKind, ServerConfig};
use zs_proto::client_hello;

use crate::authority::Issue;
use crate::certificate::{CertificateError, Slot, Source};
use crate::reload::Watch;
use crate::session;

/// Which certificate a name gets.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Lower-case name; `*.name` covers one label, an empty name every client
    /// whose name no other policy covers.
    pub name: String,
    /// Whether an empty name stands only for clients without a name.
    pub nameless: bool,
    /// Where the certificate comes from.
    pub source: Source,
    /// Whether TLS 1.2 is spoken.
    pub tls12: bool,
    /// Whether TLS 1.3 is spoken.
    pub tls13: bool,
    /// Numbers of the cipher suites of TLS 1.2; all if there are none.
    pub suites: Vec<u16>,
    /// Numbers of the groups for the exchange of keys, the preferred first; the
    /// standard ones if there are none.
    pub groups: Vec<u16>,
    /// Protocols offered by ALPN, the preferred first.
    pub protocols: Vec<Vec<u8>>,
}

impl Policy {
    /// The cryptography that the policy allows, of what there is.
    fn provider(&self, all: &Arc<CryptoProvider>) -> Arc<CryptoProvider> {
        if self.suites.is_empty() && self.groups.is_empty() {
            return Arc::clone(all);
        }
        let mut provider = CryptoProvider::clone(all);
        if !self.suites.is_empty() {
            provider.cipher_suites.retain(|suite| {
                suite.tls13().is_some() || self.suites.contains(&suite.suite().into())
            });
        }
        if !self.groups.is_empty() {
            let wanted = self.groups.iter();
            let group = |number: &u16| {
                let mut known = all.kx_groups.iter();
                known
                    .find(|group| u16::from(group.name()) == *number)
                    .copied()
            };
            provider.kx_groups = wanted.filter_map(group).collect();
        }
        Arc::new(provider)
    }
}

/// A server's policies, ready for handshakes. All workers share one.
#[derive(Debug)]
pub struct Acceptor {
    policies: BTreeMap<String, Arc<ServerConfig>>,
    /// The policy for clients without a name, if that is one of its own.
    nameless: Option<Arc<ServerConfig>>,
    renewals: Mutex<Vec<Renewal>>,
    watches: Mutex<Vec<Watch>>,
}

/// A certificate of the local authority, which has to be renewed.
#[derive(Debug)]
struct Renewal {
    name: String,
    slot: Arc<Slot>,
    issue: Issue,
    /// When, in seconds since 1970.
    at: i64,
}

impl Acceptor {
    /// Reads or issues the policies' certificates. `issue` is the local
    /// authority, if there is one.
    ///
    /// # Errors
    /// If a certificate cannot be had.
    pub fn new(policies: &[Policy], issue: Option<Issue>) -> Result<Self, CertificateError> {
        let provider = crate::provider();
        let ticketer = rustls::crypto::ring::Ticketer::new().map_err(|error| CertificateError {
            subject: "session tickets".to_string(),
            reason: error.to_string(),
        })?;
        let mut acceptor = Self {
            policies: BTreeMap::new(),
            nameless: None,
            renewals: Mutex::new(Vec::new()),
            watches: Mutex::new(Vec::new()),
        };
        let mut slots: Vec<(Source, Arc<Slot>)> = Vec::new();
        for policy in policies {
            let known = slots.iter().find(|(source, _)| *source == policy.source);
            let slot = match known {
                Some((_, slot)) => Arc::clone(slot),
                None => acceptor.slot(&policy.source, issue)?,
            };
            slots.push((policy.source.clone(), Arc::clone(&slot)));
            let versions: Vec<_> = [
                (policy.tls13, &rustls::version::TLS13),
                (policy.tls12, &rustls::version::TLS12),
            ]
            .into_iter()
            .filter_map(|(spoken, version)| spoken.then_some(version))
            .collect();
            let provider = policy.provider(&provider);
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(&versions)
                .map_err(|error| CertificateError {
                    subject: policy.name.clone(),
                    reason: error.to_string(),
                })?
                .with_no_client_auth()
                .with_cert_resolver(slot);
            config.alpn_protocols.clone_from(&policy.protocols);
            // Tickets hold the whole session, so nothing is kept here.
            config.ticketer = Arc::clone(&ticketer);
            config.session_storage = Arc::new(NoServerSessionStorage {});
            // A client opens several connections with one ticket or asks anew;
            // each further ticket costs bytes and time in every handshake.
            config.send_tls13_tickets = 1;
            let (name, config) = (policy.name.to_ascii_lowercase(), Arc::new(config));
            if policy.nameless {
                acceptor.nameless.get_or_insert(config);
            } else {
                acceptor.policies.entry(name).or_insert(config);
            }
        }
        Ok(acceptor)
    }

    fn slot(
        &mut self,
        source: &Source,
        issue: Option<Issue>,
    ) -> Result<Arc<Slot>, CertificateError> {
        match source {
            Source::Files { chain, key } => {
                let watch = Watch::begin(chain, key)?;
                let slot = watch.slot();
                let watches = self.watches.get_mut();
                watches.unwrap_or_else(PoisonError::into_inner).push(watch);
                Ok(slot)
            }
            Source::Local(name) => {
                let issue = issue.ok_or_else(|| CertificateError {
                    subject: name.clone(),
                    reason: "the local certificate authority is not linked".to_string(),
                })?;
                let (certified, at) = local(name, issue)?;
                let slot = Slot::new(certified);
                let renewals = self.renewals.get_mut();
                renewals
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Renewal {
                        name: name.clone(),
                        slot: Arc::clone(&slot),
                        issue,
                        at,
                    });
                Ok(slot)
            }
        }
    }

    /// Renews the certificates that are due at a time in seconds since 1970.
    /// Returns when to look again, if there are any that are renewed at all,
    /// and what went wrong. Reads and writes files, so it is not for workers.
    pub fn renew(&self, now: i64) -> (Option<i64>, Vec<CertificateError>) {
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        let mut errors = Vec::new();
        for renewal in renewals.iter_mut().filter(|renewal| renewal.at <= now) {
            match local(&renewal.name, renewal.issue) {
                Ok((certified, at)) => {
                    renewal.slot.replace(certified);
                    renewal.at = at.max(now + RETRY_SECONDS);
                }
                Err(error) => {
                    renewal.at = now + RETRY_SECONDS;
                    errors.push(error);
                }
            }
        }
        (renewals.iter().map(|renewal| renewal.at).min(), errors)
    }

    /// Whether there are certificates of files, which [`Self::reload`] looks at.
    pub fn has_files(&self) -> bool {
        let watches = self.watches.lock();
        !watches.unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes the certificates of files that have changed: the files of the new
    /// ones, and what went wrong. Reads files, so it is not for workers.
    pub fn reload(&self) -> (Vec<PathBuf>, Vec<CertificateError>) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, mut errors) = (Vec::new(), Vec::new());
        for watch in &mut *watches {
            match watch.look() {
                Ok(file) => taken.extend(file.map(PathBuf::from)),
                Err(error) => errors.push(error),
            }
        }
        (taken, errors)
    }

    /// The policy for a name.
    fn config(&self, name: &str) -> Option<&Arc<ServerConfig>> {
        if name.is_empty() && self.nameless.is_some() {
            return self.nameless.as_ref();
        }
        covering(name).find_map(|name| self.policies.get(&name))
    }
}

/// The names whose policies cover a name that a client asks for, the nearest
/// first: its own, the wildcard, and nothing for the rest.
pub fn covering(name: &str) -> impl Iterator<Item = String> {
    let mut own = name.to_ascii_lowercase();
    if own.ends_with('.') {
        own.pop();
    }
    let wildcard = own.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    [Some(own), wildcard, Some(String::new())]
        .into_iter()
        .flatten()
}

/// Time until a renewal that failed is tried again.
const RETRY_SECONDS: i64 = 600;

/// Seconds since 1970.
pub fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

fn local(name: &str, issue: Issue) -> Result<(rustls::sign::CertifiedKey, i64), CertificateError> {
    let issued = issue(name).map_err(|reason| CertificateError {
        subject: name.to_string(),
        reason,
    })?;
    Ok((issued.identity.certified(name)?, issued.renew_at))
}

/// The server's side of a connection.
pub struct Session {
    acceptor: Arc<Acceptor>,
    state: State,
    /// An alert of a connection that did not come about.
    alert: Vec<u8>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "a session is open for nearly all of its time, and lies in a box as a whole"
)]
enum State {
    /// The client's first message is not complete.
    Hello(Hello),
    /// A policy was chosen.
    Open(ServerConnection),
    /// There is nothing to go on with.
    Failed,
}

/// A first message that is being received. It is read here, before there is a
/// TLS connection, because it says which policy the connection is to have.
#[derive(Default)]
struct Hello {
    reader: client_hello::Reader,
    /// All bytes so far, which the connection is given again.
    received: Vec<u8>,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptFailure {
    /// The peer speaks plain HTTP.
    PlainHttp,
    /// The handshake or a record is not acceptable; an alert may be among the
    /// ciphertext.
    Protocol,
}

/// What can be asked of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `tls1.2`, `tls1.3`
    Version,
    /// The cipher suite's name in the registry.
    CipherSuite,
    /// The name that the client asked for.
    ServerName,
    /// The protocol chosen by ALPN.
    Protocol,
    /// Whether an earlier session was resumed.
    Resumed,
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Session")
    }
}

impl Session {
    /// Begins a connection.
    pub fn new(acceptor: Arc<Acceptor>) -> Self {
        Self {
            acceptor,
            state: State::Hello(Hello::default()),
            alert: Vec::new(),
        }
    }

    /// Takes bytes that arrived and appends the plaintext that they hold.
    /// Whether the peer has said that no more comes.
    ///
    /// # Errors
    /// If the connection cannot go on.
    pub fn feed(
        &mut self,
        ciphertext: &[u8],
        plaintext: &mut Vec<u8>,
    ) -> Result<bool, AcceptFailure> {
        match &mut self.state {
            State::Open(connection) => session::feed(connection, ciphertext, plaintext)
                .map_err(|_| AcceptFailure::Protocol),
            State::Hello(_) => self.feed_hello(ciphertext, plaintext),
            State::Failed => Err(AcceptFailure::Protocol),
        }
    }

    fn feed_hello(
        &mut self,
        ciphertext: &[u8],
        plaintext: &mut Vec<u8>,
    ) -> Result<bool, AcceptFailure> {
        let State::Hello(mut hello) = std::mem::replace(&mut self.state, State::Failed) else {
            return Err(AcceptFailure::Protocol);
        };
        // A record begins with its type, 20 to 24 (RFC 8446 §5.1); a method of
        // HTTP with a letter.
        let fresh = hello.received.is_empty();
        if fresh && ciphertext.first().is_some_and(u8::is_ascii_uppercase) {
            return Err(AcceptFailure::PlainHttp);
        }
        hello.received.extend_from_slice(ciphertext);
        let config = match hello.reader.feed(ciphertext) {
            Ok(None) => {
                self.state = State::Hello(hello);
                return Ok(false);
            }
            Ok(Some(read)) => {
                // A name that is no text is covered by no policy, and the TLS
                // implementation will refuse it.
                let name = read.server_name.map_or(Ok(""), str::from_utf8);
                self.acceptor.config(name.unwrap_or(""))
            }
            Err(error) => return Err(self.refuse(error.alert())),
        };
        let Some(config) = config else {
            return Err(self.refuse(UNRECOGNIZED_NAME));
        };
        let connection = ServerConnection::new(Arc::clone(config));
        let mut connection = connection.map_err(|_| AcceptFailure::Protocol)?;
        connection.set_buffer_limit(None);
        let fed = session::feed(&mut connection, &hello.received, plaintext);
        self.state = State::Open(connection);
        fed.map_err(|_| AcceptFailure::Protocol)
    }

    /// Ends a connection that did not come about with a fatal alert
    /// (RFC 8446 §6).
    fn refuse(&mut self, description: u8) -> AcceptFailure {
        const RECORD: [u8; 6] = [21, 3, 3, 0, 2, 2];
        self.alert.extend_from_slice(&RECORD);
        self.alert.push(description);
        AcceptFailure::Protocol
    }

    /// Takes plaintext to be sent.
    pub fn put(&mut self, plaintext: &[u8]) {
        if let State::Open(connection) = &mut self.state {
            session::put(connection, plaintext);
        }
    }

    /// Appends ciphertext that is to be sent now.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.alert);
        if let State::Open(connection) = &mut self.state {
            session::take(connection, out);
        }
    }

    /// Says that nothing more is put.
    pub fn close(&mut self) {
        if let State::Open(connection) = &mut self.state {
            connection.send_close_notify();
        }
    }

    /// Appends what is known, in the words of Caddy's placeholders; nothing
    /// before the handshake.
    pub fn fact(&self, fact: Fact, out: &mut Vec<u8>) {
        let State::Open(connection) = &self.state else {
            return;
        };
        match fact {
            Fact::Version => match connection.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => out.extend_from_slice(b"tls1.3"),
                Some(rustls::ProtocolVersion::TLSv1_2) => out.extend_from_slice(b"tls1.2"),
                _ => {}
            },
            Fact::CipherSuite => {
                if let Some(suite) = connection.negotiated_cipher_suite() {
                    // rustls sets the suites of TLS 1.3 apart by their prefix.
                    let name = format!("{:?}", suite.suite()).replace("TLS13_", "TLS_");
                    out.extend_from_slice(name.as_bytes());
                }
            }
            Fact::ServerName => {
                out.extend_from_slice(connection.server_name().unwrap_or("").as_bytes());
            }
            Fact::Protocol => out.extend_from_slice(connection.alpn_protocol().unwrap_or(b"")),
            Fact::Resumed => {
                let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
                out.extend_from_slice(if resumed { b"true" } else { b"false" });
            }
        }
    }
}

/// The alert of a server that has no certificate for a name (RFC 6066 §3).
const UNRECOGNIZED_NAME: u8 = 112;

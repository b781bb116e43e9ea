//! An exchange: a request head, a body source and a response sink.
//!
//! It knows no carrier's protocol. An HTTP/1 connection carries exchanges one
//! after another; a subrequest carries one within another. Site code, proxies
//! and error routes work on exchanges only.

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use zs_abi::tables::{EntryId, ServerId, VariableId};
use zs_abi::view::Method;
use zs_io::{Address, Key};
use zs_proto::{Head, Target};

use crate::access_log::Record;
use crate::capability::TlsSession;
use crate::captures::Captures;
use crate::client_address::Client;
use crate::limits::BUFFER_BYTES_KEPT;
use crate::pipe::Pipe;
use crate::slots::Slot;

/// What carries an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The connection with this key.
    Connection(Key),
    /// The exchange with this key made this one and waits for it.
    Subrequest {
        /// The exchange that waits.
        parent: Key,
        /// Where it goes on.
        resume: EntryId,
        /// How deep subrequests are nested here.
        depth: u32,
    },
}

/// What is known of the connection that an exchange came in on.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The peer; `None` on a unix socket.
    pub remote: Option<SocketAddr>,
    /// This end.
    pub local: Rc<Address>,
    /// Its TLS session, if it has one.
    pub tls: Option<Rc<TlsSession>>,
}

/// The request of an exchange: first as received, then as site code changes it.
#[derive(Debug, Default)]
pub struct Request {
    /// The method.
    pub method: Vec<u8>,
    /// The fields, with `Host`.
    pub head: Head,
    /// Path and query.
    pub target: Target,
    /// The request target as received.
    pub uri: Vec<u8>,
    /// Minor version of HTTP/1.
    pub minor: u8,
    /// Length of the body, if it is told.
    pub content_length: Option<u64>,
    /// Whether there is a body.
    pub has_body: bool,
    /// Method and target before the first change, once there was one.
    original: Option<Box<(Vec<u8>, Target)>>,
}

impl Request {
    /// The host that the request is for: `Host` with its port.
    pub fn host_and_port(&self) -> &[u8] {
        self.head.values(b"Host").last().unwrap_or(b"")
    }

    /// The method's number in the view.
    pub fn method_number(&self) -> Method {
        Method::from_bytes(&self.method)
    }

    /// Keeps method and target for [`Self::restore`] before they are changed.
    pub fn keep_original(&mut self) {
        if self.original.is_none() {
            self.original = Some(Box::new((self.method.clone(), self.target.clone())));
        }
    }

    /// The method as received.
    pub fn original_method(&self) -> &[u8] {
        self.original.as_ref().map_or(&self.method, |kept| &kept.0)
    }

    /// Path and query as received.
    pub fn original_target(&self) -> &Target {
        self.original.as_ref().map_or(&self.target, |kept| &kept.1)
    }

    /// Method and target become as received; the fields stay as they are.
    pub fn restore(&mut self) {
        if let Some(kept) = &self.original {
            self.method.clone_from(&kept.0);
            self.target.copy_from(&kept.1);
        }
    }

    fn reset(&mut self) {
        self.method.clear();
        self.head.clear();
        if self.head.capacity() > BUFFER_BYTES_KEPT {
            self.head = Head::new();
        }
        self.target.clear();
        self.uri.clear();
        self.minor = 1;
        self.content_length = None;
        self.has_body = false;
        self.original = None;
    }
}

/// The value of a request variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The value as a text.
    pub text: Vec<u8>,
    /// `SEGMENT_*` bits that say what it is where expressions read it.
    pub flags: u32,
}

/// The body of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// Bytes of the site's data.
    Constant(&'static [u8]),
    /// The bytes in [`Response::text`].
    Text,
    /// What comes through [`Response::pipe`]; so many bytes, if that is known.
    Stream(Option<u64>),
}

/// The response of an exchange.
#[derive(Debug, Default)]
pub struct Response {
    /// The status; 0 before there is one.
    pub status: u16,
    /// The fields, without those that frame the message.
    pub head: Head,
    /// The body.
    pub body: Body,
    /// A body that was made here.
    pub text: Vec<u8>,
    /// A body that comes from elsewhere.
    pub pipe: Pipe,
    /// The fields before the response at hand was made, for the filter that
    /// discards it.
    kept: Head,
    /// Where the pipe's bytes come from, if they are here to be fetched.
    pub source: Option<Box<dyn Source>>,
    /// What encodes the pipe's bytes on their way to the carrier.
    pub encoder: Option<Box<dyn Encoder>>,
    /// The encoded bytes.
    pub encoded: Pipe,
    /// Whether the connection is to be closed afterwards.
    pub close: bool,
}

/// Something that encodes a body as it comes. Errors are of the encoder itself and end the body.
pub trait Encoder: std::fmt::Debug {
    /// Takes bytes of the body; `flush`: what they become is to be sent now.
    ///
    /// # Errors
    /// One that cannot be mended.
    fn write(&mut self, bytes: &[u8], flush: bool, out: &mut Pipe) -> std::io::Result<()>;
    /// Ends the body.
    ///
    /// # Errors
    /// As for `write`.
    fn finish(&mut self, out: &mut Pipe) -> std::io::Result<()>;
}

/// Something that a body is fetched from without waiting.
pub trait Source: std::fmt::Debug {
    /// Puts bytes into the pipe until it is full, or ends or fails it.
    fn fill(&mut self, pipe: &mut Pipe);
}

impl Response {
    /// Keeps the fields for [`Self::discard`].
    pub fn keep(&mut self) {
        self.kept.copy_from(&self.head);
    }

    /// Drops status and body; the fields become those that were kept.
    pub fn discard(&mut self) {
        self.status = 0;
        self.drop_body();
        std::mem::swap(&mut self.head, &mut self.kept);
    }

    /// Drops the body only.
    pub fn drop_body(&mut self) {
        self.body = Body::Empty;
        self.text.clear();
        self.pipe.reset();
        self.source = None;
        self.encoder = None;
        self.encoded.reset();
    }

    /// The pipe that the carrier reads, after all has been moved to it that can be without waiting; and whether who fills
    /// the other one is to be woken.
    pub(crate) fn readable(&mut self) -> (&mut Pipe, bool) {
        let Self {
            pipe,
            source,
            encoder,
            encoded,
            ..
        } = self;
        let room = |pipe: &Pipe| pipe.is_empty() && !pipe.has_ended() && !pipe.has_failed();
        let Some(encoder) = encoder else {
            if let Some(source) = source
                && room(pipe)
            {
                source.fill(pipe);
            }
            return (pipe, false);
        };
        let mut wakes = false;
        while room(encoded) {
            if let Some(source) = source
                && room(pipe)
            {
                source.fill(pipe);
            }
            let waits = !pipe.has_ended() && source.is_none();
            let result = match pipe.bytes() {
                [] if pipe.has_failed() => {
                    encoded.fail();
                    break;
                }
                [] if pipe.has_ended() => {
                    let result = encoder.finish(encoded);
                    encoded.end();
                    result
                }
                [] => break,
                bytes => encoder.write(bytes, waits, encoded),
            };
            let count = pipe.len();
            wakes |= pipe.consume(count);
            if result.is_err() {
                encoded.fail();
            }
        }
        (encoded, wakes)
    }

    /// The bytes of a body that is all there.
    pub fn ready_bytes(&self) -> &[u8] {
        match self.body {
            Body::Constant(bytes) => bytes,
            Body::Text => &self.text,
            Body::Empty | Body::Stream(_) => &[],
        }
    }

    fn reset(&mut self) {
        self.status = 0;
        self.drop_body();
        if self.text.capacity() > BUFFER_BYTES_KEPT {
            self.text = Vec::new();
        }
        self.head.clear();
        self.kept.clear();
        self.close = false;
        self.head.push_canonical(b"Server", SERVER_NAME);
    }
}

/// What the server calls itself in `Server` and `Via`.
pub const SERVER_NAME: &[u8] = b"zeroserve";

/// What an upstream attempt works on; the proxy fills it in, header operations
/// and templates read and change it.
#[derive(Debug, Default)]
pub struct Upstream {
    /// The copy of the request's fields that is sent.
    pub request: Head,
    /// The fields of the upstream's response.
    pub response: Head,
    /// The upstream's status; 0 before there is one.
    pub status: u16,
    /// The upstream's host.
    pub host: Vec<u8>,
    /// The upstream's port in decimal digits.
    pub port: Vec<u8>,
    /// The backend that was chosen last.
    pub chosen: Option<u32>,
    /// Whether site code is asked about an upstream that was reached and broke
    /// off.
    pub transport_error: bool,
}

impl Upstream {
    fn reset(&mut self) {
        self.request.clear();
        self.response.clear();
        self.status = 0;
        self.host.clear();
        self.port.clear();
        self.chosen = None;
        self.transport_error = false;
    }
}

/// A file that was found, as `{http.matchers.file.*}` show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileMatch {
    /// Its path below the folder.
    pub relative: Vec<u8>,
    /// Its path with the folder's.
    pub absolute: Vec<u8>,
    /// What of the request's path came behind it.
    pub remainder: Vec<u8>,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// The error that an error route handles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raised {
    /// Its status.
    pub status: u16,
    /// What it says.
    pub message: Vec<u8>,
    /// Whether it is handled by the server's own error route, the outermost.
    pub outermost: bool,
}

/// Where errors go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The error route's entry.
    pub entry: EntryId,
    /// Filters that were there when the scope was pushed.
    pub filters: usize,
    /// Whether the request becomes as received first.
    pub restore: bool,
}

/// What site code does for the exchange at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The chain of handlers.
    #[default]
    Chain,
    /// The filter with this index looks at the response head.
    Filter(usize),
    /// An attempt's point (the proxy's request or response entry).
    Point,
}

/// How far the exchange is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Site code runs, or an action that it asked for.
    #[default]
    Deciding,
    /// The response head is ready; the carrier has not taken it yet.
    Ready,
    /// The carrier has taken the head; a streamed body may still come.
    Sending,
    /// The connection is to be dropped.
    Aborted,
}

/// A request, its response, and what site code has on its mind about them.
#[derive(Debug)]
pub struct Exchange {
    /// The server whose site code runs.
    pub server: ServerId,
    /// What carries it.
    pub carrier: Carrier,
    /// What it came in on.
    pub origin: Origin,
    /// The request.
    pub request: Request,
    /// The request's body. The carrier fills it once the reader wants it.
    pub request_body: Pipe,
    /// The response.
    pub response: Response,
    /// The running upstream attempt.
    pub upstream: Upstream,
    /// How far it is.
    pub phase: Phase,
    /// Whether both bodies are plain bytes of another protocol from now on
    /// (after a 101).
    pub tunnel: bool,
    /// Whether a proxy works for it, and must be told when it is over.
    pub proxied: bool,
    /// When it began, on the loop's clock, in nanoseconds.
    pub started_nanos: u64,
    /// Error scopes, innermost last.
    pub(crate) scopes: Vec<Scope>,
    /// Filters, last pushed last.
    pub(crate) filters: Vec<EntryId>,
    pub(crate) stage: Stage,
    pub(crate) raised: Option<Raised>,
    pub(crate) slot: Option<Slot>,
    pub(crate) variables: Vec<Option<Variable>>,
    pub(crate) captures: Captures,
    /// The encoding that the response gets if it can: its number among the site's.
    pub(crate) encoding: Option<u32>,
    /// The file that was found last.
    pub(crate) file_match: Option<Box<FileMatch>>,
    /// The subrequest that site code waits for.
    pub(crate) subrequest: Option<Key>,
    /// The body of the subrequest that ran last.
    pub(crate) subrequest_body: Vec<u8>,
    /// Subrequests that the request has led to, counted where it came in.
    pub(crate) subrequests: u32,
    /// Of a subrequest: its response's body so far.
    pub(crate) collected: Vec<u8>,
    pub(crate) uuid: OnceCell<[u8; 36]>,
    /// What trusted peers say of the client.
    pub client: Client,
    /// The account of who asks.
    pub(crate) user: Option<Vec<u8>>,
    /// Informational responses that the carrier has not written yet.
    pub(crate) informational: Vec<u8>,
    /// What the access log keeps of it.
    pub(crate) log_record: Option<Box<Record>>,
}

impl Exchange {
    pub(crate) fn new(server: ServerId, carrier: Carrier, origin: Origin) -> Self {
        let mut exchange = Self {
            server,
            carrier,
            origin,
            request: Request::default(),
            request_body: Pipe::default(),
            response: Response::default(),
            upstream: Upstream::default(),
            phase: Phase::default(),
            tunnel: false,
            proxied: false,
            started_nanos: 0,
            scopes: Vec::new(),
            filters: Vec::new(),
            stage: Stage::default(),
            raised: None,
            slot: None,
            variables: Vec::new(),
            captures: Captures::default(),
            encoding: None,
            file_match: None,
            subrequest: None,
            subrequests: 0,
            subrequest_body: Vec::new(),
            collected: Vec::new(),
            uuid: OnceCell::new(),
            client: Client::default(),
            user: None,
            informational: Vec::new(),
            log_record: None,
        };
        exchange.reset();
        exchange
    }

    /// Makes the exchange ready for another request; keeps its memory.
    pub(crate) fn reset(&mut self) {
        self.request.reset();
        self.request_body.reset();
        self.response.reset();
        self.upstream.reset();
        self.phase = Phase::Deciding;
        self.tunnel = false;
        self.proxied = false;
        self.scopes.clear();
        self.filters.clear();
        self.stage = Stage::Chain;
        self.raised = None;
        self.variables.clear();
        self.captures.clear();
        self.file_match = None;
        self.encoding = None;
        self.subrequest = None;
        self.subrequests = 0;
        self.subrequest_body = Vec::new();
        self.collected = Vec::new();
        self.uuid = OnceCell::new();
        self.client = Client::default();
        self.user = None;
        self.informational.clear();
        if let Some(record) = &mut self.log_record {
            record.reset();
        }
    }

    /// `https` if the connection has TLS, else `http`.
    pub fn scheme(&self) -> &'static [u8] {
        if self.origin.tls.is_some() {
            b"https"
        } else {
            b"http"
        }
    }

    /// The address of the peer; none on a unix socket.
    pub fn remote_ip(&self) -> Option<IpAddr> {
        Some(self.origin.remote?.ip().to_canonical())
    }

    /// The address of the client, if it has one.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.client.address().or_else(|| self.remote_ip())
    }

    /// Appends the address of the client as placeholders and logs show it.
    pub fn push_client(&self, out: &mut Vec<u8>) {
        match self.client_ip() {
            Some(address) => out.extend_from_slice(address.to_string().as_bytes()),
            // Go's name for the address of a socket that has none.
            None if self.client.is_trusted() => out.push(b'@'),
            None => {}
        }
    }

    /// Makes both bodies plain bytes of another protocol from the response
    /// head on: what the client sends from now on is wanted, the response's
    /// pipe is written as it is.
    pub fn become_tunnel(&mut self) {
        self.tunnel = true;
        self.request_body.reset();
        self.request_body.want();
        self.response.body = Body::Stream(None);
    }

    /// What site code does for the exchange at the moment.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The file that was found last, by its path below its folder.
    pub fn file(&self) -> Option<&[u8]> {
        let found = self.file_match.as_ref()?;
        Some(&found.relative)
    }

    /// The value of a variable, if it was set.
    pub fn variable(&self, variable: VariableId) -> Option<&[u8]> {
        let variable = self.variables.get(variable.0 as usize)?.as_ref();
        variable.map(|variable| variable.text.as_slice())
    }

    /// The error being handled, in an error route.
    pub fn raised(&self) -> Option<&Raised> {
        self.raised.as_ref()
    }
}

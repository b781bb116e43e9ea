//! Sites made by hand, and clients that talk to them byte by byte.
#![expect(unsafe_code, reason = "describes sites whose code is in the test")]
#![allow(dead_code, reason = "each test uses a part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use zs_abi::data::{Range, Text};
use zs_abi::tables::{
    Entry, EntryId, LISTEN_TCP, Listener, Response, Segment, Server, ServerId, Template,
    TemplateId, Value,
};
use zs_abi::{Action, ActionKind, Capability, Site, Source};
use zs_data::DataBuilder;
use zs_io::{Address, Choice};
use zs_server::{LoadedSite, Options, Running};

/// An entry function, called as generated code is.
pub type EntryFunction = extern "C" fn(u64, u64) -> u64;

/// A site being made.
pub struct SiteBuilder {
    pub data: DataBuilder,
    entries: Vec<*const u8>,
    code: (*const u8, u64),
    capabilities: [*const u8; Capability::ALL.len()],
}

impl SiteBuilder {
    pub fn new() -> Self {
        Self {
            data: DataBuilder::new(),
            entries: Vec::new(),
            code: (std::ptr::null(), 0),
            capabilities: [std::ptr::null(); Capability::ALL.len()],
        }
    }

    pub fn entry(&mut self, name: &str, function: EntryFunction) -> EntryId {
        let name = self.data.text(name);
        self.entries.push(function as *const u8);
        EntryId(self.data.push(&Entry { name }))
    }

    /// Says that the site uses an optional part.
    pub fn capability(&mut self, capability: Capability) {
        self.capabilities[capability as usize] = zs_server::capability::address(capability);
    }

    /// Says where machine code lies that may fault.
    pub fn code(&mut self, start: *const u8, len: u64) {
        self.code = (start, len);
    }

    /// A server with a listener on a port of the system's choice.
    pub fn server(&mut self, entry: EntryId) -> ServerId {
        self.server_with(entry, |_| {})
    }

    pub fn server_with(&mut self, entry: EntryId, change: impl Fn(&mut Server)) -> ServerId {
        self.server_on(entry, false, change)
    }

    /// As [`Self::server_with`]; with `tls`, connections begin with TLS.
    pub fn server_on(
        &mut self,
        entry: EntryId,
        tls: bool,
        change: impl Fn(&mut Server),
    ) -> ServerId {
        let name = format!("srv{}", self.data.count::<Server>());
        let mut server = Server {
            name: self.data.text(name),
            entry,
            needs: 7,
            header_bytes_max: 1 << 20,
            read_header_ms: 60_000,
            idle_ms: 300_000,
            body_idle_ms: 60_000,
            write_idle_ms: 60_000,
            read_ms: 0,
            write_ms: 0,
            probe_idle_s: 15,
            probe_interval_s: 15,
            probes: 9,
            policies: Range::default(),
        };
        change(&mut server);
        let server = ServerId(self.data.push(&server));
        let loopback = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
        let word = |at: usize| u32::from_le_bytes(loopback[at..at + 4].try_into().unwrap());
        self.data.push(&Listener {
            kind: LISTEN_TCP,
            address: [word(0), word(4), word(8), word(12)],
            port: 0,
            path: Text::EMPTY,
            server,
            tls: u32::from(tls),
        });
        server
    }

    /// A response with a constant plain-text body; its number is the order in
    /// which responses are made.
    pub fn response(&mut self, status: u32, body: &str) -> u32 {
        let body = self.text(body);
        self.response_with(status, |response| response.body = body)
    }

    pub fn response_with(&mut self, status: u32, change: impl Fn(&mut Response)) -> u32 {
        let mut response = Response {
            status,
            status_template: None,
            headers: None,
            content_type: self.data.text("text/plain; charset=utf-8"),
            body: Value::default(),
            flags: 0,
        };
        change(&mut response);
        self.data.push(&response)
    }

    pub fn text(&mut self, text: impl AsRef<[u8]>) -> Value {
        Value {
            text: self.data.text(text),
            template: None,
        }
    }

    /// A template out of sources with argument and number.
    pub fn template(&mut self, segments: &[(Source, &str, u32)]) -> Value {
        let segments: Vec<_> = segments
            .iter()
            .map(|(source, argument, number)| Segment {
                source: *source as u32,
                argument: self.data.text(argument),
                number: *number,
                flags: 0,
            })
            .collect();
        let segments = self.data.extend(&segments);
        Value {
            text: Text::EMPTY,
            template: Some(TemplateId(self.data.push(&Template { segments }))),
        }
    }

    pub fn load(self) -> &'static LoadedSite {
        let data = self.data.finish().leak();
        let entries = self.entries.leak();
        let site = Box::leak(Box::new(Site {
            data: data.as_ptr(),
            data_len: data.len() as u64,
            code: self.code.0,
            code_len: self.code.1,
            entries: entries.as_ptr(),
            entry_count: entries.len() as u64,
            capabilities: self.capabilities,
        }));
        // SAFETY: everything is leaked; the entries keep to the calling
        // convention.
        let loaded = unsafe { LoadedSite::load(site) };
        Box::leak(Box::new(loaded.unwrap()))
    }
}

/// An action word.
pub const fn action(kind: ActionKind, operand: u32, resume: Option<u32>) -> u64 {
    Action {
        kind,
        resume: match resume {
            Some(entry) => Some(EntryId(entry)),
            None => None,
        },
        operand,
    }
    .to_word()
}

/// Answers with response `N`.
pub extern "C" fn respond<const N: u32>(_: u64, _: u64) -> u64 {
    action(ActionKind::Respond, N, None)
}

/// Runs a test against a server of the site, on each driver that there is.
pub fn on_each_driver(site: &'static LoadedSite, test: impl Fn(SocketAddr)) {
    for io in [Choice::Epoll, Choice::Uring] {
        let options = Options {
            io,
            workers: std::num::NonZero::new(1),
            grace_ms: Some(2_000),
        };
        let running = match Running::start(site, &options) {
            Ok(running) => running,
            Err(error) if io == Choice::Uring => {
                eprintln!("SKIPPED on io_uring: {error}");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        test(address(&running));
        running.stop();
        assert!(running.join());
    }
}

pub fn address(running: &Running) -> SocketAddr {
    match running.addresses()[0].address {
        Address::Ip(address) => address,
        Address::Unix(_) => panic!("a TCP listener"),
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// Sends bytes and reads until the server closes; what it sent, without the
/// date.
pub fn talk(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(address);
    // The server may close before it has read everything.
    let _written = stream.write_all(request);
    let mut answer = Vec::new();
    let _closed_or_reset = stream.read_to_end(&mut answer);
    without_date(&answer)
}

/// Reads one response with a length; what it says, without the date.
pub fn read_response(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer.clone()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    answer.extend_from_slice(&body);
    without_date(&answer)
}

pub fn without_date(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let lines = text.split_inclusive("\r\n");
    lines.filter(|line| !line.starts_with("Date: ")).collect()
}

//! The optional parts of the runtime as a traced site has them: TLS without
//! cryptography, and a proxy that sends nothing.

use std::cell::RefCell;

use zs_abi::Capability;
use zs_abi::tables::{ProxyId, ServerId};
use zs_io::{Event, Key};
use zs_server::capability::{self, Opaque, ProxyTable, TlsFact, TlsFailure, TlsTable};
use zs_server::{LoadedSite, Rehearsed, Worker, answer_in_place, rehearse};

use super::engine;

/// The table of a capability.
pub fn address(capability: Capability) -> *const u8 {
    static TLS_HERE: TlsTable = TLS;
    static PROXY_HERE: ProxyTable = PROXY;
    match capability {
        Capability::Tls => (&raw const TLS_HERE).cast(),
        Capability::Proxy => (&raw const PROXY_HERE).cast(),
        // Known to the parts above only, which do not ask for them here.
        Capability::ProxyTls | Capability::LocalAuthority => capability::address(capability),
        // Nothing asks after upstreams.
        Capability::ProxyHealth => std::ptr::null(),
        // No request has been made that could be logged.
        Capability::AccessLog => std::ptr::null(),
        // Files and variables are looked at as they are.
        Capability::Files | Capability::Environment => capability::address(capability),
        // So are passwords, by threads that are waited for.
        Capability::Authentication | Capability::Browse => capability::address(capability),
    }
}

/// The client of the request, as TLS knows it.
#[derive(Debug, Default)]
pub struct Client {
    /// Whether it speaks TLS at all.
    pub tls: bool,
    /// The name that it asks for.
    pub name: String,
    /// What is to be sent to it.
    out: Vec<u8>,
}

thread_local! {
    static CLIENT: RefCell<Client> = RefCell::default();
}

/// Says who connects next.
pub fn connect(tls: bool, name: &str) {
    CLIENT.set(Client {
        tls,
        name: name.to_owned(),
        out: Vec::new(),
    });
}

const TLS: TlsTable = TlsTable {
    prepare: |_: &LoadedSite, _: ServerId| Ok(Opaque::dangling()),
    accept: |_| Opaque::dangling(),
    feed: |_, bytes: &[u8], plaintext: &mut Vec<u8>| {
        if !CLIENT.with_borrow(|client| client.tls) {
            return Err(TlsFailure::PlainHttp);
        }
        plaintext.extend_from_slice(bytes);
        Ok(false)
    },
    put_plaintext: |_, bytes: &[u8]| {
        CLIENT.with_borrow_mut(|client| client.out.extend_from_slice(bytes));
    },
    take_ciphertext: |_, out: &mut Vec<u8>| {
        CLIENT.with_borrow_mut(|client| out.append(&mut client.out));
    },
    close: |_| {},
    fact,
    free: |_| {},
};

/// What a client of today negotiates.
fn fact(_: Opaque, fact: TlsFact, out: &mut Vec<u8>) {
    let text = match fact {
        TlsFact::Version => "tls1.3",
        TlsFact::CipherSuite => "TLS_AES_128_GCM_SHA256",
        TlsFact::Protocol => "http/1.1",
        TlsFact::Resumed => "false",
        TlsFact::ServerName => {
            return CLIENT.with_borrow(|client| out.extend_from_slice(client.name.as_bytes()));
        }
    };
    out.extend_from_slice(text.as_bytes());
}

const PROXY: ProxyTable = ProxyTable {
    worker_start: |_: &mut Worker| Ok(Opaque::dangling()),
    worker_stop: |_, _| {},
    start,
    progress: |_: &mut Worker, _: Key| {},
    release: |_: &mut Worker, _: Key| {},
    event: |_: &mut Worker, _: u64, _: Event| {},
};

/// What becomes of a request that is passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upstream {
    /// The trace ends there.
    #[default]
    Silent,
    /// The upstream answers with this status and an empty body.
    Status(u16),
    /// It cannot be reached.
    Refused,
    /// It does not answer in time.
    Timeout,
}

impl Upstream {
    /// Reads what is written behind `--upstream`.
    ///
    /// # Errors
    /// What may be written.
    pub fn read(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("refused", _) => Ok(Self::Refused),
            ("timeout", _) => Ok(Self::Timeout),
            (_, Ok(status @ 200..=999)) => Ok(Self::Status(status)),
            _ => Err("a status from 200, `refused` or `timeout`".to_owned()),
        }
    }
}

/// A request that is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Host and port, or the path of a socket.
    pub upstream: String,
    /// How many upstreams there are to choose from.
    pub choices: u32,
    /// Whether by TLS.
    pub tls: bool,
    /// The head that the upstream gets.
    pub head: String,
}

fn start(worker: &mut Worker, key: Key, proxy: ProxyId) {
    match rehearse(worker, key, proxy) {
        Rehearsed::Nothing => worker.raise(key, 503, b"there is no upstream"),
        Rehearsed::Detour(detour) => worker.take_detour(key, detour),
        Rehearsed::Sent {
            upstreams,
            tls,
            head,
        } => {
            let upstream = worker.exchange(key).map(|exchange| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (host, port) = (text(&exchange.upstream.host), text(&exchange.upstream.port));
                match (host.contains(':'), port.is_empty()) {
                    (_, true) => host,
                    (false, _) => format!("{host}:{port}"),
                    (true, _) => format!("[{host}]:{port}"),
                }
            });
            let becomes = engine::passed(Passed {
                upstream: upstream.unwrap_or_default(),
                choices: upstreams,
                tls,
                head: String::from_utf8_lossy(&head).into_owned(),
            });
            match becomes {
                Upstream::Silent => {}
                Upstream::Status(status) => answer_in_place(worker, key, proxy, status),
                Upstream::Refused => worker.raise(key, 502, b"connection refused"),
                Upstream::Timeout => worker.raise(key, 504, b"timeout"),
            }
        }
    }
}

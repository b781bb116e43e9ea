//! The seams of the optional parts: tables of functions that a site's object
//! refers to if it uses the part, and nothing else in here does.
//!
//! A connection holds an opaque pointer and the table; nothing that is always
//! linked names TLS, the outgoing client or any of their types. A crate that
//! provides a part writes a `static` table, and `zs-static` exports it under
//! the capability's symbol (`zs_abi::Capability::symbol`).
#![expect(unsafe_code, reason = "calls through tables with opaque pointers")]

use std::fmt;
use std::ptr::NonNull;

use zs_abi::tables::{AuthenticationId, EntryId, FileServerId, ProxyId, ServerId};
use zs_abi::{Capability, Site, SiteData};
pub use zs_client::tls::TlsTable as UpstreamTlsTable;
use zs_io::{Clock, Event, Key};
pub use zs_tls::authority::AuthorityTable;

pub use crate::access_log::AccessLogTable;
use crate::exchange::Exchange;
pub use crate::proxy::HealthTable;
use crate::site::LoadedSite;
use crate::worker::Worker;

/// What a part keeps behind a pointer; only the part knows what it is.
pub type Opaque = NonNull<()>;

/// TLS towards clients.
///
/// All pointers are ones that the table gave out itself. Acceptors are shared
/// by all workers; a session belongs to one.
pub struct TlsTable {
    /// Makes ready what a server's policies ask for (certificates are read or
    /// issued here). Called once per server before the first connection; the
    /// acceptor lives as long as the process. The error is one sentence for
    /// the operator, naming the file.
    pub prepare: fn(site: &LoadedSite, server: ServerId) -> Result<Opaque, String>,
    /// Begins the server's side of a connection.
    ///
    /// Safety: the acceptor is from `prepare`.
    pub accept: unsafe fn(acceptor: Opaque) -> Opaque,
    /// Takes bytes that arrived and appends the plaintext that they hold; an
    /// answer may be ready then. Whether the peer has said that no more comes.
    ///
    /// Safety: the session is from `accept` and not freed.
    pub feed: Feed,
    /// Takes plaintext to be sent.
    ///
    /// Safety: as `feed`.
    pub put_plaintext: unsafe fn(session: Opaque, plaintext: &[u8]),
    /// Appends ciphertext that is to be sent now.
    ///
    /// Safety: as `feed`.
    pub take_ciphertext: unsafe fn(session: Opaque, out: &mut Vec<u8>),
    /// Says that no more plaintext will be put; the notice for the peer is
    /// then among the ciphertext.
    ///
    /// Safety: as `feed`.
    pub close: unsafe fn(session: Opaque),
    /// Appends what is known of the connection, as placeholders show it.
    ///
    /// Safety: as `feed`.
    pub fact: unsafe fn(session: Opaque, fact: TlsFact, out: &mut Vec<u8>),
    /// Frees a session.
    ///
    /// Safety: as `feed`; the session is not used afterwards.
    pub free: unsafe fn(session: Opaque),
}

/// The session, ciphertext, and where plaintext is appended.
pub type Feed = unsafe fn(Opaque, &[u8], &mut Vec<u8>) -> Result<bool, TlsFailure>;

/// Why a TLS connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    /// The peer speaks plain HTTP; it is told so in plain HTTP.
    PlainHttp,
    /// The handshake or a record is not acceptable; an alert may be among the
    /// ciphertext.
    Protocol,
}

/// What can be asked of a TLS connection (`{http.request.tls.*}`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFact {
    /// `tls1.2`, `tls1.3`
    Version,
    /// The cipher suite's name.
    CipherSuite,
    /// The name that the client asked for.
    ServerName,
    /// The negotiated protocol, `http/1.1` for instance.
    Protocol,
    /// `true` or `false`
    Resumed,
}

/// Passing requests on.
///
/// A worker's proxy state is the table's own, behind the pointer that
/// `worker_start` gave; the proxy finds it by [`Worker::proxy_state`].
pub struct ProxyTable {
    /// Makes the state of a worker.
    pub worker_start: fn(worker: &mut Worker) -> Result<Opaque, String>,
    /// Frees it; connections that it still has are closed.
    ///
    /// Safety: the state is from `worker_start` and not used afterwards.
    pub worker_stop: unsafe fn(worker: &mut Worker, state: Opaque),
    /// Begins to pass an exchange on. The proxy runs the points of
    /// `tables::Proxy` by [`Worker::run_point`], asks for the request's body by
    /// `Pipe::want` on `request_body` and [`Worker::wake_carrier`], and ends
    /// in one of [`Worker::respond`] or [`Worker::raise`].
    pub start: fn(worker: &mut Worker, exchange: Key, proxy: ProxyId),
    /// Something changed for an exchange that is passed on: more of the
    /// request's body came, or ended, or failed; or the response's pipe has
    /// drained.
    pub progress: fn(worker: &mut Worker, exchange: Key),
    /// The exchange is over for its carrier (client gone, timeout, response
    /// discarded, or complete). The exchange may not exist any more.
    pub release: fn(worker: &mut Worker, exchange: Key),
    /// Something happened to a socket or timer whose token is one of
    /// [`Worker::proxy_token`]; `token` is the number given there.
    pub event: fn(worker: &mut Worker, token: u64, event: Event),
}

/// Serving files.
pub struct FilesTable {
    /// Fills in an exchange's response with a file.
    pub serve: fn(&'static LoadedSite, Clock, &mut Exchange, FileServerId) -> Served,
}

/// Listing folders.
pub struct BrowseTable {
    /// Begins to list the folder that a file server has come to; the exchange is gone on with later. The error is a
    /// status to raise.
    pub start: fn(&mut Worker, Key, FileServerId) -> Result<(), u16>,
}

/// What a file server came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// The response is filled in.
    Response,
    /// The status of an error to raise.
    Error(u16),
    /// There is no file, and the chain goes on.
    Pass,
    /// There is a folder, which is to be listed.
    Folder,
}

/// Values that are read from the environment at start.
pub struct EnvironmentTable {
    /// Reads and checks them: the site's data with its open texts filled in.
    /// The error is a sentence and a step to take, for the operator.
    pub bind: fn(data: SiteData<'static>) -> Result<SiteData<'static>, String>,
}

/// Checking names and passwords.
pub struct AuthenticationTable {
    /// Looks at who asks; where to go on if that is known only later.
    pub start: fn(&mut Worker, Key, AuthenticationId, EntryId) -> Verdict,
}

/// What an authentication came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Who asks has an account.
    Passed,
    /// Who asks has none; the response's fields say how to prove it.
    Refused,
    /// It is not known yet: the exchange is gone on with later.
    Waits,
    /// It cannot be found out.
    Failed(&'static str),
}

/// A server's prepared TLS set-up.
#[derive(Clone, Copy)]
pub struct Acceptor {
    table: &'static TlsTable,
    opaque: Opaque,
}

// SAFETY: the table's contract says that acceptors are shared by all workers.
unsafe impl Send for Acceptor {}
// SAFETY: as above.
unsafe impl Sync for Acceptor {}

impl fmt::Debug for Acceptor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Acceptor")
    }
}

impl Acceptor {
    /// Makes ready what a server's policies ask for.
    ///
    /// # Errors
    /// One sentence for the operator.
    pub fn prepare(
        table: &'static TlsTable,
        site: &LoadedSite,
        server: ServerId,
    ) -> Result<Self, String> {
        let opaque = (table.prepare)(site, server)?;
        Ok(Self { table, opaque })
    }

    /// Begins a connection.
    pub fn accept(self) -> TlsSession {
        // SAFETY: the acceptor is from `prepare` of the same table.
        let opaque = unsafe { (self.table.accept)(self.opaque) };
        TlsSession {
            table: self.table,
            opaque,
        }
    }
}

/// The TLS side of a connection.
pub struct TlsSession {
    table: &'static TlsTable,
    opaque: Opaque,
}

impl fmt::Debug for TlsSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TlsSession")
    }
}

// Each call below: SAFETY: the session is from `accept` of the same table, and
// is freed only by drop. It is never on two threads: `NonNull` is not `Send`.
impl TlsSession {
    /// Takes bytes that arrived and appends the plaintext that they hold;
    /// whether the peer has ended it.
    ///
    /// # Errors
    /// If the connection cannot go on.
    pub fn feed(&self, ciphertext: &[u8], plaintext: &mut Vec<u8>) -> Result<bool, TlsFailure> {
        // SAFETY: see above.
        unsafe { (self.table.feed)(self.opaque, ciphertext, plaintext) }
    }

    /// Takes plaintext to be sent.
    pub fn put_plaintext(&self, plaintext: &[u8]) {
        // SAFETY: see above.
        unsafe { (self.table.put_plaintext)(self.opaque, plaintext) }
    }

    /// Appends ciphertext to be sent.
    pub fn take_ciphertext(&self, out: &mut Vec<u8>) {
        // SAFETY: see above.
        unsafe { (self.table.take_ciphertext)(self.opaque, out) }
    }

    /// Ends what is sent.
    pub fn close(&self) {
        // SAFETY: see above.
        unsafe { (self.table.close)(self.opaque) }
    }

    /// Appends a fact about the connection.
    pub fn fact(&self, fact: TlsFact, out: &mut Vec<u8>) {
        // SAFETY: see above.
        unsafe { (self.table.fact)(self.opaque, fact, out) }
    }
}

impl Drop for TlsSession {
    fn drop(&mut self) {
        // SAFETY: see above; this is the last use.
        unsafe { (self.table.free)(self.opaque) }
    }
}

/// TLS towards clients, as `zs-static` exports it.
pub const TLS: TlsTable = crate::tls_part::TABLE;

/// The proxy, as `zs-static` exports it.
pub const PROXY: ProxyTable = crate::proxy::TABLE;

/// Serving files, as `zs-static` exports it.
pub const FILES: FilesTable = crate::files::TABLE;

/// TLS towards upstreams, as `zs-static` exports it.
pub const PROXY_TLS: UpstreamTlsTable = zs_client::tls::TABLE;

/// The local authority, as `zs-static` exports it.
pub const LOCAL_AUTHORITY: AuthorityTable = zs_tls::authority::TABLE;

/// Access logs, as `zs-static` exports it.
pub const ACCESS_LOG: AccessLogTable = crate::access_log::TABLE;

/// Values of the environment, as `zs-static` exports it.
pub const ENVIRONMENT: EnvironmentTable = crate::open::TABLE;

/// Checking passwords, as `zs-static` exports it.
pub const AUTHENTICATION: AuthenticationTable = crate::authentication::TABLE;

/// Listing folders, as `zs-static` exports it.
pub const BROWSE: BrowseTable = crate::files::BROWSE;
/// Health checks of upstreams, as `zs-static` exports it.
pub const PROXY_HEALTH: HealthTable = crate::proxy::HEALTH_TABLE;

/// The function table of a capability, for a site that is not linked but
/// loaded into this process.
pub fn address(capability: Capability) -> *const u8 {
    static TLS_HERE: TlsTable = TLS;
    static PROXY_HERE: ProxyTable = PROXY;
    static PROXY_TLS_HERE: UpstreamTlsTable = PROXY_TLS;
    static LOCAL_AUTHORITY_HERE: AuthorityTable = LOCAL_AUTHORITY;
    static FILES_HERE: FilesTable = FILES;
    static ACCESS_LOG_HERE: AccessLogTable = ACCESS_LOG;
    static ENVIRONMENT_HERE: EnvironmentTable = ENVIRONMENT;
    static AUTHENTICATION_HERE: AuthenticationTable = AUTHENTICATION;
    static BROWSE_HERE: BrowseTable = BROWSE;
    static PROXY_HEALTH_HERE: HealthTable = PROXY_HEALTH;
    match capability {
        Capability::ProxyHealth => (&raw const PROXY_HEALTH_HERE).cast(),
        Capability::Tls => (&raw const TLS_HERE).cast(),
        Capability::LocalAuthority => (&raw const LOCAL_AUTHORITY_HERE).cast(),
        Capability::Environment => (&raw const ENVIRONMENT_HERE).cast(),
        Capability::Authentication => (&raw const AUTHENTICATION_HERE).cast(),
        Capability::Proxy => (&raw const PROXY_HERE).cast(),
        Capability::ProxyTls => (&raw const PROXY_TLS_HERE).cast(),
        Capability::Files => (&raw const FILES_HERE).cast(),
        Capability::AccessLog => (&raw const ACCESS_LOG_HERE).cast(),
        Capability::Browse => (&raw const BROWSE_HERE).cast(),
    }
}

/// The tables that a site refers to.
#[derive(Clone, Copy, Default)]
pub struct Capabilities {
    /// TLS towards clients.
    pub tls: Option<&'static TlsTable>,
    /// The proxy; which table it is says whether it can do TLS itself.
    pub proxy: Option<&'static ProxyTable>,
    /// Serving files.
    pub files: Option<&'static FilesTable>,
    /// Listing folders.
    pub browse: Option<&'static BrowseTable>,
    /// Access logs.
    pub access_log: Option<&'static AccessLogTable>,
    /// Values of the environment.
    pub environment: Option<&'static EnvironmentTable>,
    /// Checking passwords.
    pub authentication: Option<&'static AuthenticationTable>,
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tls, proxy) = (self.tls.is_some(), self.proxy.is_some());
        let files = self.files.is_some();
        let browse = self.browse.is_some();
        let access_log = self.access_log.is_some();
        let environment = self.environment.is_some();
        let authentication = self.authentication.is_some();
        write!(
            out,
            "Capabilities {{ tls: {tls}, proxy: {proxy}, files: {files}, browse: {browse}, environment: {environment}, \
             authentication: {authentication}, access_log: {access_log} }}"
        )
    }
}

impl Capabilities {
    /// The tables of a site's descriptor.
    ///
    /// # Safety
    /// Each pointer is null or points to the table of its capability, of this
    /// build, for as long as the process lives.
    pub(crate) unsafe fn of(site: &'static Site) -> Self {
        let at = |capability: Capability| site.capabilities[capability as usize];
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                tls: at(Capability::Tls).cast::<TlsTable>().as_ref(),
                proxy: at(Capability::Proxy).cast::<ProxyTable>().as_ref(),
                files: at(Capability::Files).cast::<FilesTable>().as_ref(),
                browse: at(Capability::Browse).cast::<BrowseTable>().as_ref(),
                authentication: at(Capability::Authentication)
                    .cast::<AuthenticationTable>()
                    .as_ref(),
                access_log: at(Capability::AccessLog).cast::<AccessLogTable>().as_ref(),
                environment: at(Capability::Environment)
                    .cast::<EnvironmentTable>()
                    .as_ref(),
            }
        }
    }

    /// Stops a worker's proxy.
    pub(crate) fn stop_proxy(worker: &mut Worker) {
        let table = worker.site().capabilities.proxy;
        if let (Some(table), Some(state)) = (table, worker.take_proxy_state()) {
            // SAFETY: the state is from `worker_start` of this table and was
            // just taken away from the worker.
            unsafe { (table.worker_stop)(worker, state) }
        }
    }
}

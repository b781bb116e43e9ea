//! A site's descriptor, checked and made ready to serve.
#![expect(unsafe_code, reason = "reads what the descriptor points to")]

use std::fmt;
use std::ptr::NonNull;
use std::sync::OnceLock;

use zs_abi::data::DataError;
use zs_abi::tables::{
    self, EntryId, LISTEN_UNIX, Line, Listener, RegexId, Segment, Server, ServerId,
};
use zs_abi::{Capability, Site, SiteData, Source, Text};
use zs_guest::{Constants, EntryPoint, Fault, FaultKind, Text as Code, Window};
use zs_proto::regex::Program;

use crate::capability::{Acceptor, Capabilities};
use crate::upstreams::Upstreams;

/// A site whose descriptor has been checked, with what is worked out once at
/// start.
#[derive(Debug)]
pub struct LoadedSite {
    /// The site's data.
    pub data: SiteData<'static>,
    /// The optional parts that the site refers to.
    pub capabilities: Capabilities,
    /// For each server its TLS set-up, if a listener of it wants TLS.
    pub(crate) acceptors: Vec<Option<Acceptor>>,
    /// Each server's record.
    pub(crate) servers: Vec<Server>,
    descriptor: &'static Site,
    code: Code,
    constants: Constants,
    /// Values of environment variables, by the offset of their name's text.
    environment: Vec<(Text, Vec<u8>)>,
    hostname: Vec<u8>,
    upstreams: OnceLock<Upstreams>,
}

/// Why a site cannot be served.
#[derive(Debug)]
pub enum LoadError {
    /// The data block is not what this runtime reads.
    Data(DataError),
    /// A record names another that does not exist; the text says which.
    Record(String),
    /// The system refuses memory for the site.
    Memory(std::io::Error),
    /// The machine code could not be made known.
    Code(zs_guest::TooManyTexts),
    /// TLS could not be set up; one sentence for the operator.
    Tls(String),
    /// A value of the environment is missing or cannot be used; one sentence
    /// and a step to take.
    Open(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(error) => write!(out, "the site's data is damaged: {error:?}"),
            Self::Record(text) => write!(out, "the site's data is inconsistent: {text}"),
            Self::Memory(error) => write!(out, "no memory for the site: {error}"),
            Self::Code(error) => error.fmt(out),
            Self::Tls(text) | Self::Open(text) => out.write_str(text),
        }
    }
}

impl std::error::Error for LoadError {}

impl LoadedSite {
    /// The data of a site, of which nothing else is looked at.
    ///
    /// # Safety
    /// As [`Self::load`].
    ///
    /// # Errors
    /// If the data is not what this runtime reads.
    pub unsafe fn data_of(site: &'static Site) -> Result<SiteData<'static>, LoadError> {
        // SAFETY: the caller's promise about the data.
        let bytes = unsafe { slice(site.data, site.data_len) };
        SiteData::new(bytes).map_err(LoadError::Data)
    }

    /// Checks a site's descriptor and makes the site ready.
    ///
    /// # Safety
    /// The descriptor describes a site of this build: what it points to is as
    /// `zs_abi::Site` says, was audited, and stays for as long as the process
    /// lives.
    ///
    /// # Errors
    /// If the site's data does not hold together, or the system refuses.
    pub unsafe fn load(site: &'static Site) -> Result<Self, LoadError> {
        // SAFETY: the caller's promise.
        let data = unsafe { Self::data_of(site) }?;
        // SAFETY: the caller's promise about the tables.
        let capabilities = unsafe { Capabilities::of(site) };
        let data = match capabilities.environment {
            Some(table) => (table.bind)(data).map_err(LoadError::Open)?,
            None => data,
        };
        let count = u32::try_from(site.entry_count).unwrap_or(u32::MAX);
        // SAFETY: the caller's promise about code and entries.
        let code =
            unsafe { Code::register(site.code, site.code_len as usize, site.entries, count) }
                .map_err(LoadError::Code)?;
        let mut loaded = Self {
            data,
            capabilities,
            acceptors: Vec::new(),
            servers: data.all().collect(),
            descriptor: site,
            code,
            constants: Constants::new(data.bytes()).map_err(LoadError::Memory)?,
            environment: environment(data),
            hostname: zs_io::hostname(),
            upstreams: OnceLock::new(),
        };
        loaded.check()?;
        loaded.prepare_tls()?;
        Ok(loaded)
    }

    /// A server's record.
    pub fn server(&self, server: ServerId) -> &Server {
        // Servers are named by listeners and subrequests, which `check` has
        // compared with the table.
        &self.servers[server.0 as usize]
    }

    /// The bytes of a text.
    pub fn text(&self, text: Text) -> &'static [u8] {
        self.data.text(text)
    }

    /// A regular expression's program.
    pub fn regex(&self, regex: RegexId) -> Option<Program<'static>> {
        let record: tables::Regex = self.data.record(regex.0)?;
        Program::new(self.text(record.program))
    }

    /// An entry function.
    pub fn entry(&self, entry: EntryId) -> Option<EntryPoint<'_>> {
        self.code.entry(entry.0)
    }

    /// A window that shows the site's constants.
    ///
    /// # Errors
    /// If the system refuses memory.
    pub fn window(&self) -> std::io::Result<Window> {
        Window::new(&self.constants)
    }

    /// The value of an environment variable when the server started.
    pub fn environment(&self, name: Text) -> &[u8] {
        self.environment
            .iter()
            .find(|(other, _)| *other == name)
            .map_or(b"", |(_, value)| value)
    }

    /// The machine's name when the server started.
    pub fn hostname(&self) -> &[u8] {
        &self.hostname
    }

    /// What workers share about upstreams.
    pub(crate) fn upstreams(&self) -> &Upstreams {
        self.upstreams.get_or_init(|| Upstreams::new(&self.data))
    }

    /// The function table of a capability, for the part that knows its type.
    pub fn capability(&self, capability: Capability) -> Option<NonNull<u8>> {
        NonNull::new(self.descriptor.capabilities[capability as usize].cast_mut())
    }

    /// What broke a run off and where, for one log line.
    pub fn describe_fault(&self, entry: EntryId, fault: &Fault) -> String {
        let name = self
            .data
            .record(entry.0)
            .map(|record: tables::Entry| record.name);
        let name = self.text(name.unwrap_or(Text::EMPTY)).escape_ascii();
        // A trap's offset is that of the instruction after the one that gave up.
        let after = matches!(fault.kind, FaultKind::Trap(_) | FaultKind::UnknownTrap(_));
        let at = |offset: u32| self.line_at(offset.saturating_sub(u32::from(after)));
        let place = fault.pc_offset.and_then(at);
        match place {
            Some(line) => {
                let file = self.text(line.file).escape_ascii();
                format!("{name} ({entry}) at {file}:{}: {fault}", line.line)
            }
            None => format!("{name} ({entry}): {fault}"),
        }
    }

    fn line_at(&self, offset: u32) -> Option<Line> {
        self.data
            .all::<Line>()
            .take_while(|line| line.code_offset <= offset)
            .last()
    }

    /// Checks the numbers by which always-used records name others; those that
    /// site code passes are checked when it does.
    fn check(&self) -> Result<(), LoadError> {
        let servers = self.servers.len() as u32;
        let entries = self.descriptor.entry_count;
        let broken = |what: &str, number: usize| {
            Err(LoadError::Record(format!(
                "{what} {number} names what is not there"
            )))
        };
        for (number, listener) in self.data.all::<Listener>().enumerate() {
            let nowhere = listener.kind == LISTEN_UNIX && listener.path.len == 0;
            if listener.server.0 >= servers || listener.port > 0xffff || nowhere {
                return broken("listener", number);
            }
        }
        for (number, server) in self.servers.iter().enumerate() {
            if u64::from(server.entry.0) >= entries {
                return broken("server", number);
            }
        }
        for (number, subrequest) in self.data.all::<tables::Subrequest>().enumerate() {
            if subrequest.server.0 >= servers {
                return broken("subrequest", number);
            }
        }
        Ok(())
    }

    fn prepare_tls(&mut self) -> Result<(), LoadError> {
        self.acceptors = vec![None; self.servers.len()];
        let listeners: Vec<Listener> = self.data.all().filter(|l: &Listener| l.tls != 0).collect();
        for listener in listeners {
            let at = listener.server.0 as usize;
            if self.acceptors[at].is_some() {
                continue;
            }
            let table = self.capabilities.tls.ok_or_else(|| {
                let text = format!("{} wants TLS, which is not linked", listener.server);
                LoadError::Record(text)
            })?;
            let acceptor = Acceptor::prepare(table, self, listener.server);
            self.acceptors[at] = Some(acceptor.map_err(LoadError::Tls)?);
        }
        Ok(())
    }
}

/// The variables that templates name, as they are now.
fn environment(data: SiteData<'static>) -> Vec<(Text, Vec<u8>)> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut values: Vec<(Text, Vec<u8>)> = Vec::new();
    for segment in data.all::<Segment>() {
        let known = values.iter().any(|(name, _)| *name == segment.argument);
        if Source::from_number(segment.source) != Some(Source::Environment) || known {
            continue;
        }
        let name = std::ffi::OsStr::from_bytes(data.text(segment.argument));
        let value = std::env::var_os(name).map_or_else(Vec::new, OsStringExt::into_vec);
        values.push((segment.argument, value));
    }
    values
}

/// # Safety
/// `len` bytes at `start` are readable for as long as the process lives.
unsafe fn slice(start: *const u8, len: u64) -> &'static [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(start, len as usize) }
}

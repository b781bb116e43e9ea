//! The site descriptor: the one symbol by which the runtime knows its site.

/// An optional part of the runtime. The site's object refers to the table of
/// each one it uses, so that the linker drops the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Capability {
    /// TLS towards clients.
    Tls = 0,
    /// The outgoing client, without TLS.
    Proxy = 1,
    /// TLS towards upstreams.
    ProxyTls = 2,
    /// Certificates of the local authority.
    LocalAuthority = 3,
    /// Serving files.
    Files = 4,
    /// Values that are read from the environment at start.
    Environment = 5,
    /// Checking passwords.
    Authentication = 6,
    /// Access logs.
    AccessLog = 7,
    /// Listing folders.
    Browse = 8,
    /// Health checks of upstreams.
    ProxyHealth = 9,
}

impl Capability {
    /// Every capability, in the order of [`Site::capabilities`].
    pub const ALL: [Self; 10] = [
        Self::Tls,
        Self::Proxy,
        Self::ProxyTls,
        Self::LocalAuthority,
        Self::Files,
        Self::Environment,
        Self::Authentication,
        Self::AccessLog,
        Self::Browse,
        Self::ProxyHealth,
    ];

    /// The linker's name of the capability's function table.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Tls => "zs_capability_tls",
            Self::Proxy => "zs_capability_proxy",
            Self::ProxyTls => "zs_capability_proxy_tls",
            Self::LocalAuthority => "zs_capability_local_authority",
            Self::Files => "zs_capability_files",
            Self::Environment => "zs_capability_environment",
            Self::Authentication => "zs_capability_authentication",
            Self::AccessLog => "zs_capability_access_log",
            Self::Browse => "zs_capability_browse",
            Self::ProxyHealth => "zs_capability_proxy_health",
        }
    }

    /// The name used in `inspect` and dumps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::ProxyTls => "proxy-tls",
            Self::LocalAuthority => "local-authority",
            Self::Files => "files",
            Self::Environment => "environment",
            Self::Authentication => "authentication",
            Self::AccessLog => "access-log",
            Self::Browse => "browse",
            Self::ProxyHealth => "proxy-health",
        }
    }
}

/// A site, as its object file describes it. All addresses are absolute.
///
/// The object names the descriptor `zs_site_` and the sixteen hexadecimal digits of
/// [`crate::CONTRACT_HASH`], so that an object and a runtime of different
/// contracts do not link.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Site {
    /// Site data, see [`crate::data`].
    pub data: *const u8,
    /// Length of the site data in bytes.
    pub data_len: u64,
    /// Machine code.
    pub code: *const u8,
    /// Length of the machine code in bytes.
    pub code_len: u64,
    /// Addresses of the entry functions.
    pub entries: *const *const u8,
    /// How many there are.
    pub entry_count: u64,
    /// Function tables of the capabilities, null where the site does not use one.
    pub capabilities: [*const u8; Capability::ALL.len()],
}

// SAFETY: everything a descriptor points to is read-only for as long as the
// process (or the mapping that `run` made) lives.
#[expect(unsafe_code, reason = "a descriptor is shared by all workers")]
unsafe impl Sync for Site {}

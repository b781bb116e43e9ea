//! The runtime as a static library that a site's object is linked with.
//!
//! Adds what a program needs to `zs-server`: `main`, and the name by which the
//! site's descriptor is found. The helpers that generated code calls come
//! along from `zs-server`; the linker drops those that the site does not call.
//!
//! The function tables of capabilities are exported here, each as a `static`
//! under the name that `zs_abi::Capability::symbol` gives. Nothing in this
//! library refers to them; a site's object does, for those that it uses.
#![expect(unsafe_code, reason = "the boundary to C: arguments and symbols")]

use std::ffi::{CStr, c_char, c_int};

use zs_server::LoadedSite;
use zs_server::capability::{
    self, AccessLogTable, AuthenticationTable, AuthorityTable, BrowseTable, EnvironmentTable,
    FilesTable, HealthTable, ProxyTable, TlsTable, UpstreamTlsTable,
};

include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// TLS towards clients.
#[unsafe(export_name = "zs_capability_tls")]
pub static TLS: TlsTable = capability::TLS;

/// The proxy, without TLS.
#[unsafe(export_name = "zs_capability_proxy")]
pub static PROXY: ProxyTable = capability::PROXY;

/// TLS towards upstreams.
#[unsafe(export_name = "zs_capability_proxy_tls")]
pub static PROXY_TLS: UpstreamTlsTable = capability::PROXY_TLS;

/// Certificates of the local authority.
#[unsafe(export_name = "zs_capability_local_authority")]
pub static LOCAL_AUTHORITY: AuthorityTable = capability::LOCAL_AUTHORITY;

/// Serving files.
#[unsafe(export_name = "zs_capability_files")]
pub static FILES: FilesTable = capability::FILES;

/// Values that are read from the environment at start.
#[unsafe(export_name = "zs_capability_environment")]
pub static ENVIRONMENT: EnvironmentTable = capability::ENVIRONMENT;

/// Checking passwords.
#[unsafe(export_name = "zs_capability_authentication")]
pub static AUTHENTICATION: AuthenticationTable = capability::AUTHENTICATION;

/// Health checks of upstreams.
#[unsafe(export_name = "zs_capability_proxy_health")]
pub static PROXY_HEALTH: HealthTable = capability::PROXY_HEALTH;

/// Access logs.
#[unsafe(export_name = "zs_capability_access_log")]
pub static ACCESS_LOG: AccessLogTable = capability::ACCESS_LOG;

/// Listing folders.
#[unsafe(export_name = "zs_capability_browse")]
pub static BROWSE: BrowseTable = capability::BROWSE;

// The C library's `memcpy` and `memmove` are slow for short copies
// (`zs_io::memcpy`). The linker takes the first definition, so those of the C
// library are left out.
std::arch::global_asm!(
    ".section .text.memcpy,\"ax\",@progbits",
    ".globl memcpy",
    ".type memcpy, @function",
    "memcpy:",
    "jmp {copy}",
    ".size memcpy, . - memcpy",
    ".globl memmove",
    ".type memmove, @function",
    "memmove:",
    "jmp {shift}",
    ".size memmove, . - memmove",
    ".text",
    copy = sym zs_io::memcpy::zs_memcpy,
    shift = sym zs_io::memcpy::zs_memmove,
);

/// The program's start, called by the C library. Rust's own start does not
/// run, so that `std::env::args` is empty here.
///
/// # Safety
/// As for every `main`: `arguments` points to `count` strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    let arguments: Vec<Vec<u8>> = (1..usize::try_from(count).unwrap_or(0))
        .map(|number| {
            // SAFETY: the C library gives `count` strings, which stay.
            unsafe { CStr::from_ptr(*arguments.add(number)) }
        })
        .map(|argument| argument.to_bytes().to_vec())
        .collect();
    // SAFETY of both calls: the site's object is of this build, as its symbol's
    // name says, and was audited before it was linked.
    zs_server::run(
        &arguments,
        // SAFETY: see above.
        || unsafe { LoadedSite::data_of(&SITE) }.map_err(|error| error.to_string()),
        || {
            // SAFETY: see above.
            let loaded = unsafe { LoadedSite::load(&SITE) };
            let loaded = loaded.map_err(|error| error.to_string())?;
            Ok(Box::leak(Box::new(loaded)))
        },
    )
}

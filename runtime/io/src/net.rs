//! Addresses and sockets.
#![expect(unsafe_code, reason = "socket system calls")]

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Where a socket is or goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Address and port.
    Ip(SocketAddr),
    /// Path of a unix socket; empty if it has none.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(out),
            Self::Unix(path) => write!(out, "unix/{}", path.display()),
        }
    }
}

/// Why a socket could not be made.
#[derive(Debug)]
pub struct NetError {
    /// The call that failed.
    pub call: &'static str,
    /// Why.
    pub error: io::Error,
}

impl fmt::Display for NetError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.call, self.error)
    }
}

impl std::error::Error for NetError {}

impl NetError {
    fn last(call: &'static str) -> Self {
        Self {
            call,
            error: io::Error::last_os_error(),
        }
    }
}

/// An address in the form that the kernel reads and writes.
#[derive(Clone)]
pub(crate) struct RawAddress {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

impl fmt::Debug for RawAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_address(), out)
    }
}

impl RawAddress {
    fn empty() -> Self {
        Self {
            // SAFETY: an address is plain data, all zeros is one.
            storage: unsafe { mem::zeroed() },
            len: mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t,
        }
    }

    pub fn new(address: &Address) -> io::Result<Self> {
        let mut raw = Self::empty();
        match address {
            Address::Ip(SocketAddr::V4(v4)) => raw.put(libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.ip().octets()),
                },
                sin_zero: [0; 8],
            }),
            Address::Ip(SocketAddr::V6(v6)) => raw.put(libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr {
                    s6_addr: v6.ip().octets(),
                },
                sin6_scope_id: v6.scope_id(),
            }),
            Address::Unix(path) => {
                let bytes = path.as_os_str().as_bytes();
                // SAFETY: an address is plain data, all zeros is one.
                let mut unix: libc::sockaddr_un = unsafe { mem::zeroed() };
                if bytes.len() >= unix.sun_path.len() {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "path of a unix socket is longer than 107 bytes",
                    ));
                }
                unix.sun_family = libc::AF_UNIX as libc::sa_family_t;
                for (to, from) in unix.sun_path.iter_mut().zip(bytes) {
                    *to = *from as libc::c_char;
                }
                raw.put(unix);
                raw.len = (UNIX_PATH_AT + bytes.len() + 1) as libc::socklen_t;
            }
        }
        Ok(raw)
    }

    fn put<T: Copy>(&mut self, address: T) {
        const { assert!(mem::size_of::<T>() <= mem::size_of::<libc::sockaddr_storage>()) };
        // SAFETY: the storage is at least as large as any address and aligned
        // for all of them.
        unsafe { (&raw mut self.storage).cast::<T>().write(address) };
        self.len = mem::size_of::<T>() as libc::socklen_t;
    }

    pub fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub fn len(&self) -> libc::socklen_t {
        self.len
    }

    fn family(&self) -> i32 {
        i32::from(self.storage.ss_family)
    }

    fn to_address(&self) -> Address {
        match self.family() {
            libc::AF_INET => {
                // SAFETY: the family says that this is what was written.
                let v4 = unsafe { (&raw const self.storage).cast::<libc::sockaddr_in>().read() };
                let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Address::Ip((ip, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 => {
                // SAFETY: the family says that this is what was written.
                let v6 = unsafe {
                    (&raw const self.storage)
                        .cast::<libc::sockaddr_in6>()
                        .read()
                };
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                let port = u16::from_be(v6.sin6_port);
                let address = SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id);
                Address::Ip(address.into())
            }
            _ => {
                // SAFETY: a unix address, of which only `len` bytes are used.
                let unix = unsafe { (&raw const self.storage).cast::<libc::sockaddr_un>().read() };
                let len = (self.len as usize).saturating_sub(UNIX_PATH_AT);
                let path: Vec<u8> = unix.sun_path[..len.min(unix.sun_path.len())]
                    .iter()
                    .map(|byte| *byte as u8)
                    .take_while(|byte| *byte != 0)
                    .collect();
                Address::Unix(PathBuf::from(OsStr::from_bytes(&path)))
            }
        }
    }
}

const UNIX_PATH_AT: usize = mem::offset_of!(libc::sockaddr_un, sun_path);

/// Makes a socket that listens. With `shared`, further sockets may listen on
/// the same IP address, each with a queue of its own.
///
/// # Errors
/// If the address is taken, forbidden or not this machine's.
pub fn bind(address: &Address, shared: bool) -> Result<OwnedFd, NetError> {
    let raw = RawAddress::new(address).map_err(|error| NetError {
        call: "address",
        error,
    })?;
    let fd = socket(raw.family(), libc::SOCK_STREAM)?;
    if let Address::Ip(ip) = address {
        set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
        if shared {
            set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
        }
        // Accepted connections inherit it.
        set_option(&fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        if ip.is_ipv6() {
            let only = i32::from(!ip.ip().is_unspecified());
            set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, only)?;
        }
    }
    // SAFETY: the address is valid for its length.
    check("bind", unsafe {
        libc::bind(fd.as_raw_fd(), raw.as_ptr(), raw.len())
    })?;
    // SAFETY: no pointers.
    check("listen", unsafe { libc::listen(fd.as_raw_fd(), BACKLOG) })?;
    Ok(fd)
}

/// How the system finds out that a silent peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probes {
    /// Seconds without traffic before the first.
    pub idle_s: u32,
    /// Seconds between two.
    pub interval_s: u32,
    /// How many may stay without answer.
    pub count: u32,
}

/// Has the system look after the connections that a socket accepts, which
/// inherit the setting.
///
/// # Errors
/// If it does not take the numbers.
pub fn probe_peers(socket: &OwnedFd, probes: Probes) -> Result<(), NetError> {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    set_option(socket, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?;
    for (name, value) in [
        (libc::TCP_KEEPIDLE, probes.idle_s),
        (libc::TCP_KEEPINTVL, probes.interval_s),
        (libc::TCP_KEEPCNT, probes.count),
    ] {
        set_option(socket, libc::IPPROTO_TCP, name, number(value))?;
    }
    Ok(())
}

/// Connections that wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// Makes a stream socket that can be connected to the address.
///
/// # Errors
/// If the system is out of descriptors or does not know the family.
pub fn stream(address: &Address) -> Result<OwnedFd, NetError> {
    let raw = RawAddress::new(address).map_err(|error| NetError {
        call: "address",
        error,
    })?;
    let fd = socket(raw.family(), libc::SOCK_STREAM)?;
    if matches!(address, Address::Ip(_)) {
        set_option(&fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
    }
    Ok(fd)
}

/// Makes a datagram socket that talks to one address only. Connecting it does
/// not wait.
///
/// # Errors
/// If the address cannot be reached.
pub fn connected_datagram(address: SocketAddr) -> Result<OwnedFd, NetError> {
    let raw = RawAddress::new(&Address::Ip(address)).map_err(|error| NetError {
        call: "address",
        error,
    })?;
    let fd = socket(raw.family(), libc::SOCK_DGRAM)?;
    // SAFETY: the address is valid for its length.
    check("connect", unsafe {
        libc::connect(fd.as_raw_fd(), raw.as_ptr(), raw.len())
    })?;
    Ok(fd)
}

/// The address of this end of a socket.
///
/// # Errors
/// If the descriptor is no socket.
pub fn local_address(fd: BorrowedFd<'_>) -> io::Result<Address> {
    let mut raw = RawAddress::empty();
    // SAFETY: the storage is as long as `len` says.
    let result = unsafe {
        libc::getsockname(
            fd.as_raw_fd(),
            (&raw mut raw.storage).cast(),
            &raw mut raw.len,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(raw.to_address())
}

/// The address of the other end of a socket; an IPv4 address that came over
/// an IPv6 socket is given as IPv4.
///
/// # Errors
/// If the socket is not connected any more.
pub fn peer_address(fd: BorrowedFd<'_>) -> io::Result<Address> {
    let mut raw = RawAddress::empty();
    // SAFETY: the storage is as long as `len` says.
    let result = unsafe {
        libc::getpeername(
            fd.as_raw_fd(),
            (&raw mut raw.storage).cast(),
            &raw mut raw.len,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(match raw.to_address() {
        Address::Ip(address) => {
            let ip: IpAddr = address.ip().to_canonical();
            Address::Ip((ip, address.port()).into())
        }
        unix => unix,
    })
}

/// Makes calls on a socket return instead of waiting, for drivers that wait
/// for readiness.
pub(crate) fn set_nonblocking(fd: i32) {
    // SAFETY: flags of a descriptor; no pointers. A failure shows in the next
    // call on the descriptor.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK);
    }
}

fn socket(family: i32, kind: i32) -> Result<OwnedFd, NetError> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(NetError::last("socket"));
    }
    // SAFETY: the descriptor is new and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn set_option(fd: &OwnedFd, level: i32, name: i32, value: i32) -> Result<(), NetError> {
    let len = mem::size_of::<i32>() as libc::socklen_t;
    // SAFETY: the value is an integer of the stated length.
    check("setsockopt", unsafe {
        libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const value).cast(), len)
    })
}

fn check(call: &'static str, result: i32) -> Result<(), NetError> {
    if result < 0 {
        return Err(NetError::last(call));
    }
    Ok(())
}

/// Ends what a socket sends; a peer that is gone already is fine.
pub(crate) fn end_writing(socket: &OwnedFd) {
    // SAFETY: no pointers, and the descriptor is open.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn addresses_survive() {
        for text in ["127.0.0.1:80", "[::1]:443", "[fe80::1%3]:1"] {
            let address = Address::Ip(text.parse().unwrap());
            assert_eq!(RawAddress::new(&address).unwrap().to_address(), address);
        }
        let unix = Address::Unix("/run/x.sock".into());
        assert_eq!(RawAddress::new(&unix).unwrap().to_address(), unix);
        let long = Address::Unix("/x".repeat(60).into());
        assert!(RawAddress::new(&long).is_err());
    }

    #[test]
    fn a_taken_port_is_an_error() {
        let first = bind(&Address::Ip("127.0.0.1:0".parse().unwrap()), false).unwrap();
        let address = local_address(first.as_fd()).unwrap();
        let error = bind(&address, false).unwrap_err();
        assert_eq!(error.error.kind(), io::ErrorKind::AddrInUse);
        assert_eq!(error.call, "bind");
    }
}

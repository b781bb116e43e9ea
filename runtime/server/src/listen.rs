//! Listening sockets: made at start for all workers, accepted from by each.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use zs_abi::Source;
use zs_abi::tables::{LISTEN_UNIX, Listener as Record, Segment, ServerId};
use zs_io::{
    Address, Event, Key, NetError, Probes, bind, local_address, peer_address, probe_peers,
};

use crate::connection::Connection;
use crate::exchange::Origin;
use crate::limits::ACCEPT_PAUSE_MS;
use crate::log;
use crate::site::LoadedSite;
use crate::worker::{Subject, Worker};

/// A socket that one worker is to accept from.
#[derive(Debug)]
pub(crate) struct Bound {
    socket: OwnedFd,
    pub(crate) address: Address,
    pub(crate) server: ServerId,
    pub(crate) tls: bool,
}

/// A listening socket could not be made.
#[derive(Debug)]
pub struct ListenError {
    /// The address.
    pub address: Address,
    /// The server that wanted it.
    pub server: String,
    /// Why.
    pub error: NetError,
}

impl fmt::Display for ListenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            server,
            error,
        } = self;
        write!(out, "cannot listen on {address} ({server}): {error}")?;
        let privileged = match address {
            Address::Ip(ip) => ip.port() < 1024,
            Address::Unix(_) => false,
        };
        match error.error.kind() {
            io::ErrorKind::AddrInUse => {
                write!(out, "\n  help: another process listens there already")
            }
            io::ErrorKind::PermissionDenied if privileged => write!(
                out,
                "\n  help: ports below 1024 need CAP_NET_BIND_SERVICE \
                 (`setcap cap_net_bind_service=+ep`), or a lower net.ipv4.ip_unprivileged_port_start"
            ),
            io::ErrorKind::AddrNotAvailable => {
                write!(out, "\n  help: this machine has no such address")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for ListenError {}

/// Makes the sockets of all listeners for so many workers: for each worker its
/// own list.
///
/// # Errors
/// If an address cannot be listened on; nothing is served then.
pub(crate) fn bind_all(
    site: &LoadedSite,
    workers: usize,
) -> Result<Vec<Vec<Bound>>, Box<ListenError>> {
    let mut lists: Vec<Vec<Bound>> = (0..workers).map(|_| Vec::new()).collect();
    for record in site.data.all::<Record>() {
        let sockets = bind_one(site, &record, workers)?;
        for (list, (socket, address)) in lists.iter_mut().zip(sockets) {
            list.push(Bound {
                socket,
                address,
                server: record.server,
                tls: record.tls != 0,
            });
        }
    }
    Ok(lists)
}

fn bind_one(
    site: &LoadedSite,
    record: &Record,
    workers: usize,
) -> Result<Vec<(OwnedFd, Address)>, Box<ListenError>> {
    let address = address_of(site, record);
    let fail = |error| {
        Box::new(ListenError {
            address: address.clone(),
            server: site
                .text(site.server(record.server).name)
                .escape_ascii()
                .to_string(),
            error,
        })
    };
    if let Address::Unix(path) = &address {
        remove_stale(path);
        let first = bind(&address, false).map_err(fail)?;
        let mut sockets = Vec::new();
        for _ in 1..workers {
            let copy = first
                .try_clone()
                .map_err(|error| fail(NetError { call: "dup", error }))?;
            sockets.push((copy, address.clone()));
        }
        sockets.push((first, address.clone()));
        return Ok(sockets);
    }
    // Sharing would hide that another process has the port: look first.
    let (probe, mut found) = bind_ip(&address, false).map_err(fail)?;
    drop(probe);
    let mut sockets = Vec::new();
    for _ in 0..workers {
        // The first socket chooses the port if none is given.
        let (socket, at) = bind_ip(&found, true).map_err(fail)?;
        let server = site.server(record.server);
        if server.probe_idle_s > 0 {
            let probes = Probes {
                idle_s: server.probe_idle_s,
                interval_s: server.probe_interval_s,
                count: server.probes,
            };
            probe_peers(&socket, probes).map_err(fail)?;
        }
        found = at;
        sockets.push((socket, found.clone()));
    }
    Ok(sockets)
}

/// Listens on an IP address. Every address of both families is meant by `::`;
/// without IPv6 it is every IPv4 address.
fn bind_ip(address: &Address, shared: bool) -> Result<(OwnedFd, Address), NetError> {
    let mut address = address.clone();
    let socket = match (bind(&address, shared), &address) {
        (Err(error), Address::Ip(ip)) if ip.ip() == Ipv6Addr::UNSPECIFIED => {
            let unsupported = matches!(
                error.error.raw_os_error(),
                Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL)
            );
            if !unsupported {
                return Err(error);
            }
            address = Address::Ip(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), ip.port()));
            bind(&address, shared)?
        }
        (result, _) => result?,
    };
    let address = local_address(socket.as_fd()).unwrap_or(address);
    Ok((socket, address))
}

/// The address of a listener.
pub(crate) fn address_of(site: &LoadedSite, record: &Record) -> Address {
    if record.kind == LISTEN_UNIX {
        let path = std::ffi::OsStr::from_bytes(site.text(record.path));
        return Address::Unix(PathBuf::from(path));
    }
    let mut octets = [0; 16];
    for (at, word) in octets.chunks_exact_mut(4).zip(record.address) {
        at.copy_from_slice(&word.to_le_bytes());
    }
    // An address of the environment has been made bytes when it was read.
    if let Ok(open) = site.text(record.path).try_into() {
        octets = open;
    }
    let ip: IpAddr = Ipv6Addr::from(octets).to_canonical();
    Address::Ip(SocketAddr::new(ip, record.port as u16))
}

/// Removes a socket file that nobody listens on any more.
fn remove_stale(path: &std::path::Path) {
    let refused = std::os::unix::net::UnixStream::connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        // If it cannot be removed, binding tells why.
        let _removed = std::fs::remove_file(path);
    }
}

/// The listening sockets of a worker.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    open: Vec<Open>,
    /// Whether this end's exact address is asked for by a template; else the
    /// listener's is as good and costs nothing.
    exact_local: bool,
}

#[derive(Debug)]
struct Open {
    key: Key,
    address: Rc<Address>,
    server: ServerId,
    tls: bool,
}

impl Worker {
    /// Accepts from these sockets from now on.
    pub(crate) fn listen(&mut self, sockets: Vec<Bound>) {
        self.listeners.exact_local = self.site().data.all::<Segment>().any(|segment| {
            matches!(
                Source::from_number(segment.source),
                Some(Source::Local | Source::LocalHost)
            )
        });
        for bound in sockets {
            let number = self.listeners.open.len() as u64;
            let key = self
                .io
                .listen(bound.socket, Subject::Listener.token(number));
            self.listeners.open.push(Open {
                key,
                address: Rc::new(bound.address),
                server: bound.server,
                tls: bound.tls,
            });
        }
    }

    /// Accepts nothing any more.
    pub(crate) fn stop_listening(&mut self) {
        for open in self.listeners.open.drain(..) {
            self.io.close(open.key);
        }
    }

    pub(crate) fn listener_event(&mut self, number: usize, event: Event) {
        match event {
            Event::Accepted { socket, .. } => self.accepted(number, socket),
            Event::AcceptFailed { error, .. } if error.is_peer_gone() => {
                self.accept_again(number);
            }
            Event::AcceptFailed { error, .. } => {
                log::line(format_args!(
                    "cannot accept connections for a while: {error}"
                ));
                let at = self.io.now().after(ACCEPT_PAUSE_MS);
                let token = Subject::AcceptTimer.token(number as u64);
                self.io.timer(at, token);
            }
            _ => {}
        }
    }

    pub(crate) fn accept_again(&mut self, number: usize) {
        if let Some(open) = self.listeners.open.get(number) {
            self.io.accept_again(open.key);
        }
    }

    fn accepted(&mut self, number: usize, socket: OwnedFd) {
        let Some(open) = self.listeners.open.get(number) else {
            return;
        };
        // A peer that is gone already has no address; nothing is lost.
        let Ok(peer) = peer_address(socket.as_fd()) else {
            return;
        };
        let remote = match peer {
            Address::Ip(remote) => Some(remote),
            Address::Unix(_) => None,
        };
        let exact = self
            .listeners
            .exact_local
            .then(|| local_address(socket.as_fd()));
        let local = match exact {
            Some(Ok(local)) => Rc::new(local),
            _ => Rc::clone(&open.address),
        };
        let acceptor = self.site().acceptors[open.server.0 as usize].filter(|_| open.tls);
        let origin = Origin {
            remote,
            local,
            tls: acceptor.map(|acceptor| Rc::new(acceptor.accept())),
        };
        let server = open.server;
        self.connect(socket, server, origin);
    }

    /// Serves a connection whose socket is there.
    pub(crate) fn connect(&mut self, socket: OwnedFd, server: ServerId, origin: Origin) {
        let key = self.connections.insert(None);
        let token = Subject::Connection.token(key.to_bits());
        let socket = self.io.adopt(socket, token);
        let connection = Connection::new(key, socket, server, origin, self);
        if connection.is_closed() {
            self.connections.remove(key);
        } else if let Some(place) = self.connections.get_mut(key) {
            *place = Some(Box::new(connection));
        }
    }
}

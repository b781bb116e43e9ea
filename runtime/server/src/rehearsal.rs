//! One request without a network: a worker and a connection of the usual kind,
//! whose client is in the same thread and tells who it is.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use zs_abi::tables::{Listener, ServerId};
use zs_io::{Address, DriverKind, Loop};

use crate::exchange::Origin;
use crate::listen::address_of;
use crate::site::LoadedSite;
use crate::worker::Worker;

/// A place where a site listens.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The address.
    pub address: Address,
    /// Whose requests come in here.
    pub server: ServerId,
    /// Whether connections begin with TLS.
    pub tls: bool,
}

/// Where a site listens.
pub fn listeners(site: &LoadedSite) -> Vec<Listening> {
    let listening = |record: Listener| Listening {
        address: address_of(site, &record),
        server: record.server,
        tls: record.tls != 0,
    };
    site.data.all().map(listening).collect()
}

/// A worker that nobody can reach.
#[derive(Debug)]
pub struct Rehearsal {
    worker: Worker,
}

/// Turns without any progress after which nothing more will happen.
const QUIET_TURNS: u32 = 4;

impl Rehearsal {
    /// Makes the worker.
    ///
    /// # Errors
    /// If the system refuses memory or a loop, or the proxy cannot start.
    pub fn new(site: &'static LoadedSite) -> io::Result<Self> {
        let mut worker = Worker::new(site, Loop::new(DriverKind::Epoll)?)?;
        worker.start_proxy().map_err(io::Error::other)?;
        Ok(Self { worker })
    }

    /// Has a client with this address connect where the site listens and send
    /// these bytes; what it gets until nothing happens any more.
    ///
    /// # Errors
    /// If the system refuses a pair of sockets.
    pub fn exchange(
        &mut self,
        at: &Listening,
        remote: SocketAddr,
        request: &[u8],
    ) -> io::Result<Vec<u8>> {
        let (mut client, server) = UnixStream::pair()?;
        client.set_nonblocking(true)?;
        let acceptor = self.worker.site().acceptors[at.server.0 as usize].filter(|_| at.tls);
        let origin = Origin {
            remote: Some(remote),
            local: Rc::new(at.address.clone()),
            tls: acceptor.map(|acceptor| Rc::new(acceptor.accept())),
        };
        self.worker.connect(server.into(), at.server, origin);
        let (mut rest, mut answer, mut quiet) = (request, Vec::new(), 0);
        while quiet < QUIET_TURNS {
            let (left, before) = (rest.len(), answer.len());
            match client.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The answer may have come before the request was read.
                Err(_) => rest = &[],
            }
            let now = self.worker.io.now();
            // Only threads are waited for, which check passwords and read folders.
            let desk = self.worker.desk.as_ref();
            let awaited = desk.is_some_and(|desk| desk.is_awaited());
            self.worker.turn((!awaited).then_some(now));
            // Until there is nothing more to read at the moment, or at all.
            let _paused = client.read_to_end(&mut answer);
            quiet = if (left, before) == (rest.len(), answer.len()) {
                quiet + 1
            } else {
                0
            };
        }
        Ok(answer)
    }
}

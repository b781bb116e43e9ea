//! The proxy: passes exchanges on to upstreams by HTTP/1.1.
//!
//! A worker's state is a [`Client`] with its lines, and for each line a
//! [`Job`]: what is known of the exchange that the line works for. What the
//! client tells is worked off here and goes to [`request`] and [`response`].
//! Errors and detours are noted and carried out only when the state is not
//! borrowed any more, because they run site code, which may come back with
//! another exchange to pass on.

mod attempt;
mod head;
mod job;
pub mod rehearse;
mod request;
mod response;
mod table;

pub(crate) use table::TABLE;

use zs_abi::tables::{self, ProxyId};
use zs_client::tls::{Connect, TlsTable};
use zs_client::{Client, LineKey, Tell, Told};
use zs_io::{Event, Key};

use crate::log;
use crate::site::LoadedSite;
use crate::worker::{Detour, Worker};

use job::{Job, Phase};

/// A worker's proxy.
#[derive(Debug)]
struct Proxies {
    client: Client,
    proxies: Vec<tables::Proxy>,
    tls: Option<&'static TlsTable>,
    /// Connectors that verify upstreams, and that do not.
    connectors: [Option<Box<dyn Connect>>; 2],
    /// By the index of the job's line.
    jobs: Vec<Job>,
    /// The line that works for an exchange, by the exchange's index.
    links: Vec<Option<(Key, LineKey)>>,
    tell: Tell,
    after: Vec<After>,
    random: u64,
}

/// What is left to do once the state is free.
#[derive(Debug)]
enum After {
    /// An error is raised for an exchange.
    Raise(Key, u16, String),
    /// An exchange goes another way.
    Detour(Key, Detour),
}

impl Proxies {
    fn new(site: &'static LoadedSite, tls: Option<&'static TlsTable>) -> Self {
        let mut seed = [0; 8];
        let _filled = zs_io::random(&mut seed);
        Self {
            client: Client::new(Worker::proxy_token),
            proxies: site.data.all().collect(),
            tls,
            connectors: [None, None],
            jobs: Vec::new(),
            links: Vec::new(),
            tell: Tell::new(),
            after: Vec::new(),
            random: u64::from_ne_bytes(seed) | 1,
        }
    }

    fn stop(&mut self, worker: &mut Worker) {
        self.client.close_all(&mut worker.io);
    }

    fn event(&mut self, worker: &mut Worker, number: u64, event: Event) {
        self.client
            .event(&mut worker.io, number, event, &mut self.tell);
        self.settle(worker);
    }

    /// Works off what the client has told.
    fn settle(&mut self, worker: &mut Worker) {
        while !self.tell.is_empty() {
            let mut tell = std::mem::take(&mut self.tell);
            for (line, told) in tell.drain(..) {
                self.told(worker, line, told);
            }
            if self.tell.is_empty() {
                self.tell = tell;
            }
        }
    }

    fn told(&mut self, worker: &mut Worker, line: LineKey, told: Told) {
        let job = self.jobs.get(line.index());
        if job.is_none_or(|job| job.line != Some(line)) {
            return;
        }
        match told {
            Told::Ready => self.ready(worker, line),
            Told::Failed(failure) => self.dial_failed(worker, line, &failure),
            Told::Received(bytes) => self.received(worker, line, &bytes),
            Told::Sent(buffer) => {
                worker.recycle(buffer);
                self.sent(worker, line);
            }
            Told::Ended => self.ended(worker, line),
            // What came before its end may still wait for the client.
            Told::Broken if self.job(line).ended => {}
            Told::Broken => self.broken(worker, line, "the connection was closed"),
            Told::Deadline => self.timed_out(worker, line),
        }
    }

    /// Something changed for an exchange that is passed on.
    fn progress(&mut self, worker: &mut Worker, exchange: Key) {
        if let Some(line) = self.link(exchange) {
            self.send(worker, line);
            self.drained(worker, line);
        }
        self.settle(worker);
    }

    /// The exchange is over for its carrier.
    fn release(&mut self, worker: &mut Worker, exchange: Key) {
        if let Some(line) = self.link(exchange) {
            self.drop_line(worker, line);
        }
    }

    /// The line that works for an exchange.
    fn link(&self, exchange: Key) -> Option<LineKey> {
        let (linked, line) = (*self.links.get(exchange.index as usize)?)?;
        (linked == exchange).then_some(line)
    }

    fn set_link(&mut self, exchange: Key, line: LineKey) {
        let index = exchange.index as usize;
        if self.links.len() <= index {
            self.links.resize(index + 1, None);
        }
        self.links[index] = Some((exchange, line));
    }

    fn proxy(&self, proxy: ProxyId) -> &tables::Proxy {
        // The worker has compared the number with the table.
        &self.proxies[proxy.0 as usize]
    }

    /// The job of a line that [`Self::told`] or a link has named.
    fn job(&mut self, line: LineKey) -> &mut Job {
        &mut self.jobs[line.index()]
    }

    /// Separates a line from its exchange, which is told nothing.
    fn unlink(&mut self, worker: &mut Worker, line: LineKey) -> Option<Key> {
        let job = self.job(line);
        let exchange = job.exchange.take()?;
        job.line = None;
        self.links[exchange.index as usize] = None;
        if let Some(exchange) = worker.exchange_mut(exchange) {
            exchange.proxied = false;
        }
        Some(exchange)
    }

    /// Closes a line that cannot be used any more.
    fn drop_line(&mut self, worker: &mut Worker, line: LineKey) -> Option<Key> {
        let exchange = self.unlink(worker, line);
        self.client.close(&mut worker.io, line);
        exchange
    }

    /// Ends an attempt by an error of the upstream.
    fn fail(&mut self, worker: &mut Worker, line: LineKey, status: u16, reason: &str) {
        let exchange = self.job(line).exchange;
        let Some(exchange) = exchange.and_then(|key| worker.exchange(key)) else {
            return;
        };
        let upstream = &exchange.upstream;
        log::line(format_args!(
            "upstream {}:{} ({} {}): {reason}",
            upstream.host.escape_ascii(),
            upstream.port.escape_ascii(),
            exchange.request.method.escape_ascii(),
            exchange.request.uri.escape_ascii(),
        ));
        self.abandon(worker, line, status, reason);
    }

    /// Ends an attempt by an error, for whose sake the line is closed.
    fn abandon(&mut self, worker: &mut Worker, line: LineKey, status: u16, reason: &str) {
        let phase = self.job(line).phase;
        let Some(key) = self.drop_line(worker, line) else {
            return;
        };
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        if phase == Phase::Head {
            self.after
                .push(After::Raise(key, status, reason.to_string()));
        } else {
            // The client must not take what it got for the whole.
            exchange.response.pipe.fail();
            worker.wake_carrier(key);
        }
    }
}

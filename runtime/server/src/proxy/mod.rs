//! The proxy: passes exchanges on to upstreams by HTTP/1.1.
//!
//! A worker's state is a [`Client`] with its lines, and for each line a
//! [`Job`]: what is known of the exchange that the line works for. What the
//! client tells is worked off here and goes to [`request`] and [`response`].
//! Errors and detours are noted and carried out only when the state is not
//! borrowed any more, because they run site code, which may come back with
//! another exchange to pass on.

mod again;
mod attempt;
mod head;
mod health;
mod job;
pub mod rehearse;
mod request;
mod response;
mod table;

pub use health::HealthTable;
pub(crate) use health::TABLE as HEALTH_TABLE;
pub(crate) use table::TABLE;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use zs_abi::tables::{self, ProxyId};
use zs_client::tls::{Connect, TlsTable};
use zs_client::{Client, LineKey, Tell, Told};
use zs_io::{Event, Key, Millis};

use crate::log;
use crate::site::LoadedSite;
use crate::worker::{Detour, Worker};

use again::{Failure, Passage};
use health::Prober;
use job::{Job, Phase};

/// A worker's proxy.
#[derive(Debug)]
struct Proxies {
    site: &'static LoadedSite,
    client: Client,
    proxies: Vec<tables::Proxy>,
    tls: Option<&'static TlsTable>,
    /// Connectors that verify upstreams, and that do not.
    connectors: [Option<Box<dyn Connect>>; 2],
    /// By the index of the job's line.
    jobs: Vec<Job>,
    /// What is known of an exchange that is passed on, by the exchange's index.
    passages: Vec<Option<Passage>>,
    /// Failures of backends, by when they do not count any more.
    failures: BinaryHeap<Reverse<(Millis, u32)>>,
    /// When the loop's timer for failures runs out.
    forget_timer: Option<Millis>,
    /// Who makes health checks, if this worker does.
    prober: Option<Box<dyn Prober>>,
    tell: Tell,
    after: Vec<After>,
}

/// What is left to do once the state is free.
#[derive(Debug)]
enum After {
    /// An error is raised for an exchange.
    Raise(Key, u16, String),
    /// An exchange goes another way.
    Detour(Key, Detour),
    /// An exchange is tried again, after so many milliseconds.
    Again(Key, u32),
}

/// The timer of an exchange that is tried again: with the exchange's key.
const RETRY_TIMER: u64 = zs_client::OWNER_BIT;

/// Timers of health checks; which one stands in the upper half.
const PROBE_TIMER: u64 = zs_client::OWNER_BIT | 1 << 28;

/// The timer of failures that do not count any more.
const FORGET_TIMER: u64 = zs_client::OWNER_BIT | 1 << 29;

impl Proxies {
    fn new(site: &'static LoadedSite, tls: Option<&'static TlsTable>) -> Self {
        Self {
            site,
            client: Client::new(Worker::proxy_token),
            proxies: site.data.all().collect(),
            tls,
            connectors: [None, None],
            jobs: Vec::new(),
            passages: Vec::new(),
            failures: BinaryHeap::new(),
            forget_timer: None,
            prober: None,
            tell: Tell::new(),
            after: Vec::new(),
        }
    }

    /// Begins with health checks, if nobody else does.
    fn start_probing(&mut self, worker: &mut Worker) {
        self.prober = health::prober(self.site);
        self.with_prober(worker, |prober, _, worker| prober.start(worker));
    }

    fn with_prober(
        &mut self,
        worker: &mut Worker,
        work: impl FnOnce(&mut dyn Prober, &mut Self, &mut Worker),
    ) {
        if let Some(mut prober) = self.prober.take() {
            work(&mut *prober, self, worker);
            self.prober = Some(prober);
        }
    }

    fn stop(&mut self, worker: &mut Worker) {
        self.client.close_all(&mut worker.io);
    }

    fn event(&mut self, worker: &mut Worker, number: u64, event: Event) {
        if zs_client::is_owners(number) {
            match number {
                FORGET_TIMER => self.forget(worker),
                _ if number & PROBE_TIMER == PROBE_TIMER => {
                    self.with_prober(worker, |prober, proxies, worker| {
                        prober.timer(proxies, worker, number);
                    });
                }
                _ => self.again(worker, Key::from_bits(number & !RETRY_TIMER), 0),
            }
        } else {
            self.client
                .event(&mut worker.io, number, event, &mut self.tell);
        }
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
            self.with_prober(worker, |prober, proxies, worker| {
                prober.told(proxies, worker, line, &told);
            });
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
        if self.passage(exchange).is_some() {
            self.passages[exchange.index as usize] = None;
        }
    }

    /// The line that works for an exchange.
    fn link(&mut self, exchange: Key) -> Option<LineKey> {
        self.passage(exchange)?.line
    }

    /// What is known of an exchange that is passed on.
    fn passage(&mut self, exchange: Key) -> Option<&mut Passage> {
        let passage = self.passages.get_mut(exchange.index as usize)?.as_mut();
        passage.filter(|passage| passage.exchange == exchange)
    }

    fn set_passage(&mut self, passage: Passage) {
        let index = passage.exchange.index as usize;
        if self.passages.len() <= index {
            self.passages.resize_with(index + 1, || None);
        }
        self.passages[index] = Some(passage);
    }

    /// How a proxy chooses and tries again, if it is told.
    fn balance(&self, proxy: ProxyId) -> Option<tables::Balance> {
        let number = self.proxy(proxy).balance?;
        self.site.data.record(number.0)
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
        let backend = job.backend;
        if let Some(passage) = self.passage(exchange) {
            passage.line = None;
        }
        if let Some(backend) = backend {
            self.site.upstreams().end(backend);
        }
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

    /// Ends an attempt by a failure, for whose sake the line is closed.
    fn fail(&mut self, worker: &mut Worker, line: LineKey, failure: Failure) {
        let exchange = self.job(line).exchange;
        let Some(exchange) = exchange.and_then(|key| worker.exchange(key)) else {
            return;
        };
        let upstream = &exchange.upstream;
        log::line(format_args!(
            "upstream {}:{} ({} {}): {}",
            upstream.host.escape_ascii(),
            upstream.port.escape_ascii(),
            exchange.request.method.escape_ascii(),
            exchange.request.uri.escape_ascii(),
            failure.reason,
        ));
        let job = self.job(line);
        if job.phase != Phase::Head {
            self.abandon(worker, line, failure.status, &failure.reason);
            return;
        }
        let (proxy, backend, spent) = (job.proxy, job.backend, job.body_sent);
        if let Some(balance) = self.balance(proxy)
            && let Some(backend) = backend
        {
            self.count_failure(worker, &balance, backend);
        }
        let Some(key) = self.drop_line(worker, line) else {
            return;
        };
        if let Some(passage) = self.passage(key) {
            passage.spent |= spent;
        }
        self.failed(worker, key, failure);
    }

    /// Ends the exchange of a line by an error that is not the upstream's, or
    /// that comes too late for another attempt.
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

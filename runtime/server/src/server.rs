//! The server as a whole: its threads, and how it starts and stops.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use zs_abi::tables::{ServerId, Shutdown};
use zs_io::{
    Address, DriverKind, Loop, Millis, Signals, Waker, block_signals, ignore_broken_pipes, probe,
    raise_file_limit,
};

use crate::access_log::{AccessLog, LogWriters};
use crate::limits::GRACE_MS;
use crate::listen::{Bound, ListenError, bind_all};
use crate::log;
use crate::options::Options;
use crate::site::LoadedSite;
use crate::worker::{Subject, Worker};

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Listen(Box<ListenError>),
    /// The event loop cannot be had.
    Loop(DriverKind, io::Error),
    /// A thread or what it needs cannot be had.
    Worker(io::Error),
    /// An access log cannot be written; one sentence for the operator.
    Log(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(out),
            Self::Loop(kind, error) => {
                write!(out, "cannot use {}: {error}", kind.name())?;
                if *kind == DriverKind::Uring {
                    write!(out, "\n  help: `--io=epoll` works everywhere")?;
                }
                Ok(())
            }
            Self::Worker(error) => write!(out, "cannot start a worker: {error}"),
            Self::Log(text) => out.write_str(text),
        }
    }
}

impl std::error::Error for StartError {}

/// What the threads of a server share: all of it is here, but for upstreams
/// ([`crate::upstreams`]).
#[derive(Debug)]
struct Control {
    draining: AtomicBool,
    /// Time for requests in progress, in milliseconds.
    grace_ms: AtomicU64,
    /// Workers that have not ended. A thread's own state would tell too late:
    /// it is still running when it says so.
    alive: AtomicUsize,
    /// Woken when a worker has ended.
    ended: Waker,
}

/// A server that serves.
#[derive(Debug)]
pub struct Running {
    control: Arc<Control>,
    workers: Vec<(Waker, JoinHandle<()>)>,
    addresses: Vec<ListenAddress>,
    logs: Option<Box<dyn LogWriters>>,
    /// Time between being told to stop and beginning to.
    delay: Duration,
}

/// An address that a server listens on.
#[derive(Clone, Debug)]
pub struct ListenAddress {
    /// The address, with the port that the system chose if none was given.
    pub address: Address,
    /// The server whose connections these are.
    pub server: ServerId,
    /// Whether connections begin with TLS.
    pub tls: bool,
}

/// Serves a site until a signal ends it; the exit code of the process.
///
/// SIGTERM and SIGINT let requests in progress finish; a second one ends the
/// server at once.
pub fn serve(site: &'static LoadedSite, options: &Options) -> i32 {
    // Where requests are logged, two more have files opened again that were moved away.
    let signals = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGUSR1];
    let is_logging = site.capabilities.access_log.is_some();
    let signals = &signals[..if is_logging { 4 } else { 2 }];
    block_signals(signals);
    ignore_broken_pipes();
    let limit = raise_file_limit();
    if limit < FILES_WANTED {
        log::line(format_args!("only {limit} files may be open at a time"));
    }
    let outcome = Signals::new(signals)
        .map_err(StartError::Worker)
        .and_then(|signals| Ok((Running::start(site, options)?, signals)));
    let (running, signals) = match outcome {
        Ok(running) => running,
        Err(error) => {
            log::line(format_args!("{error}"));
            return 1;
        }
    };
    for listen in running.addresses() {
        let scheme = if listen.tls { "https" } else { "http" };
        let name = site.text(site.server(listen.server).name).escape_ascii();
        log::line(format_args!(
            "listening on {scheme}://{} ({name})",
            listen.address
        ));
    }
    running.until_signal(&signals)
}

/// Open files below which an operator wants to know.
const FILES_WANTED: u64 = 4096;

impl Running {
    /// Starts a server. When this returns, connections are accepted.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running.
    pub fn start(site: &'static LoadedSite, options: &Options) -> Result<Self, StartError> {
        let (kind, denied) =
            probe(options.io).map_err(|error| StartError::Loop(DriverKind::Uring, error))?;
        if let Some(error) = denied {
            log::line(format_args!(
                "io_uring is not available ({error}): using epoll"
            ));
        }
        let count = options
            .workers
            .map_or_else(default_workers, |count| count.get());
        let lists = bind_all(site, count).map_err(StartError::Listen)?;
        let logs = match site.capabilities.access_log {
            Some(table) => Some((table.start)(site).map_err(StartError::Log)?),
            None => None,
        };
        let shutdown = site.data.record::<Shutdown>(0);
        let said = shutdown.map_or(0, |shutdown| u64::from(shutdown.grace_ms));
        let standard = if said > 0 { said } else { GRACE_MS };
        let mut running = Self {
            control: Arc::new(Control {
                draining: AtomicBool::new(false),
                grace_ms: AtomicU64::new(options.grace_ms.unwrap_or(standard)),
                alive: AtomicUsize::new(0),
                ended: Waker::new().map_err(StartError::Worker)?,
            }),
            workers: Vec::new(),
            addresses: lists
                .first()
                .map_or_else(Vec::new, |list| addresses_of(list)),
            logs,
            delay: Duration::from_millis(shutdown.map_or(0, |shutdown| shutdown.delay_ms.into())),
        };
        for (number, sockets) in lists.into_iter().enumerate() {
            if let Err(error) = running.start_worker(site, kind, number, sockets) {
                running.stop();
                running.join();
                return Err(StartError::Worker(error));
            }
        }
        Ok(running)
    }

    /// What the server listens on.
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// Accepts nothing more, and lets requests in progress finish as long as
    /// the grace period lasts.
    pub fn stop(&self) {
        self.control.draining.store(true, Ordering::Release);
        for (waker, _) in &self.workers {
            waker.wake();
        }
    }

    /// Waits until all workers have ended; whether all did so in order.
    pub fn join(mut self) -> bool {
        let results: Vec<_> = self
            .workers
            .into_iter()
            .map(|(_, thread)| thread.join())
            .collect();
        if let Some(logs) = &mut self.logs {
            logs.stop();
        }
        results.iter().all(Result::is_ok)
    }

    fn start_worker(
        &mut self,
        site: &'static LoadedSite,
        kind: DriverKind,
        number: usize,
        sockets: Vec<Bound>,
    ) -> io::Result<()> {
        let waker = Waker::new()?;
        let control = Arc::clone(&self.control);
        let started = Arc::new(Started::default());
        let tell = Arc::clone(&started);
        let mine = waker.clone();
        let log = self.logs.as_ref().map(|logs| logs.worker());
        control.alive.fetch_add(1, Ordering::AcqRel);
        let thread = thread::Builder::new()
            .name(format!("worker{number}"))
            .spawn(move || {
                run_worker(site, kind, (sockets, log), &mine, &control, &tell);
                // If it has not told by now, it cannot any more.
                tell.tell(Err(io::ErrorKind::Other.into()));
                control.alive.fetch_sub(1, Ordering::AcqRel);
                control.ended.wake();
            })?;
        self.workers.push((waker, thread));
        started.wait()
    }

    fn until_signal(self, signals: &Signals) -> i32 {
        let mut stopping = false;
        // When to begin, if that is not at once.
        let mut begin: Option<Instant> = None;
        loop {
            let wait = begin.map(|at| at.saturating_duration_since(Instant::now()));
            match self.control.ended.wait_with(signals, wait) {
                Ok(Some(libc::SIGHUP | libc::SIGUSR1)) => {
                    if let Some(logs) = &self.logs {
                        logs.reopen();
                    }
                }
                Ok(Some(_)) if stopping => {
                    log::line(format_args!("stopped before all requests were finished"));
                    return 1;
                }
                Ok(Some(_)) => {
                    stopping = true;
                    begin = Some(Instant::now() + self.delay);
                    if !self.delay.is_zero() {
                        log::line(format_args!("stopping in {:?}", self.delay));
                    }
                }
                Ok(None) => self.control.ended.clear(),
                Err(error) => {
                    log::line(format_args!("cannot wait for signals: {error}"));
                    return 1;
                }
            }
            if begin.is_some_and(|at| at <= Instant::now()) {
                begin = None;
                log::line(format_args!("stopping: waiting for requests in progress"));
                self.stop();
            }
            if self.control.alive.load(Ordering::Acquire) == 0 {
                break;
            }
        }
        let in_order = self.join();
        i32::from(!(stopping && in_order))
    }
}

/// Whether a worker has started; told once.
#[derive(Debug, Default)]
struct Started {
    result: Mutex<Option<io::Result<()>>>,
    told: Condvar,
}

impl Started {
    fn tell(&self, result: io::Result<()>) {
        let mut place = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        place.get_or_insert(result);
        self.told.notify_one();
    }

    fn wait(&self) -> io::Result<()> {
        let mut place = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(result) = place.take() {
                return result;
            }
            place = self
                .told
                .wait(place)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// As many workers as processors may be used: the smaller of affinity and
/// quota.
fn default_workers() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get())
}

fn addresses_of(list: &[Bound]) -> Vec<ListenAddress> {
    list.iter()
        .map(|bound| ListenAddress {
            address: bound.address.clone(),
            server: bound.server,
            tls: bound.tls,
        })
        .collect()
}

/// The life of a worker's thread; tells once whether it has started.
fn run_worker(
    site: &'static LoadedSite,
    kind: DriverKind,
    (sockets, log): (Vec<Bound>, Option<Box<dyn AccessLog>>),
    waker: &Waker,
    control: &Control,
    tell: &Started,
) {
    let start = || -> io::Result<Worker> {
        let mut worker = Worker::new(site, Loop::new(kind)?)?;
        let token = Subject::Control.token(0);
        worker.io.watch(waker.descriptor()?, token);
        if let Some(log) = log {
            worker.log_to(log);
        }
        worker.listen(sockets);
        Ok(worker)
    };
    let mut worker = match start() {
        Ok(worker) => worker,
        Err(error) => {
            tell.tell(Err(error));
            return;
        }
    };
    tell.tell(Ok(()));
    let mut end: Option<Millis> = None;
    worker.work(|worker| {
        if end.is_none() && control.draining.load(Ordering::Acquire) {
            let grace = control.grace_ms.load(Ordering::Relaxed);
            end = Some(worker.io.now().after(grace));
            worker.drain();
        }
        end
    });
}

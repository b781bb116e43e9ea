//! From workers to sinks: each worker has a bounded buffer for each sink, and each sink a thread that empties them.
//!
//! A sink that is slow, or a disk that is full, loses lines and nothing else: they are counted, and the operator is told.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::mem;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use zs_abi::tables::{LOG_BY_SINK, LOG_CONSOLE, LOG_FILE, LOG_STDOUT, LogSink};

use super::file::LogFile;
use crate::limits::{LOG_BUFFER_BYTES, LOG_STOP_MS};
use crate::log;
use crate::site::LoadedSite;

/// All sinks of a site.
#[derive(Debug)]
pub(super) struct Sinks(Vec<Sink>);

#[derive(Debug)]
struct Sink {
    shared: Arc<Shared>,
    terminal: bool,
    thread: Option<JoinHandle<()>>,
}

/// What workers and the thread of a sink share.
#[derive(Debug, Default)]
struct Shared {
    buffers: Mutex<Vec<Arc<Mutex<Buffer>>>>,
    /// Whether the thread waits for lines.
    asleep: AtomicBool,
    stopping: AtomicBool,
    reopening: AtomicBool,
}

/// Lines of one worker for one sink.
#[derive(Debug, Default)]
struct Buffer {
    lines: Vec<u8>,
    /// Lines that had no room.
    lost: u64,
}

/// A worker's way to a sink.
#[derive(Debug)]
pub(super) struct Feeder {
    buffer: Arc<Mutex<Buffer>>,
    shared: Arc<Shared>,
    thread: Option<Thread>,
    terminal: bool,
}

impl Sinks {
    /// Opens all sinks and starts their threads.
    pub(super) fn start(site: &'static LoadedSite) -> Result<Self, String> {
        let sinks = site.data.all::<LogSink>();
        let sinks = sinks.enumerate().map(|(number, record)| {
            let mut output = Output::open(site, &record)?;
            let terminal = output.terminal;
            let shared = Arc::new(Shared::default());
            let mine = Arc::clone(&shared);
            let thread = thread::Builder::new()
                .name(format!("log{number}"))
                .spawn(move || output.work(&mine))
                .map_err(|error| format!("cannot start the access log: {error}"))?;
            let thread = Some(thread);
            Ok(Sink {
                shared,
                terminal,
                thread,
            })
        });
        Ok(Self(sinks.collect::<Result<_, String>>()?))
    }

    /// The ways of one more worker to all sinks, in order.
    pub(super) fn feeders(&self) -> Vec<Feeder> {
        let feeder = |sink: &Sink| {
            let buffer = Arc::new(Mutex::new(Buffer::default()));
            locked(&sink.shared.buffers).push(Arc::clone(&buffer));
            Feeder {
                buffer,
                shared: Arc::clone(&sink.shared),
                thread: sink.thread.as_ref().map(|thread| thread.thread().clone()),
                terminal: sink.terminal,
            }
        };
        self.0.iter().map(feeder).collect()
    }

    /// Has files opened again.
    pub(super) fn reopen(&self) {
        for sink in &self.0 {
            sink.shared.reopening.store(true, Ordering::Release);
            sink.wake();
        }
    }

    /// Lets the threads write what there is and end; one whose sink takes nothing is left behind.
    pub(super) fn stop(&mut self) {
        for sink in &self.0 {
            sink.shared.stopping.store(true, Ordering::Release);
            sink.wake();
        }
        let end = Instant::now() + Duration::from_millis(LOG_STOP_MS);
        for thread in self.0.iter_mut().filter_map(|sink| sink.thread.take()) {
            while !thread.is_finished() && Instant::now() < end {
                thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() && thread.join().is_err() {
                log::line(format_args!("an access log has failed"));
            }
        }
    }
}

impl Sink {
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Feeder {
    /// Hands a line over, or counts it as lost.
    pub(super) fn put(&self, line: &[u8]) {
        let mut buffer = locked(&self.buffer);
        if buffer.lines.len() + line.len() > LOG_BUFFER_BYTES {
            buffer.lost += 1;
        } else {
            buffer.lines.extend_from_slice(line);
        }
        drop(buffer);
        if self.shared.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.unpark();
        }
    }

    /// Whether entries of a format are lines for people here.
    pub(super) fn is_for_people(&self, format: u32) -> bool {
        format == LOG_CONSOLE || (format == LOG_BY_SINK && self.terminal)
    }
}

/// Where the thread of a sink writes.
#[derive(Debug)]
struct Output {
    name: String,
    target: Target,
    terminal: bool,
    /// Lines that were not written and that nobody was told of.
    lost: u64,
    /// Whether the last line that was begun is not whole.
    torn: bool,
    /// Whether the last write has failed.
    failing: bool,
    told: Instant,
}

#[derive(Debug)]
enum Target {
    Stream(File),
    File(LogFile),
}

impl Output {
    fn open(site: &LoadedSite, record: &LogSink) -> Result<Self, String> {
        let stream = |stream: &dyn AsFd| stream.as_fd().try_clone_to_owned().map(File::from);
        let (name, target) = match record.kind {
            LOG_FILE => {
                let path = site.text(record.path);
                let name = String::from_utf8_lossy(path).into_owned();
                (name, LogFile::open(path, record).map(Target::File))
            }
            LOG_STDOUT => (
                "on standard output".to_owned(),
                stream(&io::stdout()).map(Target::Stream),
            ),
            _ => (
                "on standard error".to_owned(),
                stream(&io::stderr()).map(Target::Stream),
            ),
        };
        let target = target.map_err(|error| format!("cannot open the log {name}: {error}"))?;
        let terminal = matches!(&target, Target::Stream(stream) if stream.is_terminal());
        Ok(Self {
            name,
            target,
            terminal,
            lost: 0,
            torn: false,
            failing: false,
            told: Instant::now(),
        })
    }

    /// Empties the buffers until the server has stopped.
    fn work(&mut self, shared: &Shared) {
        let mut lines = Vec::new();
        loop {
            let stopping = shared.stopping.load(Ordering::Acquire);
            if shared.reopening.swap(false, Ordering::AcqRel) {
                self.reopen();
            }
            shared.asleep.store(true, Ordering::SeqCst);
            let mut any = false;
            let buffers = locked(&shared.buffers).clone();
            for buffer in buffers {
                let mut buffer = locked(&buffer);
                mem::swap(&mut lines, &mut buffer.lines);
                self.lost += mem::take(&mut buffer.lost);
                drop(buffer);
                if !lines.is_empty() {
                    any = true;
                    self.write(&lines, shared);
                    lines.clear();
                }
            }
            // When all that waited is written, or from time to time where that does not come.
            let settled = stopping || !self.failing;
            if self.lost > 0 && settled && (!any || self.told.elapsed() >= TELL_EVERY) {
                self.tell();
            }
            if stopping && !any {
                return;
            }
            if any {
                // What comes within a moment is written at once, and nobody need wake this thread for it.
                shared.asleep.store(false, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(u64::from(!stopping) * GATHER_MS));
            } else {
                thread::park_timeout(Duration::from_secs(1));
            }
        }
    }

    fn write(&mut self, lines: &[u8], shared: &Shared) {
        let mut rest = lines;
        let Err(error) = self.write_all(&mut rest, shared) else {
            self.failing = false;
            return;
        };
        let written = &lines[..lines.len() - rest.len()];
        self.torn |= !written.is_empty() && !written.ends_with(b"\n");
        self.lost += rest.iter().filter(|byte| **byte == b'\n').count() as u64;
        if !mem::replace(&mut self.failing, true) {
            let name = &self.name;
            log::line(format_args!("the log {name} loses lines: {error}"));
        }
    }

    /// Tells the operator how many lines were lost.
    fn tell(&mut self) {
        let (lost, name) = (mem::take(&mut self.lost), &self.name);
        log::line(format_args!("the log {name} has lost {lost} lines"));
        self.told = Instant::now();
    }

    /// Writes until nothing is left in `rest`.
    fn write_all(&mut self, rest: &mut &[u8], shared: &Shared) -> io::Result<()> {
        let target = match &mut self.target {
            Target::Stream(stream) => stream,
            Target::File(file) => file.ready_for(rest.len() as u64)?,
        };
        let mut end: &[u8] = if self.torn { b"\n" } else { b"" };
        loop {
            let next = if end.is_empty() { &mut *rest } else { &mut end };
            if next.is_empty() {
                break;
            }
            match target.write(next) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => *next = &next[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if error.kind() == ErrorKind::WouldBlock
                        && !shared.stopping.load(Ordering::Acquire) =>
                {
                    thread::sleep(Duration::from_millis(GATHER_MS));
                }
                Err(error) => return Err(error),
            }
            self.torn &= !end.is_empty();
        }
        Ok(())
    }

    fn reopen(&mut self) {
        if let Target::File(file) = &mut self.target
            && let Err(error) = file.reopen()
        {
            let name = &self.name;
            log::line(format_args!("cannot open the log {name} again: {error}"));
        }
    }
}

/// Time in which lines gather before they are written together.
const GATHER_MS: u64 = 5;

/// How often the operator is told of lost lines while a sink stays slow.
const TELL_EVERY: Duration = Duration::from_secs(10);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

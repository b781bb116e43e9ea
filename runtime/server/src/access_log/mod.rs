//! Access logs: which requests are logged, under which names and where to.
//!
//! A request is chosen and its fields are kept when its head has come, the response's fields when its head is written; the
//! line is made when the exchange is over. Lines go into bounded buffers, which a thread for each sink empties: a request
//! never waits for a sink.

mod file;
mod json;
mod line;
mod sink;
mod time;

use std::fmt::Debug;
use std::time::Instant;

use zs_abi::tables::{
    AccessLogger, AccessLoggerId, LOG_CREDENTIALS, LOG_ERROR, LOG_INFO, LOG_MAPPED_ONLY, LogHost,
    LogName, LogOutput, SEGMENT_BOOL, ServerLog, VariableId,
};
use zs_io::Clock;
use zs_proto::Head;

use crate::exchange::{Exchange, Phase};
use crate::site::LoadedSite;
use line::Entry;
use sink::{Feeder, Sinks};

/// Access logs, as a site refers to them.
pub struct AccessLogTable {
    /// Opens the sinks and starts the threads that write to them. The error is one sentence for the operator.
    pub start: fn(&'static LoadedSite) -> Result<Box<dyn LogWriters>, String>,
}

pub(crate) const TABLE: AccessLogTable = AccessLogTable {
    start: |site| Ok(Box::new(Writers::start(site)?)),
};

/// What writes the lines of all workers.
pub trait LogWriters: Debug + Send + Sync {
    /// The log of one more worker.
    fn worker(&self) -> Box<dyn AccessLog>;
    /// Opens files again, which may have been moved.
    fn reopen(&self);
    /// Writes what there is, as far as the sinks take it within a moment.
    fn stop(&mut self);
}

/// A worker's side of the access log.
pub trait AccessLog: Debug + Send {
    /// A request's head has come, and site code has not seen it yet.
    fn begin(&mut self, exchange: &mut Exchange);
    /// The response's head is about to be written.
    fn respond(&mut self, exchange: &mut Exchange);
    /// The exchange is over.
    fn end(&mut self, exchange: &mut Exchange, bytes: BodyBytes);
}

/// Bytes of bodies that an exchange has moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyBytes {
    /// Of the request's, taken in for its reader.
    pub read: u64,
    /// Of the response's.
    pub written: u64,
}

/// What is kept of a request that is logged.
#[derive(Debug)]
pub(crate) struct Record {
    /// Whether the exchange at hand is logged; the memory is used again.
    active: bool,
    began: Instant,
    loggers: Loggers,
    credentials: bool,
    skip: Option<VariableId>,
    names: Option<VariableId>,
    request: Head,
    response: Head,
    /// Whether `response` is what was written.
    responded: bool,
}

impl Record {
    /// Nothing is to be logged.
    pub(crate) fn reset(&mut self) {
        self.active = false;
    }
}

/// Where a request's line goes if site code says nothing else.
#[derive(Clone, Copy, Debug)]
enum Loggers {
    One(AccessLoggerId),
    Several(zs_abi::data::Range),
}

/// The sinks of a site.
#[derive(Debug)]
struct Writers {
    site: &'static LoadedSite,
    sinks: Sinks,
}

impl Writers {
    fn start(site: &'static LoadedSite) -> Result<Self, String> {
        let sinks = Sinks::start(site)?;
        Ok(Self { site, sinks })
    }
}

impl LogWriters for Writers {
    fn worker(&self) -> Box<dyn AccessLog> {
        Box::new(Worker {
            site: self.site,
            servers: self.site.data.all().collect(),
            feeders: self.sinks.feeders(),
            line: Vec::new(),
        })
    }

    fn reopen(&self) {
        self.sinks.reopen();
    }

    fn stop(&mut self) {
        self.sinks.stop();
    }
}

/// See [`AccessLog`].
#[derive(Debug)]
struct Worker {
    site: &'static LoadedSite,
    servers: Vec<ServerLog>,
    feeders: Vec<Feeder>,
    line: Vec<u8>,
}

impl AccessLog for Worker {
    fn begin(&mut self, exchange: &mut Exchange) {
        let log = self
            .servers
            .iter()
            .find(|log| log.server == exchange.server);
        let Some(log) = log else { return };
        let host = without_port(exchange.request.host_and_port());
        let Some(loggers) = choose(self.site, log, host) else {
            return;
        };
        let record = exchange.log_record.get_or_insert_with(|| {
            Box::new(Record {
                active: false,
                began: Instant::now(),
                loggers,
                credentials: false,
                skip: None,
                names: None,
                request: Head::new(),
                response: Head::new(),
                responded: false,
            })
        });
        record.active = true;
        record.began = Instant::now();
        record.loggers = loggers;
        record.credentials = log.flags & LOG_CREDENTIALS != 0;
        (record.skip, record.names) = (log.skip, log.names);
        record.request.copy_from(&exchange.request.head);
        record.responded = false;
    }

    fn respond(&mut self, exchange: &mut Exchange) {
        if let Some(record) = &mut exchange.log_record
            && record.active
        {
            record.response.copy_from(&exchange.response.head);
            record.responded = true;
        }
    }

    fn end(&mut self, exchange: &mut Exchange, bytes: BodyBytes) {
        let Some(record) = exchange.log_record.take() else {
            return;
        };
        if record.active && !is_true(exchange, record.skip) {
            self.log(exchange, &record, bytes);
        }
        exchange.log_record = Some(record);
    }
}

impl Worker {
    fn log(&mut self, exchange: &Exchange, record: &Record, bytes: BodyBytes) {
        let answered = exchange.phase == Phase::Sending;
        let status = match exchange.response.status {
            _ if answered => exchange.response.status,
            // The client has gone while its answer was awaited from elsewhere.
            _ if exchange.proxied => CLIENT_GONE,
            _ => 0,
        };
        let response = if record.responded {
            &record.response
        } else {
            &exchange.response.head
        };
        let entry = Entry {
            level: if status >= 500 { LOG_ERROR } else { LOG_INFO },
            time: Clock::unix(),
            exchange,
            credentials: record.credentials,
            request: &record.request,
            bytes,
            duration: record.began.elapsed(),
            status,
            response,
        };
        let named = record.names.and_then(|name| variable(exchange, name));
        if let Some(names) = named {
            for name in names.text.split(|byte| *byte == b'\n') {
                let mut all = self.site.data.all::<AccessLogger>();
                let logger = all.find(|logger| {
                    let own = self.site.text(logger.name).strip_prefix(ACCESS);
                    own.is_some_and(|own| own.strip_prefix(b".").unwrap_or(own) == name)
                });
                self.write(logger, &entry);
            }
            return;
        }
        match record.loggers {
            Loggers::One(number) => self.write(self.site.data.record(number.0), &entry),
            Loggers::Several(range) => {
                for name in self.site.data.range::<LogName>(range) {
                    self.write(self.site.data.record(name.logger.0), &entry);
                }
            }
        }
    }

    fn write(&mut self, logger: Option<AccessLogger>, entry: &Entry<'_>) {
        let Some(logger) = logger else { return };
        let name = self.site.text(logger.name);
        for output in self.site.data.range::<LogOutput>(logger.outputs) {
            let feeder = self.feeders.get(output.sink.0 as usize);
            let Some(feeder) = feeder.filter(|_| entry.level >= output.level) else {
                continue;
            };
            self.line.clear();
            let console = feeder.is_for_people(output.format);
            let layout = self.site.text(output.time_layout);
            line::push(&mut self.line, &output, layout, console, name, entry);
            feeder.put(&self.line);
        }
    }
}

/// What the names of all access logs begin with.
const ACCESS: &[u8] = b"http.log.access";

/// The status of requests whose client did not wait.
const CLIENT_GONE: u16 = 499;

/// The loggers for a host; none if its requests are not logged.
fn choose(site: &LoadedSite, log: &ServerLog, host: &[u8]) -> Option<Loggers> {
    let covers = |named: &LogHost| covers(site.text(named.pattern), host);
    if let Some(named) = site.data.range::<LogHost>(log.hosts).find(covers) {
        return Some(Loggers::Several(named.loggers));
    }
    let skipped = site.data.range::<LogHost>(log.skipped).any(|n| covers(&n));
    let mapped_only = log.flags & LOG_MAPPED_ONLY != 0;
    (!skipped && !mapped_only).then_some(Loggers::One(log.default))
}

/// Whether a name is what a pattern says, whose first labels may be `*`.
fn covers(pattern: &[u8], host: &[u8]) -> bool {
    let dots = |byte: &u8| *byte == b'.';
    let (mut wanted, mut labels) = (pattern.split(dots), host.split(dots));
    let mut any = true;
    loop {
        match (wanted.next(), labels.next()) {
            (None, None) => return true,
            (Some(b"*"), Some(label)) if any && !label.is_empty() => {}
            (Some(own), Some(label)) if own.eq_ignore_ascii_case(label) => any = false,
            _ => return false,
        }
    }
}

/// A host without its port and the brackets of an IPv6 address, if it has a port.
fn without_port(host: &[u8]) -> &[u8] {
    let Some(colon) = host.iter().rposition(|byte| *byte == b':') else {
        return host;
    };
    let name = &host[..colon];
    match name.strip_prefix(b"[") {
        Some(inner) => inner.strip_suffix(b"]").unwrap_or(host),
        None if name.contains(&b':') => host,
        None => name,
    }
}

fn variable(exchange: &Exchange, number: VariableId) -> Option<&crate::exchange::Variable> {
    exchange.variables.get(number.0 as usize)?.as_ref()
}

fn is_true(exchange: &Exchange, number: Option<VariableId>) -> bool {
    number
        .and_then(|number| variable(exchange, number))
        .is_some_and(|value| value.flags & SEGMENT_BOOL != 0 && value.text == b"true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        assert_eq!(without_port(b"a.b:80"), b"a.b");
        assert_eq!(without_port(b"[::1]:80"), b"::1");
        assert_eq!(without_port(b"[::1]"), b"[::1]");
        assert!(covers(b"*.b.c", b"a.B.c"));
        assert!(covers(b"*.*.c", b"a.b.c"));
        assert!(!covers(b"*.b.c", b"b.c"));
        assert!(!covers(b"a.*.c", b"a.b.c"));
    }
}

//! Active health checks: requests that are made only to see whether an upstream
//! answers. One worker of the process makes them, on its loop, by timers.

use zs_abi::Capability;
use zs_abi::tables::{self, EntryId, HealthCheck, LISTEN_UNIX, Probe as Record, ServerId, Value};
use zs_client::{Destination, LineKey, PoolId, Told};
use zs_io::{Address, Millis};
use zs_proto::request::HeadScan;
use zs_proto::{Head, ascii, regex, response};

use super::{Proxies, attempt};
use crate::connection::BodyReader;
use crate::exchange::{Carrier, Exchange, Origin};
use crate::expand::Expander;
use crate::limits::{FIELDS_MAX, HEALTH_BODY_BYTES_MAX, RESPONSE_HEAD_BYTES_MAX};
use crate::log;
use crate::site::LoadedSite;
use crate::worker::Worker;

/// The function table of the part.
#[derive(Debug)]
pub struct HealthTable {
    /// Makes the prober of a site.
    pub(super) prober: fn(&'static LoadedSite) -> Box<dyn Prober>,
}

/// The part's functions.
pub(crate) const TABLE: HealthTable = HealthTable {
    prober: |site| Box::new(Checks::new(site)),
};

/// Who makes health checks.
pub(super) trait Prober: std::fmt::Debug {
    /// Begins.
    fn start(&mut self, worker: &mut Worker);
    /// A timer of [`super::PROBE_TIMER`] has run out.
    fn timer(&mut self, proxies: &mut Proxies, worker: &mut Worker, number: u64);
    /// The client tells of a line that may be the prober's.
    fn told(&mut self, proxies: &mut Proxies, worker: &mut Worker, line: LineKey, told: &Told);
}

/// The prober of this process, if this worker is to be it.
pub(super) fn prober(site: &'static LoadedSite) -> Option<Box<dyn Prober>> {
    let table = site.capability(Capability::ProxyHealth)?;
    if !site.upstreams().claim_prober() {
        return None;
    }
    let table = super::table::health(table);
    Some((table.prober)(site))
}

/// All health checks of a site.
#[derive(Debug)]
struct Checks {
    site: &'static LoadedSite,
    checks: Vec<HealthCheck>,
    /// By the number of their record.
    probes: Vec<Probe>,
    /// An exchange without a request, for placeholders that need none.
    blank: Box<Exchange>,
    scratch: regex::Scratch,
}

/// The checks of one upstream.
#[derive(Debug)]
struct Probe {
    record: Record,
    check: u32,
    line: Option<LineKey>,
    deadline: Millis,
    input: Vec<u8>,
    scan: HeadScan,
    /// How the body is read, once the head has come and said something good.
    body: Option<BodyReader>,
    text: Vec<u8>,
    /// Good and bad checks since the upstream's health has changed.
    passes: u32,
    fails: u32,
}

/// What a check has come to.
type Verdict = Result<(), String>;

/// Says that a timer is that of a probe that has begun, not of a round.
const DEADLINE: u64 = 1 << 27;

impl Checks {
    fn new(site: &'static LoadedSite) -> Self {
        let checks: Vec<HealthCheck> = site.data.all().collect();
        let mut probes: Vec<Probe> = Vec::new();
        for (number, check) in (0..).zip(&checks) {
            probes.extend(site.data.range::<Record>(check.probes).map(|record| Probe {
                record,
                check: number,
                line: None,
                deadline: Millis(0),
                input: Vec::new(),
                scan: HeadScan::default(),
                body: None,
                text: Vec::new(),
                passes: 0,
                fails: 0,
            }));
        }
        let origin = Origin {
            remote: None,
            local: std::rc::Rc::new(Address::Unix(Default::default())),
            tls: None,
        };
        let carrier = Carrier::Subrequest {
            parent: zs_io::Key::from_bits(0),
            resume: EntryId(0),
            depth: 0,
        };
        Self {
            site,
            checks,
            probes,
            blank: Box::new(Exchange::new(ServerId(0), carrier, origin)),
            scratch: regex::Scratch::default(),
        }
    }

    fn expand(&self, worker: &Worker, value: &Value) -> Vec<u8> {
        let mut buffer = Vec::new();
        let expander = Expander {
            site: self.site,
            exchange: &self.blank,
            clock: worker.io.clock(),
        };
        expander.value(value, &mut buffer).to_vec()
    }

    /// Begins a check, unless the one before still goes on.
    fn begin(&mut self, proxies: &mut Proxies, worker: &mut Worker, number: usize) {
        let (record, check) = {
            let probe = &self.probes[number];
            if probe.line.is_some() {
                return;
            }
            (probe.record, self.checks[probe.check as usize])
        };
        let proxy = *proxies.proxy(check.proxy);
        let host = self.expand(worker, &record.host);
        let port = self.expand(worker, &record.port);
        let mut name = self.expand(worker, &proxy.server_name);
        if name.is_empty() {
            name.clone_from(&host);
        }
        let unix = record.kind == LISTEN_UNIX;
        let opened = attempt::host(&host, &port, unix).and_then(|host| {
            let tls = proxies.tls(&proxy, &name)?;
            Ok(Destination {
                pool: PoolId(proxy.upstreams.first),
                label: Vec::new(),
                host,
                tls,
                dial_ms: u64::from(proxy.dial_ms.min(check.timeout_ms)),
                handshake_ms: u64::from(proxy.handshake_ms.min(check.timeout_ms)),
            })
        });
        let destination = match opened {
            Ok(destination) => destination,
            Err(reason) => return self.judge(number, Err(reason)),
        };
        let deadline = worker.io.now().after(u64::from(check.timeout_ms));
        let line = proxies
            .client
            .open(&mut worker.io, destination, &mut proxies.tell);
        let probe = &mut self.probes[number];
        probe.line = Some(line);
        probe.deadline = deadline;
        probe.input.clear();
        probe.text.clear();
        probe.scan = HeadScan::default();
        probe.body = None;
        let token = super::PROBE_TIMER | DEADLINE | (number as u64) << 32;
        worker.io.timer(deadline, Worker::proxy_token(token));
    }

    /// The whole request.
    fn request(&self, worker: &Worker, record: &Record) -> Vec<u8> {
        let mut out = self.expand(worker, &record.head);
        let body = self.expand(worker, &record.body);
        if !body.is_empty() {
            out.extend_from_slice(b"Content-Length: ");
            ascii::push_decimal(&mut out, body.len() as u64);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&body);
        out
    }

    /// Takes bytes of a response; what the check has come to, if that is known.
    fn received(&mut self, number: usize, bytes: &[u8]) -> Option<Verdict> {
        let probe = &mut self.probes[number];
        let check = self.checks[probe.check as usize];
        probe.input.extend_from_slice(bytes);
        if probe.input.len() > RESPONSE_HEAD_BYTES_MAX {
            return Some(Err("the response's head is too long".to_owned()));
        }
        while probe.body.is_none() {
            let len = probe.scan.find(&probe.input)?;
            let raw: Vec<u8> = probe.input.drain(..len).collect();
            let mut head = Head::new();
            let is_head = check.head_request != 0;
            let line = match response::parse(&raw, is_head, FIELDS_MAX, &mut head) {
                Ok(line) => line,
                Err(error) => return Some(Err(error.describe().to_owned())),
            };
            let status = u32::from(line.status);
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            if !(check.status_low..=check.status_high).contains(&status) {
                return Some(Err(format!("unexpected status code {status}")));
            }
            if check.expected.is_none() {
                return Some(Ok(()));
            }
            probe.body = Some(BodyReader::new(line.body));
        }
        let body = probe.body.as_mut()?;
        loop {
            if body.is_done() || probe.text.len() >= HEALTH_BODY_BYTES_MAX {
                return Some(self.matches(number));
            }
            match body.take(&probe.input) {
                Ok((0, _)) => return None,
                Ok((used, data)) => {
                    probe.text.extend_from_slice(data);
                    probe.input.drain(..used);
                }
                Err(_) => return Some(Err("malformed chunks".to_owned())),
            }
        }
    }

    /// Whether the body is as expected.
    fn matches(&mut self, number: usize) -> Verdict {
        let probe = &mut self.probes[number];
        let check = self.checks[probe.check as usize];
        let most = match check.body_bytes_max {
            0 => HEALTH_BODY_BYTES_MAX,
            most => most as usize,
        };
        let text = &probe.text[..probe.text.len().min(most)];
        let program = check.expected.and_then(|regex| self.site.regex(regex));
        match program {
            Some(program) if !program.search(text, 0, &mut [], &mut self.scratch) => {
                Err("the response's body is not as expected".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// A check is over.
    fn finish(
        &mut self,
        proxies: &mut Proxies,
        worker: &mut Worker,
        number: usize,
        verdict: Verdict,
    ) {
        if let Some(line) = self.probes[number].line.take() {
            proxies.client.close(&mut worker.io, line);
        }
        self.judge(number, verdict);
    }

    /// Counts a check. As with Caddy, counts begin anew when the health of the
    /// upstream changes, and only then.
    fn judge(&mut self, number: usize, verdict: Verdict) {
        let probe = &mut self.probes[number];
        let check = &self.checks[probe.check as usize];
        let (count, enough) = match &verdict {
            Ok(()) => (&mut probe.passes, check.passes),
            Err(_) => (&mut probe.fails, check.fails),
        };
        *count = count.saturating_add(1);
        let backend = probe.record.backend;
        let upstreams = self.site.upstreams();
        if *count < enough || !upstreams.set_healthy(backend, verdict.is_ok()) {
            return;
        }
        (probe.passes, probe.fails) = (0, 0);
        let name = upstreams.backend(backend).map(|backend| backend.name);
        let name = self.site.text(name.unwrap_or_default()).escape_ascii();
        match verdict {
            Ok(()) => log::line(format_args!("upstream {name} is healthy")),
            Err(reason) => log::line(format_args!("upstream {name} is not healthy: {reason}")),
        }
    }
}

impl Prober for Checks {
    fn start(&mut self, worker: &mut Worker) {
        for number in 0..self.checks.len() as u64 {
            let token = super::PROBE_TIMER | number << 32;
            worker.io.timer(worker.io.now(), Worker::proxy_token(token));
        }
    }

    fn timer(&mut self, proxies: &mut Proxies, worker: &mut Worker, number: u64) {
        let index = (number >> 32) as usize;
        if number & DEADLINE != 0 {
            let late = self
                .probes
                .get(index)
                .is_some_and(|probe| probe.line.is_some() && probe.deadline <= worker.io.now());
            if late {
                self.finish(proxies, worker, index, Err("timeout".to_owned()));
            }
            return;
        }
        let Some(check) = self.checks.get(index) else {
            return;
        };
        let at = worker.io.now().after(u64::from(check.interval_ms));
        worker.io.timer(at, Worker::proxy_token(number));
        for probe in 0..self.probes.len() {
            if self.probes[probe].check as usize == index {
                self.begin(proxies, worker, probe);
            }
        }
    }

    fn told(&mut self, proxies: &mut Proxies, worker: &mut Worker, line: LineKey, told: &Told) {
        let mut probes = self.probes.iter();
        let Some(number) = probes.position(|probe| probe.line == Some(line)) else {
            return;
        };
        let verdict = match told {
            Told::Ready => {
                let request = self.request(worker, &self.probes[number].record);
                proxies.client.send(&mut worker.io, line, request);
                return;
            }
            Told::Failed(failure) => {
                // The line is gone already.
                self.probes[number].line = None;
                return self.judge(number, Err(failure.to_string()));
            }
            Told::Received(bytes) => match self.received(number, bytes) {
                Some(verdict) => verdict,
                None => return,
            },
            Told::Sent(_) | Told::Deadline => return,
            Told::Ended if matches!(self.probes[number].body, Some(BodyReader::Tunnel)) => {
                self.matches(number)
            }
            Told::Ended | Told::Broken => Err("the connection was closed".to_owned()),
        };
        self.finish(proxies, worker, number, verdict);
    }
}

const _: () = assert!(std::mem::size_of::<tables::Probe>() < 256);

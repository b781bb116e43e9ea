//! An attempt: an upstream is chosen, and a line to it is taken or begun.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use zs_abi::data::Range;
use zs_abi::tables::{Balance, LISTEN_UNIX, PROXY_TLS, PROXY_TLS_INSECURE, ProxyId, Upstream};
use zs_client::tls::Stream;
use zs_client::{Destination, Host, LineKey, PoolId};
use zs_io::{Address, Key};
use zs_proto::ascii;

use super::again::{Cause, Failure, Passage};
use super::job::{Plan, Sending};
use super::{After, Proxies, head};
use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;
use crate::worker::{Detour, Worker};

impl Proxies {
    /// Begins to pass an exchange on.
    pub fn start(&mut self, worker: &mut Worker, key: Key, proxy: ProxyId) {
        self.set_passage(Passage::new(key, proxy, worker.io.now()));
        self.select(worker, key);
    }

    /// Begins an attempt with an upstream that is chosen now.
    pub fn select(&mut self, worker: &mut Worker, key: Key) {
        let Some(passage) = self.passage(key) else {
            return;
        };
        passage.attempted = worker.io.now();
        let proxy = passage.proxy;
        let record = *self.proxy(proxy);
        let (choice, sending) = match choose(worker, key, proxy, &record) {
            Ok(Some(choice)) => choice,
            Ok(None) => {
                let reason = "no upstreams available".to_string();
                let (cause, status) = (Cause::NoUpstream, 503);
                let failure = Failure {
                    cause,
                    status,
                    reason,
                };
                self.failed(worker, key, failure);
                return;
            }
            Err(detour) => {
                self.after.push(After::Detour(key, detour));
                return;
            }
        };
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        let replayable = sending == Sending::Done && is_idempotent(&exchange.request.method);
        if let Some(entry) = record.request_entry
            && let Some(detour) = worker.run_point(key, entry, 0)
        {
            self.after.push(After::Detour(key, detour));
            return;
        }
        let plan = Plan {
            proxy,
            upstream: choice.upstream,
            backend: choice.backend,
            sending,
            reused: true,
            replayable,
        };
        self.attempt(worker, key, plan);
    }

    /// Takes a line for an exchange, an idle one if the plan says so.
    pub fn attempt(&mut self, worker: &mut Worker, key: Key, mut plan: Plan) {
        let Some(exchange) = worker.exchange(key) else {
            return;
        };
        let mut label = Vec::new();
        let site = worker.site();
        let Some(upstream) = site.data.record::<Upstream>(plan.upstream) else {
            return;
        };
        let record = *self.proxy(plan.proxy);
        let varies = upstream.host.template.is_some()
            || upstream.port.template.is_some()
            || record.server_name.template.is_some();
        if varies {
            label.extend_from_slice(&exchange.upstream.host);
            label.push(b' ');
            label.extend_from_slice(&exchange.upstream.port);
        }
        let mut server_name = Vec::new();
        if record.flags & PROXY_TLS != 0 {
            let clock = worker.io.clock();
            server_name = server_name_of(site, exchange, clock, &record);
            if varies {
                label.push(b' ');
                label.extend_from_slice(&server_name);
            }
        }
        let pool = PoolId(plan.upstream);
        let idle = if plan.reused {
            self.client.take_idle(pool, &label)
        } else {
            None
        };
        if let Some(line) = idle {
            self.begin(key, line, plan);
            self.ready(worker, line);
            return;
        }
        plan.reused = false;
        let to = &exchange.upstream;
        let host = match host(&to.host, &to.port, upstream.kind == LISTEN_UNIX) {
            Ok(host) => host,
            Err(reason) => {
                self.after.push(After::Raise(key, 502, reason));
                return;
            }
        };
        let tls = match self.tls(&record, &server_name) {
            Ok(tls) => tls,
            Err(reason) => {
                self.after.push(After::Raise(key, 502, reason));
                return;
            }
        };
        let destination = Destination {
            pool,
            label,
            host,
            tls,
            dial_ms: u64::from(record.dial_ms),
            handshake_ms: u64::from(record.handshake_ms),
        };
        let line = self
            .client
            .open(&mut worker.io, destination, &mut self.tell);
        self.begin(key, line, plan);
    }

    fn begin(&mut self, exchange: Key, line: LineKey, plan: Plan) {
        let index = line.index();
        if self.jobs.len() <= index {
            self.jobs.resize_with(index + 1, Default::default);
        }
        self.jobs[index].begin(line, exchange, plan);
        if let Some(backend) = plan.backend {
            self.site.upstreams().begin(backend);
        }
        if let Some(passage) = self.passage(exchange) {
            passage.line = Some(line);
        }
    }

    /// There is no line.
    pub fn dial_failed(&mut self, worker: &mut Worker, line: LineKey, told: &zs_client::Failure) {
        use zs_client::Failure as Told;
        // To Go a failed dial is no timeout, even if it took too long.
        let (cause, status) = match told {
            Told::Handshake => (Cause::Line, 504),
            Told::Tls(_) => (Cause::Line, 502),
            Told::Name(_) | Told::Connect(..) | Told::Timeout | Told::System(_) => {
                (Cause::Dial, 502)
            }
        };
        let failure = Failure {
            cause,
            status,
            reason: told.to_string(),
        };
        self.fail(worker, line, failure);
    }

    /// The line has ended before it should.
    pub fn broken(&mut self, worker: &mut Worker, line: LineKey, reason: &str) {
        let job = self.job(line);
        if !(job.reused && job.replayable && !job.answered) {
            self.fail(worker, line, Failure::of_line(502, reason));
            return;
        }
        // An idle line's end and the request have crossed: once more on a new
        // one (RFC 9112 §9.3.1).
        let plan = Plan {
            proxy: job.proxy,
            upstream: job.upstream,
            backend: job.backend,
            sending: Sending::Done,
            reused: false,
            replayable: false,
        };
        if let Some(exchange) = self.drop_line(worker, line) {
            if let Some(exchange) = worker.exchange_mut(exchange) {
                exchange.proxied = true;
            }
            self.attempt(worker, exchange, plan);
        }
    }

    /// TLS to a server of a name, if the proxy speaks it.
    pub(super) fn tls(
        &mut self,
        record: &zs_abi::tables::Proxy,
        name: &[u8],
    ) -> Result<Option<Box<dyn Stream>>, String> {
        if record.flags & PROXY_TLS == 0 {
            return Ok(None);
        }
        let table = self.tls.ok_or("TLS to upstreams is not linked")?;
        let insecure = record.flags & PROXY_TLS_INSECURE != 0;
        let connector = &mut self.connectors[usize::from(insecure)];
        let connector = match connector {
            Some(connector) => connector,
            None => connector.insert((table.connector)(insecure)?),
        };
        connector.connect(name).map(Some)
    }
}

/// An upstream that was chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    /// The number of its record.
    pub upstream: u32,
    /// The number of its backend, if the proxy has some.
    pub backend: Option<u32>,
}

/// Prepares the request and chooses an upstream for it, which the exchange then
/// knows: the upstream, if one is available, and how the body is sent.
pub(super) fn choose(
    worker: &mut Worker,
    key: Key,
    proxy: ProxyId,
    record: &zs_abi::tables::Proxy,
) -> Result<Option<(Chosen, Sending)>, Detour> {
    let site = worker.site();
    let Some(exchange) = worker.exchange_mut(key) else {
        return Ok(None);
    };
    let trusted = exchange.client.is_trusted_by(proxy);
    let sending = head::prepare(exchange, trusted);
    let balance = record.balance.and_then(|number| site.data.record(number.0));
    let chosen = match balance {
        None => Some(Chosen {
            upstream: record.upstreams.first,
            backend: None,
        }),
        Some(balance) => choose_backend(worker, key, &balance)?.map(|backend| Chosen {
            upstream: record.upstreams.first + backend - balance.backends.first,
            backend: Some(backend),
        }),
    };
    let clock = worker.io.clock();
    let upstream = chosen.and_then(|chosen| site.data.record::<Upstream>(chosen.upstream));
    let (Some(chosen), Some(upstream)) = (chosen, upstream) else {
        return Ok(None);
    };
    let Some(exchange) = worker.exchange_mut(key) else {
        return Ok(None);
    };
    name_upstream(site, exchange, clock, &upstream);
    head::name_host(exchange, record, upstream.kind == LISTEN_UNIX);
    Ok(Some((chosen, sending)))
}

/// The backend that site code chooses, or the first that is available.
fn choose_backend(worker: &mut Worker, key: Key, balance: &Balance) -> Result<Option<u32>, Detour> {
    let Range { first, count } = balance.backends;
    let Some(entry) = balance.choose_entry else {
        let upstreams = worker.site().upstreams();
        return Ok((first..first + count).find(|number| upstreams.is_available(*number)));
    };
    if let Some(exchange) = worker.exchange_mut(key) {
        exchange.upstream.chosen = None;
    }
    if let Some(detour) = worker.run_point(key, entry, 0) {
        return Err(detour);
    }
    let chosen = worker
        .exchange(key)
        .and_then(|exchange| exchange.upstream.chosen);
    Ok(chosen.filter(|number| (first..first + count).contains(number)))
}

/// Writes host and port of the chosen upstream into the exchange.
fn name_upstream(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: zs_io::Clock,
    upstream: &Upstream,
) {
    let mut host = std::mem::take(&mut exchange.upstream.host);
    let mut port = std::mem::take(&mut exchange.upstream.port);
    let expander = Expander {
        site,
        exchange,
        clock,
    };
    for (value, out) in [(&upstream.host, &mut host), (&upstream.port, &mut port)] {
        out.clear();
        match value.template {
            None => out.extend_from_slice(site.text(value.text)),
            Some(template) => expander.template(template, out),
        }
    }
    exchange.upstream.host = host;
    exchange.upstream.port = port;
}

/// The name to verify and to ask for.
fn server_name_of(
    site: &'static LoadedSite,
    exchange: &Exchange,
    clock: zs_io::Clock,
    record: &zs_abi::tables::Proxy,
) -> Vec<u8> {
    let mut buffer = Vec::new();
    let expander = Expander {
        site,
        exchange,
        clock,
    };
    let name = expander.value(&record.server_name, &mut buffer);
    let name = if name.is_empty() {
        &exchange.upstream.host
    } else {
        name
    };
    let literal = name
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    literal.unwrap_or(name).to_vec()
}

/// The host to connect to.
pub(super) fn host(host: &[u8], port: &[u8], unix: bool) -> Result<Host, String> {
    if unix {
        let path = PathBuf::from(OsStr::from_bytes(host));
        return Ok(Host::Address(Address::Unix(path)));
    }
    let number = ascii::parse_decimal(port);
    let number = number.and_then(|port| u16::try_from(port).ok());
    let number = number.filter(|port| *port > 0).ok_or_else(|| {
        let text = port.escape_ascii();
        format!("{text} is no port of an upstream")
    })?;
    if host.is_empty() {
        return Err("the upstream's host is empty".to_string());
    }
    Ok(Host::Name(host.to_vec(), number))
}

/// Methods that can be repeated without harm (RFC 9110 §9.2.2).
fn is_idempotent(method: &[u8]) -> bool {
    matches!(
        method,
        b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"PUT" | b"DELETE"
    )
}

//! An attempt: an upstream is chosen, and a line to it is taken or begun.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use zs_abi::tables::{LISTEN_UNIX, PROXY_TLS, PROXY_TLS_INSECURE, ProxyId, Upstream};
use zs_client::tls::Stream;
use zs_client::{Destination, Failure, Host, LineKey, PoolId};
use zs_io::{Address, Key};
use zs_proto::ascii;

use super::job::{Plan, Sending};
use super::{After, Proxies, head};
use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;
use crate::worker::Worker;

impl Proxies {
    /// Begins to pass an exchange on.
    pub fn start(&mut self, worker: &mut Worker, key: Key, proxy: ProxyId) {
        let record = *self.proxy(proxy);
        let site = worker.site();
        if record.upstreams.count == 0 {
            let reason = "there is no upstream".to_string();
            self.after.push(After::Raise(key, 503, reason));
            return;
        }
        let number = record.upstreams.first + self.choose(record.upstreams.count);
        let Some(upstream) = site.data.record::<Upstream>(number) else {
            let reason = format!("upstream {number} does not exist");
            self.after.push(After::Raise(key, 500, reason));
            return;
        };
        let clock = worker.io.clock();
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        let sending = prepare(site, exchange, clock, &record, &upstream);
        let replayable = sending == Sending::Done && is_idempotent(&exchange.request.method);
        if let Some(entry) = record.request_entry
            && let Some(detour) = worker.run_point(key, entry, 0)
        {
            self.after.push(After::Detour(key, detour));
            return;
        }
        let plan = Plan {
            proxy,
            upstream: number,
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
        let host = match host(exchange, &upstream) {
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
        self.set_link(exchange, line);
    }

    /// There is no line.
    pub fn dial_failed(&mut self, worker: &mut Worker, line: LineKey, failure: &Failure) {
        // To Go a failed dial is no timeout, even if it took too long.
        let status = match failure {
            Failure::Handshake => 504,
            _ => 502,
        };
        self.fail(worker, line, status, &failure.to_string());
    }

    /// The line has ended before it should.
    pub fn broken(&mut self, worker: &mut Worker, line: LineKey, reason: &str) {
        let job = self.job(line);
        if !(job.reused && job.replayable && !job.answered) {
            self.fail(worker, line, 502, reason);
            return;
        }
        // An idle line's end and the request have crossed: once more on a new
        // one (RFC 9112 §9.3.1).
        let plan = Plan {
            proxy: job.proxy,
            upstream: job.upstream,
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

    /// One of so many, at random.
    fn choose(&mut self, count: u32) -> u32 {
        if count == 1 {
            return 0;
        }
        // Xorshift: spread evenly enough, and not a secret.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (((self.random >> 32) * u64::from(count)) >> 32) as u32
    }

    fn tls(
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

/// Fills in what the exchange knows of the attempt: the upstream, and the
/// fields that it gets; how the body is sent.
pub(super) fn prepare(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: zs_io::Clock,
    record: &zs_abi::tables::Proxy,
    upstream: &Upstream,
) -> Sending {
    name_upstream(site, exchange, clock, upstream);
    head::prepare(exchange, record, upstream.kind == LISTEN_UNIX)
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

fn host(exchange: &Exchange, upstream: &Upstream) -> Result<Host, String> {
    let host = &exchange.upstream.host;
    if upstream.kind == LISTEN_UNIX {
        let path = PathBuf::from(OsStr::from_bytes(host));
        return Ok(Host::Address(Address::Unix(path)));
    }
    let port = ascii::parse_decimal(&exchange.upstream.port);
    let port = port.and_then(|port| u16::try_from(port).ok());
    let port = port.filter(|port| *port > 0).ok_or_else(|| {
        let text = exchange.upstream.port.escape_ascii();
        format!("{text} is no port of an upstream")
    })?;
    if host.is_empty() {
        return Err("the upstream's host is empty".to_string());
    }
    Ok(Host::Name(host.clone(), port))
}

/// Methods that can be repeated without harm (RFC 9110 §9.2.2).
fn is_idempotent(method: &[u8]) -> bool {
    matches!(
        method,
        b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"PUT" | b"DELETE"
    )
}

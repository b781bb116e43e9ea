//! `reverse_proxy`: a proxy record, and the code of its attempts.

use zs_abi::tables::{
    LISTEN_TCP, LISTEN_UNIX, PROXY_HOST_UPSTREAM, PROXY_TLS, PROXY_TLS_INSECURE, Proxy as Record,
    ProxyId, Upstream as UpstreamRecord, Value as DataValue,
};
use zs_abi::{Capability, HeadTarget};
use zs_config::model::{Dial, Duration, HttpTransport, ReverseProxy, Transport, Upstream};

use super::Lowering;
use super::code::Code;
use crate::program::{Act, FunctionId, Op, Proxy, Target};
use crate::template::Unknown;

/// Time to connect to an upstream unless the configuration says otherwise, in
/// milliseconds (Caddy: 3 s).
const DIAL_MS: u32 = 3_000;

/// Time to agree on TLS with an upstream unless the configuration says
/// otherwise, in milliseconds. Caddy sets no limit of its own; ten seconds are
/// what Go's clients have by default.
const HANDSHAKE_MS: u32 = 10_000;

/// Time an idle upstream connection is kept, in milliseconds (Caddy: 2 min).
const KEEPALIVE_MS: u32 = 120_000;

/// Idle connections kept for each upstream (Caddy: 32 per host); a burst keeps more
/// for a moment, see `zs_client`.
const IDLE_MAX: u32 = 32;

impl Lowering<'_> {
    /// Writes the `reverse_proxy` handler.
    pub(super) fn reverse_proxy(&mut self, code: &mut Code, proxy: &ReverseProxy) {
        let transport = match &proxy.transport {
            Some(Transport::Http(transport)) => transport.clone(),
            None => HttpTransport::default(),
            Some(_) => {
                let what = "this transport";
                self.unsupported(proxy.origin.span(), what, "use `transport http`");
                return;
            }
        };
        if proxy.upstreams.len() != 1 {
            let what = format!("`reverse_proxy` with {} upstreams", proxy.upstreams.len());
            self.unsupported(proxy.origin.span(), &what, "name exactly one upstream");
            return;
        }
        let Some(number) = self.proxy_record(&proxy.upstreams, &transport) else {
            return;
        };
        let (request, response) = self.attempt(code, proxy);
        let proxy = &mut self.program.proxies[number.0 as usize];
        (proxy.request, proxy.response) = (request, response);
        proxy.owner = self.owner;
        code.act(Act::Proxy(number));
    }

    /// The code run with the upstream's request and response.
    fn attempt(
        &mut self,
        code: &mut Code,
        proxy: &ReverseProxy,
    ) -> (Option<Target>, Option<Target>) {
        let Some(headers) = &proxy.headers else {
            return (None, None);
        };
        let request = headers.request.as_ref().map(|ops| {
            let (entered, main) = (code.block(), code.block());
            code.jump(main);
            let aside = code.enter();
            code.go(entered);
            let list = self.header_list(ops, proxy.origin);
            code.op(Op::HeaderOps {
                list,
                target: HeadTarget::UpstreamRequest,
            });
            code.act(Act::End);
            code.leave(aside);
            code.go(main);
            Target::Block(entered)
        });
        let response = headers
            .response
            .as_ref()
            .map(|ops| self.response_code(code, ops, HeadTarget::UpstreamResponse, proxy.origin));
        (request, response)
    }

    fn proxy_record(
        &mut self,
        upstreams: &[Upstream],
        transport: &HttpTransport,
    ) -> Option<ProxyId> {
        let mut flags = 0;
        let mut server_name = DataValue::default();
        let mut handshake_ms = HANDSHAKE_MS;
        self.program.capabilities.insert(Capability::Proxy);
        if let Some(tls) = &transport.tls {
            self.program.capabilities.insert(Capability::ProxyTls);
            flags |= PROXY_TLS | PROXY_HOST_UPSTREAM;
            if tls.insecure_skip_verify {
                flags |= PROXY_TLS_INSECURE;
            }
            server_name = self.value(&tls.server_name, Unknown::Empty);
            handshake_ms = millis(tls.handshake_timeout).unwrap_or(HANDSHAKE_MS);
        }
        let records: Vec<UpstreamRecord> = upstreams
            .iter()
            .filter_map(|upstream| self.upstream(upstream))
            .collect();
        if records.len() != upstreams.len() {
            return None;
        }
        let record = Record {
            upstreams: self.program.data.extend(&records),
            request_entry: None,
            response_entry: None,
            dial_ms: millis(transport.dial_timeout).unwrap_or(DIAL_MS),
            handshake_ms,
            response_header_ms: millis(transport.response_header_timeout).unwrap_or(0),
            read_ms: millis(transport.read_timeout).unwrap_or(0),
            write_ms: millis(transport.write_timeout).unwrap_or(0),
            flags,
            server_name,
            keepalive_ms: KEEPALIVE_MS,
            idle_max: IDLE_MAX,
        };
        let owner = FunctionId(u32::MAX);
        self.program.proxies.push(Proxy {
            record,
            request: None,
            response: None,
            owner,
        });
        Some(ProxyId(self.program.proxies.len() as u32 - 1))
    }

    fn upstream(&mut self, upstream: &Upstream) -> Option<UpstreamRecord> {
        let constant = |this: &mut Self, text: &str| DataValue {
            text: this.program.data.text(text),
            template: None,
        };
        Some(match &upstream.dial {
            Dial::Tcp { host, port } => {
                let host = if host.is_empty() { "localhost" } else { host };
                UpstreamRecord {
                    kind: LISTEN_TCP,
                    host: constant(self, host),
                    port: constant(self, &port.to_string()),
                }
            }
            Dial::Unix { path } => UpstreamRecord {
                kind: LISTEN_UNIX,
                host: constant(self, path),
                port: DataValue::default(),
            },
            Dial::Template(text) => {
                let Some((host, port)) = text
                    .rsplit_once(':')
                    .filter(|(_, port)| !port.contains('}'))
                else {
                    let what = "an upstream whose port is part of a placeholder";
                    self.unsupported(upstream.origin.span(), what, "write `{placeholder}:port`");
                    return None;
                };
                UpstreamRecord {
                    kind: LISTEN_TCP,
                    host: self.value(host, Unknown::Empty),
                    port: constant(self, port),
                }
            }
            other => {
                let what = format!("the upstream `{other}`");
                self.unsupported(
                    upstream.origin.span(),
                    &what,
                    "name a host and port, or a unix socket",
                );
                return None;
            }
        })
    }
}

/// A duration in milliseconds; `None` when it is not set.
fn millis(duration: Duration) -> Option<u32> {
    (duration.0 > 0).then(|| u32::try_from(duration.as_millis_ceil()).unwrap_or(u32::MAX))
}

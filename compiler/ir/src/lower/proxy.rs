//! `reverse_proxy`: a proxy record, and the code of its attempts.

use zs_abi::tables::{
    LISTEN_TCP, LISTEN_UNIX, PROXY_HOST_UPSTREAM, PROXY_TLS, PROXY_TLS_INSECURE, Proxy as Record,
    ProxyId, Upstream as UpstreamRecord, Value as DataValue,
};
use zs_abi::{Capability, HeadTarget, OpenKind};
use zs_config::model::{
    Dial, Duration, HttpTransport, Origin, ReverseProxy, Transport, Upstream, UpstreamTls,
};

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
            Some(Transport::Http(transport)) => HttpTransport::clone(transport),
            None => HttpTransport::default(),
            Some(_) => {
                let what = "this transport";
                self.unsupported(proxy.origin.span(), what, "use `transport http`");
                return;
            }
        };
        self.refuse_proxy_settings(proxy);
        self.refuse_transport_settings(&transport, proxy.origin);
        if proxy.upstreams.is_empty() {
            let what = "`reverse_proxy` without an upstream";
            self.unsupported(proxy.origin.span(), what, "name one");
            return;
        }
        let Some(number) = self.proxy_record(&proxy.upstreams, &transport) else {
            return;
        };
        self.trust_for(code, number, &proxy.trusted_proxies, proxy.origin.span());
        let (request, response) = self.attempt(code, proxy);
        let balance = self.balance(code, proxy, number);
        let proxy = &mut self.program.proxies[number.0 as usize];
        (proxy.request, proxy.response) = (request, response);
        proxy.balance = balance;
        proxy.owner = self.owner;
        code.act(Act::Proxy(number));
    }

    /// Refuses what a proxy is told to do and does not do yet.
    fn refuse_proxy_settings(&mut self, proxy: &ReverseProxy) {
        let none = Duration::default();
        let ReverseProxy {
            transport: _,
            load_balancing: _,
            health_checks: _,
            upstreams: _,
            dynamic_upstreams,
            flush_interval,
            trusted_proxies: _,
            headers: _,
            request_buffers,
            response_buffers,
            stream_timeout,
            stream_buffer_size,
            stream_close_delay,
            rewrite,
            handle_response,
            verbose_logs,
            origin,
        } = proxy;
        let set = [
            (dynamic_upstreams.is_some(), "upstreams that are looked up"),
            (*flush_interval != none, "`flush_interval`"),
            (*request_buffers != 0, "`request_buffers`"),
            (*response_buffers != 0, "`response_buffers`"),
            (*stream_timeout != none, "`stream_timeout`"),
            (*stream_buffer_size != 0, "`stream_buffer_size`"),
            (*stream_close_delay != none, "`stream_close_delay`"),
            (rewrite.is_some(), "`rewrite` of a proxy"),
            (!handle_response.is_empty(), "`handle_response`"),
            (*verbose_logs, "`verbose_logs`"),
        ];
        self.refuse_set(&set, *origin);
    }

    /// Refuses what a transport is told to do and does not do yet.
    fn refuse_transport_settings(&mut self, transport: &HttpTransport, origin: Origin) {
        let none = Duration::default();
        let HttpTransport {
            resolver,
            tls,
            keep_alive,
            compression,
            max_conns_per_host,
            proxy_protocol,
            forward_proxy_url,
            dial_timeout: _,
            dial_fallback_delay,
            response_header_timeout: _,
            expect_continue_timeout,
            max_response_header_size,
            write_buffer_size,
            read_buffer_size,
            read_timeout: _,
            write_timeout: _,
            versions,
            local_address,
            network_proxy,
        } = transport;
        let set = [
            (resolver.is_some(), "`resolvers` of a proxy"),
            (keep_alive.is_some(), "`keepalive`"),
            (compression.is_some(), "`compression` of a proxy"),
            (*max_conns_per_host != 0, "`max_conns_per_host`"),
            (!proxy_protocol.is_empty(), "`proxy_protocol` to upstreams"),
            (!forward_proxy_url.is_empty(), "`forward_proxy_url`"),
            (*dial_fallback_delay != none, "`dial_fallback_delay`"),
            (
                *expect_continue_timeout != none,
                "`expect_continue_timeout`",
            ),
            (*max_response_header_size != 0, "`max_response_header`"),
            (*write_buffer_size != 0, "`write_buffer`"),
            (*read_buffer_size != 0, "`read_buffer`"),
            (!versions.is_empty(), "`versions` of a proxy"),
            (!local_address.is_empty(), "`local_address`"),
            (network_proxy.is_some(), "`network_proxy`"),
        ];
        self.refuse_set(&set, origin);
        let Some(tls) = tls else { return };
        let UpstreamTls {
            ca,
            root_ca_pool,
            root_ca_pem_files,
            client_certificate_file,
            client_certificate_key_file,
            client_certificate_automate,
            insecure_skip_verify: _,
            handshake_timeout: _,
            server_name: _,
            renegotiation,
            except_ports,
            curves,
        } = tls;
        let client = [
            client_certificate_file,
            client_certificate_key_file,
            client_certificate_automate,
        ];
        let roots = !root_ca_pool.is_empty() || !root_ca_pem_files.is_empty();
        let set = [
            (ca.is_some() || roots, "a trust pool for upstreams"),
            (
                client.iter().any(|text| !text.is_empty()),
                "`tls_client_auth`",
            ),
            (!renegotiation.is_empty(), "`tls_renegotiation`"),
            (!except_ports.is_empty(), "`tls_except_ports`"),
            (!curves.is_empty(), "`tls_curves`"),
        ];
        self.refuse_set(&set, origin);
    }

    /// Refuses those settings that are there.
    fn refuse_set(&mut self, settings: &[(bool, &str)], origin: Origin) {
        for (_, what) in settings.iter().filter(|(is_set, _)| *is_set) {
            self.unsupported(origin.span(), what, "remove it to build the rest");
        }
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
            server_name = self.open_value(&tls.server_name, Unknown::Empty, OpenKind::Upstream);
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
            balance: None,
        };
        let owner = FunctionId(u32::MAX);
        self.program.proxies.push(Proxy {
            record,
            request: None,
            response: None,
            balance: None,
            owner,
        });
        Some(ProxyId(self.program.proxies.len() as u32 - 1))
    }

    pub(super) fn upstream(&mut self, upstream: &Upstream) -> Option<UpstreamRecord> {
        let constant = |this: &mut Self, text: &str| DataValue {
            text: this.program.data.text(text),
            template: None,
        };
        Some(match &upstream.dial {
            Dial::Tcp { host, port } => {
                let host = if host.is_empty() { "localhost" } else { host };
                UpstreamRecord {
                    kind: LISTEN_TCP,
                    host: DataValue {
                        text: self.program.data.open_text(host, OpenKind::Upstream),
                        template: None,
                    },
                    port: constant(self, &port.to_string()),
                }
            }
            Dial::Unix { path } if path.contains('{') => {
                let what = "a placeholder in the path of an upstream's socket";
                self.unsupported(upstream.origin.span(), what, "write the path out");
                return None;
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
pub(super) fn millis(duration: Duration) -> Option<u32> {
    (duration.0 > 0).then(|| u32::try_from(duration.as_millis_ceil()).unwrap_or(u32::MAX))
}

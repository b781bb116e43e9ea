//! Active health checks: for each upstream the request that asks after it.

use zs_abi::tables::{
    HealthCheck, LISTEN_TCP, Probe, ProxyId, StatusRange, Upstream as UpstreamRecord,
    Value as DataValue,
};
use zs_abi::{Capability, OpenKind};
use zs_config::model::{ActiveHealthChecks, Dial, Origin, ReverseProxy, Upstream};
use zs_diagnostics::{Diagnostic, codes};

use super::Lowering;
use super::balance::status_range;
use super::proxy::millis;
use crate::template::Unknown;

/// Time between checks unless the configuration says otherwise, in milliseconds
/// (Caddy: 30 s).
const INTERVAL_MS: u32 = 30_000;

/// Time for a check unless the configuration says otherwise, in milliseconds
/// (Caddy: 5 s).
const TIMEOUT_MS: u32 = 5_000;

/// The placeholder for the upstream that is asked after.
const TARGET: &str = "{http.reverse_proxy.active.target_upstream}";

impl Lowering<'_> {
    /// Stores the checks of a proxy, whose upstreams have backends from `first`
    /// on.
    pub(super) fn health_checks(&mut self, proxy: &ReverseProxy, number: ProxyId, first: u32) {
        let checks = proxy.health_checks.as_ref();
        let Some(active) = checks.and_then(|checks| checks.active.as_ref()) else {
            return;
        };
        let ActiveHealthChecks {
            path,
            uri,
            upstream: other,
            port,
            headers: _,
            method,
            body: _,
            follow_redirects,
            interval,
            timeout,
            passes,
            fails,
            max_size,
            expect_status,
            expect_body,
        } = active;
        if *follow_redirects {
            let what = "`health_follow_redirects`";
            self.unsupported(proxy.origin.span(), what, "ask for what is redirected to");
        }
        if path.is_empty() && uri.is_empty() && *port == 0 {
            // Caddy makes no checks either.
            return;
        }
        let probes: Vec<Probe> = (first..)
            .zip(&proxy.upstreams)
            .filter_map(|(backend, upstream)| self.probe(proxy, active, upstream, backend))
            .collect();
        self.program.data.open_mut().misplace(other);
        let StatusRange { low, high } = match *expect_status {
            ..=0 => StatusRange {
                low: 200,
                high: 299,
            },
            status => status_range(status),
        };
        let expected = (!expect_body.is_empty()).then(|| self.regex("", expect_body, proxy.origin));
        let count = |number: i64| u32::try_from(number.max(1)).unwrap_or(u32::MAX);
        let check = HealthCheck {
            proxy: number,
            interval_ms: millis(*interval).unwrap_or(INTERVAL_MS),
            timeout_ms: millis(*timeout).unwrap_or(TIMEOUT_MS),
            passes: count(*passes),
            fails: count(*fails),
            status_low: low,
            status_high: high,
            expected,
            body_bytes_max: u32::try_from(*max_size).unwrap_or(0),
            head_request: u32::from(method == "HEAD"),
            probes: self.program.data.extend(&probes),
        };
        self.program.data.push(&check);
        self.program.capabilities.insert(Capability::ProxyHealth);
    }

    /// The check of an upstream.
    fn probe(
        &mut self,
        proxy: &ReverseProxy,
        active: &ActiveHealthChecks,
        upstream: &Upstream,
        backend: u32,
    ) -> Option<Probe> {
        let span = upstream.origin.span();
        if matches!(&upstream.dial, Dial::Template(text) if text.contains("{http.")) {
            let what = "a health check of an upstream that depends on the request";
            self.unsupported(span, what, "name the upstream, or remove `health_uri`");
            return None;
        }
        let other = &active.upstream;
        let dial = match host_and_port(other) {
            _ if other.is_empty() => upstream.dial.clone(),
            Some((host, port)) => Dial::Tcp { host, port },
            None => {
                let problem = "`health_upstream` is no host and port";
                let error = Diagnostic::error(codes::BAD_ADDRESS, proxy.origin.span(), problem);
                self.sink.report(error.help("write `host:port`"));
                return None;
            }
        };
        let asked = Upstream {
            dial,
            ..upstream.clone()
        };
        let UpstreamRecord {
            mut kind,
            mut host,
            mut port,
        } = self.upstream(&asked)?;
        let mut authority = match &asked.dial {
            Dial::Unix { .. } => "localhost".to_owned(),
            dial => dial.to_string(),
        };
        if other.is_empty() && active.port != 0 {
            port = self.constant(&active.port.to_string());
            if kind != LISTEN_TCP {
                // Caddy takes the socket's path for a host then; nobody means that.
                (kind, host) = (LISTEN_TCP, self.constant("localhost"));
            }
            let name = authority
                .rsplit_once(':')
                .map_or(&*authority, |(name, _)| name);
            authority = format!("{name}:{}", active.port);
        }
        let head = self.head(active, &authority, &upstream.dial.to_string(), proxy.origin);
        let body = self.text_of_site(&active.body, "", proxy.origin);
        Some(Probe {
            backend,
            kind,
            host,
            port,
            head,
            body,
        })
    }

    /// Request line and fields.
    fn head(
        &mut self,
        active: &ActiveHealthChecks,
        authority: &str,
        target: &str,
        origin: Origin,
    ) -> DataValue {
        let method = if active.method.is_empty() {
            "GET"
        } else {
            &active.method
        };
        let path = request_target(active);
        let is_host = |name: &&String| name.eq_ignore_ascii_case("Host");
        let host = active.headers.iter().find(|(name, _)| is_host(name));
        let host = host.and_then(|(_, values)| values.first());
        let host = host.map_or(authority, String::as_str);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        let is_agent = |name: &String| name.eq_ignore_ascii_case("User-Agent");
        if !active.headers.keys().any(is_agent) {
            head += "User-Agent: zeroserve\r\n";
        }
        for (name, values) in active.headers.iter().filter(|(name, _)| !is_host(name)) {
            for value in values {
                head += &format!("{name}: {value}\r\n");
            }
        }
        let lines = head.matches("\r\n").count();
        if head.matches(['\r', '\n']).count() != 2 * lines || method.contains(' ') {
            let problem = "a health check's method or field has a line end or a space in it";
            let error = Diagnostic::error(codes::BAD_VALUE, origin.span(), problem);
            self.sink.report(error.help("write one line"));
        }
        self.text_of_site(&head, target, origin)
    }

    /// A text that is the same for all requests: it may hold placeholders of the
    /// site and the upstream.
    fn text_of_site(&mut self, text: &str, target: &str, origin: Origin) -> DataValue {
        let text = text.replace(TARGET, target);
        if text.contains("{http.") {
            let what = "a placeholder of requests in a health check";
            self.unsupported(
                origin.span(),
                what,
                "no request leads to it; write the value",
            );
        }
        self.open_value(&text, Unknown::Keep, OpenKind::Text)
    }

    fn constant(&mut self, text: &str) -> DataValue {
        DataValue {
            text: self.program.data.text(text),
            template: None,
        }
    }
}

/// A host without brackets, and a port.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Some((bare.unwrap_or(host).to_owned(), port.parse().ok()?))
}

/// Path and query of the request: of the URI, or the path as it is.
fn request_target(active: &ActiveHealthChecks) -> String {
    let (text, kept) = if active.uri.is_empty() {
        (active.path.as_str(), "")
    } else {
        let uri = active.uri.split('#').next().unwrap_or_default();
        let uri = match uri.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
                rest.find(['/', '?']).map_or("", |at| &rest[at..])
            }
            _ => uri,
        };
        (uri, "?%")
    };
    let mut out = String::new();
    if !text.starts_with('/') {
        out.push('/');
    }
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@{}".contains(&byte);
        if is_plain || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

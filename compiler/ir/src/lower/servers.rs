//! Servers: entry functions, listeners and TLS policies.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use zs_abi::data::Text;
use zs_abi::tables::{
    ALPN_HTTP11, CERTIFICATE_FILES, CERTIFICATE_LOCAL, Certificate, CertificateId, EntryId,
    LISTEN_TCP, LISTEN_UNIX, Listener, Server as Record, ServerId, TlsPolicy,
};
use zs_abi::{Capability, OpenKind};
use zs_config::model::{ListenAddress, Network};
use zs_diagnostics::{Diagnostic, Span, codes};

use super::Lowering;
use super::code::Code;
use super::invoke::Invocations;
use super::provision::{self, CertificatePlan, ServerPlan};
use crate::program::{Act, FunctionId, IntRef, Server, Test, TextRef, ViewInt, ViewText};

impl Lowering<'_> {
    /// Writes all servers.
    pub(super) fn servers(&mut self, plans: &[ServerPlan]) {
        let certificates = self.certificates(plans);
        for plan in plans {
            self.server(plan, &certificates);
        }
    }

    fn certificates(&mut self, plans: &[ServerPlan]) -> BTreeMap<CertificatePlan, CertificateId> {
        let mut numbers = BTreeMap::new();
        for plan in provision::certificates(plans) {
            let (kind, chain, key) = match &plan {
                CertificatePlan::Files { chain, key } => (CERTIFICATE_FILES, chain, key.as_str()),
                CertificatePlan::Local { name } => {
                    self.program.capabilities.insert(Capability::LocalAuthority);
                    (CERTIFICATE_LOCAL, name, "")
                }
            };
            let data = &mut self.program.data;
            let open = match kind {
                CERTIFICATE_FILES => OpenKind::File,
                _ => OpenKind::CertifiedHost,
            };
            let record = Certificate {
                kind,
                chain: data.open_text(chain, open),
                key: data.open_text(key, open),
            };
            let number = CertificateId(data.push(&record));
            numbers.insert(plan, number);
        }
        numbers
    }

    fn server(
        &mut self,
        plan: &ServerPlan,
        certificates: &BTreeMap<CertificatePlan, CertificateId>,
    ) {
        self.needs = 0;
        self.invocations = Invocations::default();
        self.maps.counts = [0; 2];
        let named = plan.named_routes.iter();
        self.invocations.routes = named
            .map(|(name, route)| (name.clone(), Rc::new(route.clone())))
            .collect();
        let entry = self.entry(plan);
        let mut policies: Vec<TlsPolicy> = Vec::new();
        let mut sorted = plan.policies.clone();
        // Whole names before patterns, the policy for the rest last.
        sorted.sort_by_key(|policy| (policy.name.is_empty(), policy.name.starts_with('*')));
        for policy in &sorted {
            let name = &policy.name;
            let name = self.program.data.open_text(name, OpenKind::CertifiedHost);
            let certificate = certificates[&policy.certificate];
            let bytes = |numbers: &[u16]| -> Vec<u8> {
                numbers
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect()
            };
            let handshake = &policy.handshake;
            let data = &mut self.program.data;
            policies.push(TlsPolicy {
                name,
                nameless: policy.nameless.into(),
                certificate,
                alpn: ALPN_HTTP11,
                versions: handshake.versions,
                suites: data.guest_table(&bytes(&handshake.suites), 2),
                groups: data.guest_table(&bytes(&handshake.groups), 2),
            });
        }
        if !policies.is_empty() {
            self.program.capabilities.insert(Capability::Tls);
        }
        let limits = &plan.limits;
        let record = Record {
            name: self.program.data.text(&plan.name),
            entry: EntryId(entry.0),
            needs: self.needs,
            header_bytes_max: limits.header_bytes_max,
            read_header_ms: limits.read_header_ms,
            idle_ms: limits.idle_ms,
            body_idle_ms: limits.body_idle_ms,
            write_idle_ms: limits.write_idle_ms,
            read_ms: limits.read_ms,
            write_ms: limits.write_ms,
            probe_idle_s: limits.probe_idle_s,
            probe_interval_s: limits.probe_interval_s,
            probes: limits.probes,
            policies: self.program.data.extend(&policies),
        };
        let server = ServerId(self.program.servers.len() as u32);
        self.program.servers.push(Server { record, entry });
        for listen in &plan.listen {
            self.listen(listen, server, plan);
        }
        self.tell_hosts_apart(server, &plan.routes);
    }

    fn entry(&mut self, plan: &ServerPlan) -> FunctionId {
        let number = self.reserve(&plan.name);
        self.owner = number;
        let mut code = Code::new(&plan.name, Span::default(), false);
        let after = code.block();
        self.find_client(&mut code, &plan.clients);
        let passed_later = match &plan.errors {
            Some(errors) => self.scope(&mut code, errors, true, after),
            None => 0..0,
        };
        if plan.strict_sni_host {
            self.same_name(&mut code);
        }
        self.routes(&mut code, &plan.routes, after);
        self.maps.put_last(passed_later);
        code.go(after);
        code.act(Act::End);
        self.fill(number, code);
        number
    }

    /// Refuses requests over TLS whose host is not the name that the client
    /// asked for when the connection began.
    fn same_name(&mut self, code: &mut Code) {
        let (secure, other, main) = (code.block(), code.block(), code.block());
        let scheme = Test::Int {
            int: IntRef::View(ViewInt::Scheme),
            low: 1,
            high: 1,
        };
        code.branch(scheme, secure, main);
        code.go(secure);
        let name = self.expanded(code, "{http.request.tls.server_name}");
        let same = Test::Same {
            text: TextRef::View(ViewText::Host),
            other: name,
        };
        code.branch(same, main, other);
        code.go(other);
        let misdirected = self.plain_error("421");
        code.act(Act::Error(misdirected));
        code.go(main);
    }

    fn note_listener(&mut self, text: String) {
        let text = self.program.data.open().values().spelled(&text);
        self.program.listeners.push(text);
    }

    fn listen(&mut self, listen: &ListenAddress, server: ServerId, plan: &ServerPlan) {
        let tls = !plan.policies.is_empty();
        if listen.network == Network::Unix {
            let path = listen.host.split('|').next().unwrap_or_default();
            let path = self.program.data.text(path);
            let record = Listener {
                kind: LISTEN_UNIX,
                address: [0; 4],
                port: 0,
                path,
                server,
                tls: tls.into(),
            };
            self.program.data.push(&record);
            self.note_listener(listen.to_string());
            return;
        }
        let open = zs_open::is_open(&listen.host);
        let path = match open {
            true => self.program.data.open_text(&listen.host, OpenKind::Address),
            false => Text::EMPTY,
        };
        let address = if open { Some([0; 16]) } else { address(listen) };
        let Some(address) = address else {
            let message = format!("`{}` is not an address of this machine", listen.host);
            let error = Diagnostic::error(codes::BAD_ADDRESS, Span::default(), message)
                .help("bind to an IP address, or to none for all");
            self.sink.report(error);
            return;
        };
        let ports = listen.ports.map_or(0..=0, |ports| ports.first..=ports.last);
        for port in ports {
            let tls = tls && port != plan.http_port;
            let record = Listener {
                kind: LISTEN_TCP,
                address: words(address),
                port: port.into(),
                path,
                server,
                tls: tls.into(),
            };
            self.program.data.push(&record);
            let scheme = if tls { "https" } else { "http" };
            self.note_listener(format!("{scheme} {listen}"));
        }
    }
}

/// The address to listen on as 16 bytes; all zero for every address.
fn address(listen: &ListenAddress) -> Option<[u8; 16]> {
    let any = listen.host.is_empty();
    Some(match (listen.network, listen.host.as_str()) {
        (Network::Tcp4, _) if any => Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets(),
        (_, "") => [0; 16],
        (_, "localhost") => Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets(),
        (_, host) => match host.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        },
    })
}

/// Sixteen bytes as words, the first byte in the lowest bits of the first.
fn words(bytes: [u8; 16]) -> [u32; 4] {
    std::array::from_fn(|word| {
        u32::from_le_bytes(std::array::from_fn(|byte| bytes[word * 4 + byte]))
    })
}

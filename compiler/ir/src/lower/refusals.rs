//! What a configuration can say and no site can do yet. Every field of the model's parts that are about servers as a whole
//! is named here or in the lowering, so that a new one cannot be forgotten. What the lowering of Caddyfiles has refused
//! already is refused here for configurations that were written as JSON.

use zs_config::Places;
use zs_config::model::{
    Apps, AutomationPolicy, CertificateAuthority, Certificates, Config, ConnectionPolicy, HttpApp,
    InternalIssuer, IpSource, Issuer, ListenAddress, ListenerWrapper, Network, PkiApp, Server,
    TlsApp, TlsAutomation,
};
use zs_diagnostics::{Diagnostic, Sink, codes};

use super::clients::no_range;
use super::handshakes;
use crate::ranges::IpRange;

/// Reports everything that is set and cannot be done.
pub fn refuse(config: &Config, sink: &mut Sink) {
    let Config {
        // A built server has no administration endpoint, which the reader of the configuration has said.
        admin: _,
        logging,
        // Where certificates are kept is said when the server starts.
        storage: _,
        apps,
        places,
    } = config;
    let mut refusals = Refusals { places, sink };
    for (name, log) in logging.iter().flat_map(|logging| &logging.logs) {
        refusals.logger(name, log);
    }
    let Apps {
        // Nothing handles events without plugins.
        events: _,
        http,
        pki,
        tls,
    } = apps;
    if let Some(http) = http {
        refusals.http(http);
    }
    if let Some(pki) = pki {
        let PkiApp {
            certificate_authorities,
        } = pki;
        for (name, authority) in certificate_authorities {
            refusals.authority(name, authority);
        }
    }
    if let Some(tls) = tls {
        refusals.tls(tls);
    }
}

pub(super) struct Refusals<'a> {
    places: &'a Places,
    sink: &'a mut Sink,
}

impl Refusals<'_> {
    /// Refuses what is at the end of a way from the root.
    pub(super) fn unsupported(&mut self, way: &[&str], what: &str) {
        let message = format!("{what} is not supported yet");
        let error = Diagnostic::error(codes::UNSUPPORTED, self.places.at(way), message)
            .help("remove it, or serve this site with Caddy for now");
        self.sink.report(error);
    }

    pub(super) fn when(&mut self, set: bool, way: &[&str], what: &str) {
        if set {
            self.unsupported(way, what);
        }
    }

    fn http(&mut self, http: &HttpApp) {
        let HttpApp {
            http_port: _,
            https_port: _,
            grace_period,
            shutdown_delay,
            servers,
            // Nothing is counted, which the reader of the configuration has said.
            metrics: _,
        } = http;
        for (time, field) in [
            (grace_period, "grace_period"),
            (shutdown_delay, "shutdown_delay"),
        ] {
            let what = format!("a negative `{field}`");
            self.when(time.0 < 0, &["apps", "http", field], &what);
        }
        for (name, server) in servers {
            self.server(name, server);
        }
    }

    fn server(&mut self, name: &str, server: &Server) {
        let Server {
            listen,
            listener_wrappers,
            read_timeout,
            read_header_timeout,
            read_idle_timeout,
            read_min_rate,
            write_timeout,
            write_idle_timeout,
            write_min_rate,
            max_write_chunk,
            idle_timeout,
            keepalive_interval: _,
            keepalive_idle,
            keepalive_count,
            max_header_bytes,
            // Both ways are always open.
            enable_full_duplex: _,
            expected_underscore_headers,
            expected_dot_headers,
            // What comes next is lowered.
            routes: _,
            errors: _,
            named_routes: _,
            tls_connection_policies,
            automatic_https: _,
            strict_sni_host: _,
            trusted_proxies,
            client_ip_headers: _,
            trusted_proxies_strict: _,
            trusted_proxies_unix: _,
            // Lowered when all servers are.
            logs: _,
            protocols,
            listen_protocols,
            // Early data is never taken.
            allow_0rtt: _,
        } = server;
        const SERVERS: [&str; 3] = ["apps", "http", "servers"];
        let [apps, http, servers] = SERVERS;
        for (number, address) in listen.iter().enumerate() {
            self.listen(
                &[apps, http, servers, name, "listen", &number.to_string()],
                address,
            );
        }
        for (number, policy) in tls_connection_policies.iter().enumerate() {
            let way = [
                apps,
                http,
                servers,
                name,
                "tls_connection_policies",
                &number.to_string(),
            ];
            self.connections(policy, name, &way);
        }
        for (number, wrapper) in listener_wrappers.iter().enumerate() {
            let way = [
                apps,
                http,
                servers,
                name,
                "listener_wrappers",
                &number.to_string(),
            ];
            let what = format!("the listener wrapper `{}`", wrapper.name());
            self.when(*wrapper != ListenerWrapper::Tls, &way, &what);
        }
        match trusted_proxies {
            Some(IpSource::Static(source)) => self.ranges(name, &source.ranges),
            Some(_) => {
                let way = [apps, http, servers, name, "trusted_proxies"];
                self.unsupported(&way, "a source of addresses that is not `static`");
            }
            None => {}
        }
        let has = |protocol: &str| protocols.iter().any(|other| other == protocol);
        for (set, field) in [
            (*read_min_rate != 0, "read_min_rate"),
            (*write_min_rate != 0, "write_min_rate"),
            (*max_write_chunk != 0, "max_write_chunk"),
            (
                !expected_underscore_headers.is_empty(),
                "expected_underscore_headers",
            ),
            (!expected_dot_headers.is_empty(), "expected_dot_headers"),
            (
                has("h2c") || !(protocols.is_empty() || has("h1")),
                "protocols",
            ),
            (!listen_protocols.is_empty(), "listen_protocols"),
        ] {
            let what = format!("`{field}` of the server `{name}`");
            self.when(set, &[apps, http, servers, name, field], &what);
        }
        for (value, field) in [
            (read_timeout.0, "read_timeout"),
            (write_timeout.0, "write_timeout"),
            (keepalive_idle.0, "keepalive_idle"),
            (*keepalive_count, "keepalive_count"),
            (read_header_timeout.0, "read_header_timeout"),
            (read_idle_timeout.0, "read_idle_timeout"),
            (write_idle_timeout.0, "write_idle_timeout"),
            (idle_timeout.0, "idle_timeout"),
            (*max_header_bytes, "max_header_bytes"),
        ] {
            let what = format!("a negative `{field}` of the server `{name}`");
            self.when(value < 0, &[apps, http, servers, name, field], &what);
        }
    }

    /// Refuses what is no range among those of trusted proxies.
    fn ranges(&mut self, server: &str, ranges: &[String]) {
        for (number, text) in ranges.iter().enumerate() {
            if text.parse::<IpRange>().is_err() {
                let way = [
                    "apps",
                    "http",
                    "servers",
                    server,
                    "trusted_proxies",
                    "ranges",
                ];
                let place = self
                    .places
                    .at([&way[..], &[&number.to_string()]].concat().as_slice());
                self.sink.report(no_range(text, place));
            }
        }
    }

    fn connections(&mut self, policy: &ConnectionPolicy, server: &str, way: &[&str]) {
        let ConnectionPolicy {
            // These are lowered.
            matchers: _,
            certificate_selection: _,
            cipher_suites,
            curves,
            alpn,
            protocol_min,
            protocol_max,
            client_authentication,
            default_sni: _,
            fallback_sni: _,
            // Session keys are never written down, which the reader of the configuration has said.
            insecure_secrets_log: _,
        } = policy;
        let versions = ["", "tls1.2", "tls1.3"];
        let known = |version: &str| versions.contains(&version);
        let is_empty = protocol_min == "tls1.3" && protocol_max == "tls1.2";
        let has_http = alpn.is_empty() || alpn.iter().any(|name| name == "http/1.1");
        for (set, field) in [
            (client_authentication.is_some(), "client_authentication"),
            (!known(protocol_min), "protocol_min"),
            (!known(protocol_max) || is_empty, "protocol_max"),
            (!has_http, "alpn"),
        ] {
            let what = format!("this `{field}` of the server `{server}`");
            self.when(set, &[way, &[field]].concat(), &what);
        }
        let spoken = |name: &str| ["http/1.1", "h2"].contains(&name);
        type List<'l> = (&'l str, &'l [String], &'l dyn Fn(&str) -> bool);
        let lists: [List<'_>; 3] = [
            ("cipher_suites", cipher_suites, &handshakes::has_suite),
            ("curves", curves, &|name| handshakes::group(name).is_some()),
            ("alpn", alpn, &spoken),
        ];
        for (field, names, has) in lists {
            for (number, name) in names.iter().enumerate() {
                let number = number.to_string();
                let what = format!("`{name}` in `{field}` of the server `{server}`");
                self.when(!has(name), &[way, &[field, &number]].concat(), &what);
            }
        }
    }

    fn tls(&mut self, tls: &TlsApp) {
        let TlsApp {
            certificates,
            automation,
            // Nothing is stapled and the storage is left alone, which the reader of the configuration has said.
            disable_ocsp_stapling: _,
            disable_storage_check: _,
            disable_storage_clean: _,
            encrypted_client_hello,
            // No name is proved to anybody.
            resolvers: _,
        } = tls;
        let Certificates {
            // Certificates of the local authority are made for every name that needs one.
            automate: _,
            load_files: _,
            load_folders,
        } = certificates;
        let folders = ["apps", "tls", "certificates", "load_folders"];
        self.when(!load_folders.is_empty(), &folders, "`load_folders`");
        let hello = ["apps", "tls", "encrypted_client_hello"];
        self.when(
            encrypted_client_hello.is_some(),
            &hello,
            "`encrypted_client_hello`",
        );
        let Some(automation) = automation else { return };
        let TlsAutomation {
            policies,
            on_demand,
            ocsp_interval: _,
            renew_interval: _,
            storage_clean_interval: _,
        } = automation;
        let asking = ["apps", "tls", "automation", "on_demand"];
        self.when(on_demand.is_some(), &asking, "`on_demand`");
        for (number, policy) in policies.iter().enumerate() {
            let way = ["apps", "tls", "automation", "policies", &number.to_string()];
            self.automation(policy, &way);
        }
    }

    fn automation(&mut self, policy: &AutomationPolicy, way: &[&str]) {
        let AutomationPolicy {
            subjects: _,
            issuers,
            managers,
            // The reader of the configuration has said that these have no effect.
            renewal_window_ratio: _,
            key_type: _,
            on_demand,
            reuse_private_keys: _,
            disable_ocsp_stapling: _,
        } = policy;
        let field = |field| [way, &[field]].concat();
        self.when(
            !managers.is_empty(),
            &field("get_certificate"),
            "`get_certificate`",
        );
        self.when(*on_demand, &field("on_demand"), "`on_demand`");
        for (number, issuer) in issuers.iter().enumerate() {
            if let Issuer::Internal(internal) = issuer {
                let InternalIssuer {
                    ca,
                    lifetime,
                    sign_with_root,
                } = internal;
                let local = ca.is_empty() || ca == "local";
                let number = number.to_string();
                let field = |field| [way, &["issuers", &number, field]].concat();
                self.when(!local, &field("ca"), "another authority than `local`");
                let life = "`lifetime` of the internal issuer";
                self.when(lifetime.0 != 0, &field("lifetime"), life);
                self.when(
                    *sign_with_root,
                    &field("sign_with_root"),
                    "`sign_with_root`",
                );
            }
        }
    }

    fn authority(&mut self, name: &str, authority: &CertificateAuthority) {
        // A built server never touches the trust store.
        let plain = CertificateAuthority {
            install_trust: authority.install_trust,
            ..CertificateAuthority::default()
        };
        self.when(
            *authority != plain,
            &["apps", "pki", "certificate_authorities", name],
            &format!("a setting of the authority `{name}`"),
        );
    }

    fn listen(&mut self, way: &[&str], address: &ListenAddress) {
        let served = [Network::Tcp, Network::Tcp4, Network::Tcp6, Network::Unix];
        let what = format!("a socket of kind `{}`", address.network.name());
        self.when(!served.contains(&address.network), way, &what);
    }
}

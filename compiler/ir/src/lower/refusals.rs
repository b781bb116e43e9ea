//! What a configuration can say and no site can do yet. Every field of the model's parts that are about servers as a whole
//! is named here or in the lowering, so that a new one cannot be forgotten. What the lowering of Caddyfiles has refused
//! already is refused here for configurations that were written as JSON.

use zs_config::model::{
    Apps, AutomationPolicy, CertificateAuthority, Certificates, Config, ConnectionPolicy, HttpApp,
    InternalIssuer, IpSource, Issuer, ListenAddress, ListenerWrapper, Network, PkiApp, Server,
    ServerLogs, TlsApp, TlsAutomation,
};
use zs_diagnostics::{Diagnostic, Sink, Span, codes};

/// Reports everything that is set and cannot be done.
pub fn refuse(config: &Config, sink: &mut Sink) {
    let mut refusals = Refusals { sink };
    let Config {
        // A built server has no administration endpoint, which the reader of the configuration has said.
        admin: _,
        logging,
        // Where certificates are kept is said when the server starts.
        storage: _,
        apps,
    } = config;
    // The level of the default logger alone says nothing about what is served.
    let logs = logging.iter().flat_map(|logging| &logging.logs);
    for (name, _) in logs.filter(|(name, log)| *name != "default" || log.writer.is_some()) {
        refusals.unsupported(&format!("the logger `{name}`"));
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

struct Refusals<'a> {
    sink: &'a mut Sink,
}

impl Refusals<'_> {
    fn unsupported(&mut self, what: &str) {
        let message = format!("{what} is not supported yet");
        let error = Diagnostic::error(codes::UNSUPPORTED, Span::default(), message)
            .help("remove it, or serve this site with Caddy for now");
        self.sink.report(error);
    }

    fn when(&mut self, set: bool, what: &str) {
        if set {
            self.unsupported(what);
        }
    }

    fn http(&mut self, http: &HttpApp) {
        let HttpApp {
            http_port: _,
            https_port: _,
            // How a server stops is said when it is started; the reader of the configuration has warned of that.
            grace_period: _,
            shutdown_delay: _,
            servers,
            // Nothing is counted, which the reader of the configuration has said.
            metrics: _,
        } = http;
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
            // Probes are left to the system, which the reader of the configuration has said.
            keepalive_interval: _,
            keepalive_idle: _,
            keepalive_count: _,
            max_header_bytes,
            enable_full_duplex,
            expected_underscore_headers,
            expected_dot_headers,
            // What comes next is lowered.
            routes: _,
            errors: _,
            named_routes: _,
            tls_connection_policies,
            automatic_https: _,
            strict_sni_host,
            trusted_proxies,
            client_ip_headers,
            trusted_proxies_strict,
            trusted_proxies_unix,
            logs,
            protocols,
            listen_protocols,
            // Early data is never taken.
            allow_0rtt: _,
        } = server;
        let field = |field: &str| format!("`{field}` of the server `{name}`");
        listen.iter().for_each(|address| self.listen(address));
        for policy in tls_connection_policies {
            self.connections(policy, &field);
        }
        for wrapper in listener_wrappers {
            let what = format!("the listener wrapper `{}`", wrapper.name());
            self.when(*wrapper != ListenerWrapper::Tls, &what);
        }
        let any_source = trusted_proxies.as_ref().is_some_and(|source| match source {
            IpSource::Static(ranges) => !ranges.ranges.is_empty(),
            _ => true,
        });
        let has = |protocol: &str| protocols.iter().any(|other| other == protocol);
        let times = [
            read_header_timeout,
            read_idle_timeout,
            write_idle_timeout,
            idle_timeout,
        ];
        for (set, what) in [
            (read_timeout.0 != 0, "read_timeout"),
            (*read_min_rate != 0, "read_min_rate"),
            (write_timeout.0 != 0, "write_timeout"),
            (*write_min_rate != 0, "write_min_rate"),
            (*max_write_chunk != 0, "max_write_chunk"),
            (times.iter().any(|time| time.0 < 0), "a negative timeout"),
            (*max_header_bytes < 0, "a negative `max_header_bytes`"),
            (*enable_full_duplex, "enable_full_duplex"),
            (
                !expected_underscore_headers.is_empty(),
                "expected_underscore_headers",
            ),
            (!expected_dot_headers.is_empty(), "expected_dot_headers"),
            (*strict_sni_host == Some(true), "strict_sni_host"),
            (any_source, "trusted_proxies"),
            (!client_ip_headers.is_empty(), "client_ip_headers"),
            (*trusted_proxies_strict != 0, "trusted_proxies_strict"),
            (*trusted_proxies_unix, "trusted_proxies_unix"),
            (logs.as_ref().is_some_and(is_logging), "logs"),
            (
                has("h2c") || !(protocols.is_empty() || has("h1")),
                "protocols",
            ),
            (!listen_protocols.is_empty(), "listen_protocols"),
        ] {
            self.when(set, &field(what));
        }
    }

    fn connections(&mut self, policy: &ConnectionPolicy, field: &dyn Fn(&str) -> String) {
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
            default_sni,
            fallback_sni,
            // Session keys are never written down, which the reader of the configuration has said.
            insecure_secrets_log: _,
        } = policy;
        for (set, what) in [
            (!cipher_suites.is_empty(), "cipher_suites"),
            (!default_sni.is_empty(), "default_sni"),
            (!fallback_sni.is_empty(), "fallback_sni"),
            (!curves.is_empty(), "curves"),
            (!alpn.is_empty(), "alpn"),
            (client_authentication.is_some(), "client_authentication"),
            (!protocol_min.is_empty(), "protocol_min"),
            (!protocol_max.is_empty(), "protocol_max"),
        ] {
            self.when(set, &field(what));
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
        self.when(!load_folders.is_empty(), "`load_folders`");
        self.when(encrypted_client_hello.is_some(), "`encrypted_client_hello`");
        let Some(automation) = automation else { return };
        let TlsAutomation {
            policies,
            on_demand,
            ocsp_interval: _,
            renew_interval: _,
            storage_clean_interval: _,
        } = automation;
        self.when(on_demand.is_some(), "`on_demand`");
        policies.iter().for_each(|policy| self.automation(policy));
    }

    fn automation(&mut self, policy: &AutomationPolicy) {
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
        self.when(!managers.is_empty(), "`get_certificate`");
        self.when(*on_demand, "`on_demand`");
        for issuer in issuers {
            if let Issuer::Internal(internal) = issuer {
                let InternalIssuer {
                    ca,
                    lifetime,
                    sign_with_root,
                } = internal;
                let local = ca.is_empty() || ca == "local";
                self.when(!local, "another authority than `local`");
                self.when(lifetime.0 != 0, "`lifetime` of the internal issuer");
                self.when(*sign_with_root, "`sign_with_root`");
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
            &format!("a setting of the authority `{name}`"),
        );
    }

    fn listen(&mut self, address: &ListenAddress) {
        let served = [Network::Tcp, Network::Tcp4, Network::Tcp6, Network::Unix];
        let what = format!("a socket of kind `{}`", address.network.name());
        self.when(!served.contains(&address.network), &what);
    }
}

/// Whether a server logs any request. Which handlers run is never logged, which the reader of the configuration has said.
fn is_logging(logs: &ServerLogs) -> bool {
    let ServerLogs {
        default_logger_name: _,
        logger_names: _,
        skip_hosts: _,
        skip_unmapped_hosts: _,
        should_log_credentials: _,
        trace,
    } = logs;
    let only_traced = ServerLogs {
        trace: *trace,
        ..ServerLogs::default()
    };
    !*trace || *logs != only_traced
}

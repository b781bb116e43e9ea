//! Automatic HTTPS: which servers speak TLS, which certificates they need, and
//! which redirects from plain HTTP are added, by Caddy's rules
//! (<https://caddyserver.com/docs/automatic-https>).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::clients::Clients;
use super::handshakes::{self, Handshake};
use super::limits::Limits;
use zs_config::model::Handler;
use zs_config::model::{
    At, AutomationPolicy, Config, ErrorRoutes, HttpApp, Issuer, ListenAddress, MatcherSet, Network,
    PortRange, Route, Server, StaticResponse, StatusCode, TlsApp,
};
use zs_diagnostics::{Diagnostic, Sink, Span, codes};
use zs_open::OpenValues;

/// A server with everything decided.
pub struct ServerPlan {
    /// Its name in the configuration.
    pub name: String,
    /// Where it listens.
    pub listen: Vec<ListenAddress>,
    /// Its routes, redirects included.
    pub routes: Vec<Route>,
    /// Its error routes.
    pub errors: Option<ErrorRoutes>,
    /// Routes that others invoke.
    pub named_routes: BTreeMap<String, Route>,
    /// Certificates by server name; none if the server speaks plain HTTP.
    pub policies: Vec<PolicyPlan>,
    /// The port that speaks plain HTTP even where others speak TLS.
    pub http_port: u16,
    /// What it allows its clients.
    pub limits: Limits,
    /// Who its clients are.
    pub clients: Clients,
    /// Whether the host of a request must be the name of the handshake.
    pub strict_sni_host: bool,
}

/// Which certificate a server name gets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyPlan {
    /// Server name, `*.name`, or empty for clients that no other policy
    /// covers.
    pub name: String,
    /// Whether it is only for clients that ask for no name.
    pub nameless: bool,
    /// The certificate.
    pub certificate: CertificatePlan,
    /// What handshakes may come to.
    pub handshake: Handshake,
}

impl PolicyPlan {
    /// A name with its certificate.
    pub fn new(name: String, certificate: CertificatePlan) -> Self {
        Self {
            name,
            nameless: false,
            certificate,
            handshake: Handshake::default(),
        }
    }
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificatePlan {
    /// PEM files, read when the server starts.
    Files {
        /// Path of the chain.
        chain: String,
        /// Path of the key.
        key: String,
    },
    /// Issued by the local authority.
    Local {
        /// The name to issue for.
        name: String,
    },
}

/// Port of plain HTTP unless the configuration says otherwise.
const HTTP_PORT: u16 = 80;
/// Port of HTTPS unless the configuration says otherwise.
const HTTPS_PORT: u16 = 443;

/// Decides about all servers.
pub fn provision(config: &Config, open: &OpenValues, sink: &mut Sink) -> Vec<ServerPlan> {
    let Some(http) = &config.apps.http else {
        return Vec::new();
    };
    let mut provision = Provision {
        http_port: port_or(http.http_port, HTTP_PORT),
        https_port: port_or(http.https_port, HTTPS_PORT),
        tls: config.apps.tls.as_ref(),
        redirects: BTreeMap::new(),
        plans: Vec::new(),
        open,
        sink,
    };
    provision.servers(http);
    provision.add_redirects();
    provision.plans
}

struct Provision<'a> {
    http_port: u16,
    https_port: u16,
    tls: Option<&'a TlsApp>,
    /// Where plain requests for a name are sent: the listener of its server.
    redirects: BTreeMap<String, ListenAddress>,
    plans: Vec<ServerPlan>,
    open: &'a OpenValues,
    sink: &'a mut Sink,
}

impl Provision<'_> {
    fn servers(&mut self, http: &HttpApp) {
        for (name, server) in &http.servers {
            let mut policies = self.policies(server);
            handshakes::complete(server, &mut policies);
            self.plans.push(ServerPlan {
                name: name.clone(),
                listen: server.listen.clone(),
                routes: server.routes.clone(),
                errors: server.errors.clone(),
                named_routes: server.named_routes.clone(),
                policies,
                http_port: self.http_port,
                limits: Limits::of(server),
                clients: Clients::of(server),
                strict_sni_host: server.strict_sni_host == Some(true),
            });
        }
    }

    /// The TLS policies of a server; also notes the redirects it needs.
    fn policies(&mut self, server: &Server) -> Vec<PolicyPlan> {
        let auto = server.automatic_https.clone().unwrap_or_default();
        let only_on = |port: u16| {
            server.listen.iter().all(|listen| {
                listen
                    .ports
                    .is_some_and(|ports| ports.first == port && ports.last == port)
            })
        };
        let explicit = self.explicit(server);
        let configured = !server.tls_connection_policies.is_empty();
        if auto.disabled || only_on(self.http_port) {
            return explicit;
        }
        let names = names(server, &auto.skip);
        if names.is_empty() && !configured && !only_on(self.https_port) {
            return explicit;
        }
        let mut policies = explicit;
        for (name, span) in &names {
            let covered = policies.iter().any(|policy| covers(&policy.name, name));
            if !qualifies(name) || auto.disable_certificates || covered {
                continue;
            }
            self.warn_of_local(name, *span);
            let certificate = CertificatePlan::Local { name: name.clone() };
            policies.push(PolicyPlan::new(name.clone(), certificate));
        }
        // Clients that connect to an address send no server name.
        if !policies.iter().any(|policy| policy.name.is_empty())
            && let Some(policy) = policies
                .iter()
                .find(|policy| policy.name.parse::<IpAddr>().is_ok())
        {
            let certificate = policy.certificate.clone();
            policies.push(PolicyPlan {
                nameless: true,
                ..PolicyPlan::new(String::new(), certificate)
            });
        }
        if !auto.disable_redirects {
            for listen in &server.listen {
                for name in names.keys() {
                    self.note_redirect(name, listen);
                }
            }
        }
        policies
    }

    /// The certificates that connection policies name.
    fn explicit(&self, server: &Server) -> Vec<PolicyPlan> {
        let mut policies = Vec::new();
        for policy in &server.tls_connection_policies {
            let Some(selection) = &policy.certificate_selection else {
                continue;
            };
            let mut files = self
                .tls
                .into_iter()
                .flat_map(|tls| &tls.certificates.load_files);
            // The last of several wins, as in Caddy's cache of certificates.
            let found = files.rfind(|files| {
                let mut tags = files.tags.iter();
                tags.any(|tag| selection.any_tag.contains(tag))
            });
            let Some(files) = found else { continue };
            let certificate = CertificatePlan::Files {
                chain: files.certificate.clone(),
                key: files.key.clone(),
            };
            let names = policy
                .matchers
                .as_ref()
                .map_or(&[][..], |matcher| &matcher.sni);
            if names.is_empty() {
                policies.push(PolicyPlan::new(String::new(), certificate.clone()));
            }
            for name in names {
                // The first policy for a name counts.
                if policies
                    .iter()
                    .any(|plan| plan.name == *name && plan.nameless)
                {
                    continue;
                }
                policies.push(PolicyPlan {
                    nameless: name.is_empty(),
                    ..PolicyPlan::new(name.clone(), certificate.clone())
                });
            }
        }
        policies
    }

    /// A certificate of the local authority where Caddy would get a public one
    /// differs for the client: it must know the authority.
    fn warn_of_local(&mut self, name: &str, span: Span) {
        if self.issued_locally(name) || !is_public(name) {
            return;
        }
        let message = format!("`{name}` gets a certificate from a local authority");
        let warning = Diagnostic::warning(codes::DIFFERENT, span, message)
            .label("Caddy would obtain a public certificate")
            .help("name certificate files (`tls CERT KEY`), or say `tls internal` to agree");
        self.sink.report(warning);
    }

    fn issued_locally(&self, name: &str) -> bool {
        let policies = self.tls.and_then(|tls| tls.automation.as_ref());
        let covers = |policy: &&AutomationPolicy| {
            policy.subjects.is_empty()
                || policy.subjects.iter().any(|subject| covers(subject, name))
        };
        policies
            .into_iter()
            .flat_map(|automation| &automation.policies)
            .find(covers)
            .is_some_and(|policy| {
                policy
                    .issuers
                    .iter()
                    .any(|issuer| matches!(issuer, Issuer::Internal(_)))
            })
    }

    /// The standard port wins when a name is served on several.
    fn note_redirect(&mut self, name: &str, listen: &ListenAddress) {
        let Some(ports) = listen.ports else { return };
        let name = self.open.canonical(name);
        if !self.redirects.contains_key(&name) || ports.first == self.https_port {
            self.redirects.insert(name, listen.clone());
        }
    }

    /// Adds the redirects to the servers that listen on the plain port, or
    /// makes a server for them.
    fn add_redirects(&mut self) {
        let mut by_address: BTreeMap<ListenAddress, Vec<String>> = BTreeMap::new();
        for (name, listen) in std::mem::take(&mut self.redirects) {
            by_address.entry(listen).or_default().push(name);
        }
        let mut by_listener: BTreeMap<ListenAddress, Vec<Route>> = BTreeMap::new();
        for (listen, names) in by_address {
            let port = listen.ports.map_or(self.https_port, |ports| ports.first);
            let plain = ListenAddress {
                ports: Some(PortRange {
                    first: self.http_port,
                    last: self.http_port,
                }),
                ..listen
            };
            let route = self.redirect(port, names);
            by_listener.entry(plain).or_default().push(route);
        }
        let mut remaining: BTreeMap<ListenAddress, Vec<Route>> = BTreeMap::new();
        for (listen, mut routes) in by_listener {
            match self
                .plans
                .iter_mut()
                .find(|plan| plan.listen.contains(&listen))
            {
                Some(plan) => {
                    insert_redirects(&mut plan.routes, routes);
                }
                None => remaining.entry(listen).or_default().append(&mut routes),
            }
        }
        if remaining.is_empty() {
            return;
        }
        let mut routes: Vec<Route> = remaining.values().flatten().cloned().collect();
        routes.push(self.redirect(self.https_port, Vec::new()));
        self.plans.push(ServerPlan {
            name: "remaining_auto_https_redirects".to_owned(),
            listen: remaining
                .into_keys()
                .filter(|listen| listen.network != Network::Unix)
                .collect(),
            routes,
            errors: None,
            named_routes: BTreeMap::new(),
            policies: Vec::new(),
            http_port: self.http_port,
            limits: Limits::default(),
            clients: Clients::default(),
            strict_sni_host: false,
        });
    }

    /// A route that redirects some names, or all, to HTTPS on a port.
    fn redirect(&self, port: u16, names: Vec<String>) -> Route {
        let port = if port == self.https_port || port == HTTPS_PORT || port == self.http_port {
            String::new()
        } else {
            format!(":{port}")
        };
        let location = format!("https://{{http.request.host}}{port}{{http.request.uri}}");
        let response = StaticResponse {
            status_code: Some(StatusCode::Code(308)),
            headers: BTreeMap::from([("Location".to_owned(), vec![location])]),
            close: true,
            ..StaticResponse::default()
        };
        let span = Span::default();
        let host = (!names.is_empty()).then(|| At::new(names, span));
        let matchers = if host.is_some() {
            vec![MatcherSet {
                host,
                ..MatcherSet::default()
            }]
        } else {
            Vec::new()
        };
        Route {
            matchers,
            handle: vec![Handler::StaticResponse(response)],
            terminal: true,
            ..Route::default()
        }
    }
}

/// Redirects stand behind the user's routes with a host and before those
/// without.
fn insert_redirects(routes: &mut Vec<Route>, redirects: Vec<Route>) {
    let has_host = |route: &Route| route.matchers.iter().any(|set| set.host.is_some());
    let place = routes.iter().rposition(has_host).map_or(0, |last| last + 1);
    routes.splice(place..place, redirects);
}

/// The names of a server's hosts with the place that names them, but for
/// those to skip.
fn names(server: &Server, skip: &[String]) -> BTreeMap<String, Span> {
    let mut names = BTreeMap::new();
    let sets = server.routes.iter().flat_map(|route| &route.matchers);
    for host in sets.filter_map(|set| set.host.as_ref()) {
        for name in host
            .iter()
            .filter(|name| !name.contains('{') && !skip.contains(name))
        {
            names.entry(name.clone()).or_insert(host.origin.span());
        }
    }
    names
}

/// Whether a certificate can be had for a name at all.
fn qualifies(name: &str) -> bool {
    let letters = |name: &str| {
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
    };
    let plain = name.strip_prefix("*.").unwrap_or(name);
    // What an open value is allowed to be is checked when it is read.
    zs_open::is_open(name)
        || name.parse::<IpAddr>().is_ok()
        || !plain.is_empty() && letters(plain) && !plain.starts_with('.') && !plain.ends_with('.')
}

/// Whether a public authority would sign a certificate for a name.
fn is_public(name: &str) -> bool {
    let local = [
        "localhost",
        ".localhost",
        ".local",
        ".internal",
        ".home.arpa",
    ];
    let reserved = local.iter().any(|end| name.ends_with(end));
    zs_open::is_open(name) || !reserved && name.contains('.') && name.parse::<IpAddr>().is_err()
}

/// Whether a pattern with an optional leading star covers a name.
pub(super) fn covers(pattern: &str, name: &str) -> bool {
    pattern == name
        || pattern
            .strip_prefix("*.")
            .is_some_and(|tail| name.split_once('.').is_some_and(|(_, rest)| rest == tail))
}

fn port_or(port: u16, standard: u16) -> u16 {
    if port == 0 { standard } else { port }
}

/// Every certificate of some plans, once.
pub fn certificates(plans: &[ServerPlan]) -> BTreeSet<CertificatePlan> {
    plans
        .iter()
        .flat_map(|plan| &plan.policies)
        .map(|policy| policy.certificate.clone())
        .collect()
}

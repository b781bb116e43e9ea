//! One server: its sites' routes, its handshakes, and what automatic HTTPS leaves alone.

use zs_diagnostics::{Diagnostic, codes};
use zs_syntax::Token;

use super::logs;
use super::pairing::{Pairing, SitePart};
use super::site::{Key, Site};
use super::subroute::{Sorting, consolidate, subroute};
use crate::context::{Context, Parsed};
use crate::model::{
    At, AutoHttps, ErrorRoutes, Handler, ListenAddress, MatcherSet, Route, Server, Subroute,
};
use crate::tls::connection::Connections;

/// Builds the server of a pairing.
pub(crate) fn build(pairing: &Pairing, sites: &[Site], cx: &mut Context) -> Parsed<Server> {
    let mut server = Server {
        listen: pairing.listen.clone(),
        listen_protocols: pairing.listen_protocols.clone(),
        automatic_https: auto_https(cx),
        logs: logs::server(pairing, sites),
        ..Server::default()
    };
    let mut connections = Connections::default();
    let only_http = !uses_other_port(&server.listen, cx.options.http_port());
    for part in &pairing.parts {
        let site = &sites[part.site];
        let hosts = part.hosts(sites);
        connections.add_site(site, &hosts, cx);
        for key in part.keys(sites) {
            if !only_http && key.address.is_http() && !key.address.host.is_empty() {
                let skip = &mut server.automatic_https.get_or_insert_default().skip;
                if !skip.contains(&key.address.host) {
                    skip.push(key.address.host.clone());
                }
            }
            connections.add_address(
                &key.address,
                !site.tls.is_empty(),
                server.automatic_https.as_ref(),
                cx,
            );
        }
        add_routes(&mut server, pairing, part, sites, cx)?;
    }
    check_schemes(pairing, sites, connections.is_empty(), cx)?;
    server.tls_connection_policies = connections.finish(cx)?;
    server.routes = consolidate(std::mem::take(&mut server.routes));
    Ok(server)
}

/// What the global option `auto_https` says about every server.
fn auto_https(cx: &Context) -> Option<AutoHttps> {
    let mut auto = AutoHttps::default();
    for word in &cx.options.auto_https {
        match word.as_str() {
            "off" => auto.disabled = true,
            "disable_redirects" => auto.disable_redirects = true,
            "disable_certs" => auto.disable_certificates = true,
            _ => auto.ignore_loaded_certificates = true,
        }
    }
    Some(auto).filter(|auto| *auto != AutoHttps::default())
}

/// Whether any listener has a port besides this one. A Unix socket counts as one with another port.
pub(crate) fn uses_other_port(listen: &[ListenAddress], port: u16) -> bool {
    listen.iter().any(|address| {
        address
            .ports
            .is_none_or(|ports| port > ports.last || port < ports.first)
    })
}

fn add_routes(
    server: &mut Server,
    pairing: &Pairing,
    part: &SitePart,
    sites: &[Site],
    cx: &mut Context,
) -> Parsed<()> {
    let site = &sites[part.site];
    let Some(head) = part.keys(sites).next().map(|key| key.token.clone()) else {
        return Ok(());
    };
    let matchers = site_matchers(part, sites);
    let alone = pairing.parts.len() == 1;
    let routes = subroute(site.routes.clone(), Sorting::ByDirective, &head, cx)?;
    append(&mut server.routes, routes, &matchers, alone, &head);
    if !site.error_routes.is_empty() {
        let errors = server.errors.get_or_insert_with(ErrorRoutes::default);
        let mut routes = site.error_routes.clone();
        // Those for all errors come last, since the first that matches runs.
        routes.sort_by_key(|route| route.matchers.is_empty());
        let routes = Subroute {
            routes,
            errors: None,
            origin: head.span.into(),
        };
        append(&mut errors.routes, routes, &matchers, alone, &head);
    }
    Ok(())
}

/// The conditions under which a request belongs to a site: one set per path, each with all hosts that have that path. One
/// key without a host makes the site catch all.
fn site_matchers(part: &SitePart, sites: &[Site]) -> Vec<MatcherSet> {
    struct Pair<'s> {
        hosts: Vec<&'s Key>,
        path: &'s str,
        origin: &'s Token,
    }
    let mut pairs: Vec<Pair> = Vec::new();
    let mut catch_all = false;
    for key in part.keys(sites) {
        let path = key.address.path.as_str();
        let index = pairs
            .iter()
            .position(|pair| pair.path == path)
            .unwrap_or_else(|| {
                pairs.push(Pair {
                    hosts: Vec::new(),
                    path,
                    origin: &key.token,
                });
                pairs.len() - 1
            });
        let hosts = &mut pairs[index].hosts;
        if key.address.host.is_empty() && !catch_all {
            hosts.clear();
            catch_all = true;
        }
        if !catch_all
            && !hosts
                .iter()
                .any(|other| other.address.host == key.address.host)
        {
            hosts.push(key);
        }
    }
    let at = |value: Vec<String>, token: &Token| {
        Some(At::new(value, token.span)).filter(|at| !at.is_empty())
    };
    let set = |pair: Pair| MatcherSet {
        host: at(
            pair.hosts
                .iter()
                .map(|key| key.address.host.clone())
                .collect(),
            pair.hosts.first().map_or(pair.origin, |key| &key.token),
        ),
        path: at(
            Some(pair.path.to_owned())
                .filter(|path| !path.is_empty())
                .into_iter()
                .collect(),
            pair.origin,
        ),
        origin: pair.origin.span.into(),
        ..MatcherSet::default()
    };
    pairs
        .into_iter()
        .map(set)
        .filter(|set| !set.is_empty())
        .collect()
}

/// Adds a site's routes to a server's. A site stands in a route of its own that ends the search, except when it is the only
/// one and for all hosts; but a host matcher inside it must not come to the top, where it would count as a name to get a
/// certificate for.
fn append(
    routes: &mut Vec<Route>,
    site: Subroute,
    matchers: &[MatcherSet],
    alone: bool,
    head: &Token,
) {
    let has_host = |route: &Route| route.matchers.iter().any(|set| set.host.is_some());
    if matchers.is_empty() && alone && !site.routes.iter().any(has_host) {
        routes.extend(site.routes);
        return;
    }
    let handle = if site.routes.is_empty() {
        Vec::new()
    } else {
        vec![Handler::Subroute(site)]
    };
    if !matchers.is_empty() || !handle.is_empty() {
        let origin = head.span.into();
        routes.push(Route {
            matchers: matchers.to_vec(),
            handle,
            terminal: true,
            origin,
            ..Route::default()
        });
    }
}

/// Refuses plain HTTP and HTTPS on one server.
fn check_schemes(
    pairing: &Pairing,
    sites: &[Site],
    no_policies: bool,
    cx: &mut Context,
) -> Parsed<()> {
    let (http_port, https_port) = (cx.options.http_port(), cx.options.https_port());
    let mut first: Option<(bool, Token)> = None;
    for key in pairing.parts.iter().flat_map(|part| part.keys(sites)) {
        let address = &key.address;
        let https = if address.is_http() || address.port == Some(http_port) {
            false
        } else if address.is_https() || address.port == Some(https_port) || !no_policies {
            true
        } else if address.host.is_empty() {
            false
        } else {
            continue;
        };
        let conflict =
            first.as_ref().is_some_and(|(other, _)| *other != https) || (!https && !no_policies);
        if conflict {
            let listen: Vec<String> = pairing.listen.iter().map(ToString::to_string).collect();
            let (wanted, served) = if https {
                ("HTTPS", "plain HTTP")
            } else {
                ("plain HTTP", "HTTPS")
            };
            let message = format!(
                "`{}` means {wanted}, but {} serves {served}",
                key.token.text,
                listen.join(", ")
            );
            let diagnostic = Diagnostic::error(codes::CONFLICT, key.token.span, message);
            let diagnostic = match first.filter(|(other, _)| *other != https) {
                Some((_, other)) => diagnostic.secondary(other.span, "because of this site"),
                None => diagnostic.label("a `tls` directive of this server asks for HTTPS"),
            };
            return Err(cx.report(
                &key.token,
                diagnostic.help("give the two kinds different ports"),
            ));
        }
        first.get_or_insert((https, key.token.clone()));
    }
    Ok(())
}

//! Which sites are served on which addresses.
//!
//! Every key of a site has its listeners. Sites are gathered by listener, and listeners that serve the very same keys of
//! the very same sites become one server.

use std::collections::{BTreeMap, BTreeSet};

use zs_diagnostics::{Diagnostic, codes};
use zs_syntax::Token;

use super::site::{Key, Site};
use crate::context::{Context, Parsed};
use crate::model::{ListenAddress, Network};
use crate::values::address::specificity;
use crate::values::go_sort::sort_stable;
use crate::values::network;

/// A server to be: its listeners and its sites.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    /// The addresses, sorted by their spelling.
    pub(crate) listen: Vec<ListenAddress>,
    /// The protocols of each address; none where they are those of the server. Empty when they are that everywhere.
    pub(crate) listen_protocols: Vec<Option<Vec<String>>>,
    /// The sites, the most specific one first.
    pub(crate) parts: Vec<SitePart>,
}

/// Some keys of a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SitePart {
    /// The site's index.
    pub(crate) site: usize,
    /// The indexes of its keys.
    keys: Vec<usize>,
}

impl SitePart {
    /// The keys of the site that are served here.
    pub(crate) fn keys<'s>(&self, sites: &'s [Site]) -> impl Iterator<Item = &'s Key> + Clone {
        let keys = &sites[self.site].keys;
        self.keys.clone().into_iter().map(move |key| &keys[key])
    }

    /// The hosts, without doubles and in alphabetical order; none when one key is for all hosts.
    pub(crate) fn hosts(&self, sites: &[Site]) -> Vec<String> {
        let hosts: BTreeSet<&String> = self.keys(sites).map(|key| &key.address.host).collect();
        if hosts.iter().any(|host| host.is_empty()) {
            Vec::new()
        } else {
            hosts.into_iter().cloned().collect()
        }
    }
}

/// An address with the sites that it serves, by protocol. The empty protocol stands for those of the server.
struct Listener {
    address: ListenAddress,
    by_protocol: BTreeMap<String, Vec<SitePart>>,
}

/// Puts sites on servers.
pub(crate) fn pair(sites: &[Site], cx: &mut Context) -> Parsed<Vec<Pairing>> {
    let mut pairings = join(&gather(sites, cx)?);
    for pairing in &mut pairings {
        check_ambiguous(pairing, sites, cx)?;
        sort_parts(&mut pairing.parts, sites);
    }
    Ok(pairings)
}

/// All addresses by their spelling.
fn gather(sites: &[Site], cx: &mut Context) -> Parsed<BTreeMap<String, Listener>> {
    let mut gathered: BTreeMap<String, Listener> = BTreeMap::new();
    for (index, site) in sites.iter().enumerate() {
        for (key_index, key) in site.keys.iter().enumerate() {
            for (name, (address, protocols)) in listeners(site, key, cx)? {
                let by_protocol = &mut gathered
                    .entry(name)
                    .or_insert_with(|| Listener {
                        address,
                        by_protocol: BTreeMap::new(),
                    })
                    .by_protocol;
                for protocol in protocols {
                    add_key(by_protocol.entry(protocol).or_default(), index, key_index);
                }
            }
        }
    }
    Ok(gathered)
}

fn add_key(parts: &mut Vec<SitePart>, site: usize, key: usize) {
    match parts.last_mut().filter(|part| part.site == site) {
        Some(part) => part.keys.push(key),
        None => parts.push(SitePart {
            site,
            keys: vec![key],
        }),
    }
}

/// Makes one server of all addresses and protocols that serve the very same keys.
fn join(gathered: &BTreeMap<String, Listener>) -> Vec<Pairing> {
    let mut same: BTreeMap<&[SitePart], Vec<(&Listener, &str)>> = BTreeMap::new();
    for listener in gathered.values() {
        for (protocol, parts) in &listener.by_protocol {
            same.entry(parts).or_default().push((listener, protocol));
        }
    }
    let mut pairings = Vec::new();
    for listener in gathered.values() {
        let mut own = listener.by_protocol.values();
        // Those that an earlier address has taken along are no longer looked at, but those that another protocol of the
        // same address takes along leave an empty server behind, as they do in Caddy.
        if own.all(|parts| !same.contains_key(parts.as_slice())) {
            continue;
        }
        let left = listener
            .by_protocol
            .values()
            .filter(|parts| same.contains_key(parts.as_slice()))
            .collect::<Vec<_>>();
        for parts in left {
            pairings.push(match same.remove(parts.as_slice()) {
                Some(members) => server(parts, &members),
                None => Pairing::default(),
            });
        }
    }
    pairings
}

/// The server of some sites. The members are sorted by address, then by protocol.
fn server(parts: &[SitePart], members: &[(&Listener, &str)]) -> Pairing {
    let mut pairing = Pairing {
        parts: parts.to_vec(),
        ..Pairing::default()
    };
    let mut protocols: Vec<Vec<String>> = Vec::new();
    for (listener, protocol) in members {
        if pairing.listen.last() != Some(&listener.address) {
            pairing.listen.push(listener.address.clone());
            protocols.push(Vec::new());
        }
        protocols
            .last_mut()
            .into_iter()
            .for_each(|protocols| protocols.push((*protocol).to_owned()));
    }
    let named = |protocols: &Vec<String>| protocols.iter().any(|protocol| !protocol.is_empty());
    if protocols.iter().any(named) {
        pairing.listen_protocols = protocols
            .into_iter()
            .map(|protocols| Some(protocols).filter(named))
            .collect();
    }
    pairing
}

/// The addresses on which a key is served, its own port on every bound interface, with the protocols there.
fn listeners(
    site: &Site,
    key: &Key,
    cx: &mut Context,
) -> Parsed<BTreeMap<String, (ListenAddress, BTreeSet<String>)>> {
    let port = port(key, cx)?.to_string();
    let binds = if site.binds.is_empty() {
        cx.options.default_bind.clone()
    } else {
        site.binds.clone()
    };
    let mut listeners = BTreeMap::new();
    if binds.is_empty() {
        let address = listen("", &port, &key.token, cx)?;
        listeners.insert(address.to_string(), (address, [String::new()].into()));
    }
    for bind in binds {
        let mut protocols: BTreeSet<String> = bind.protocols.into_iter().collect();
        if protocols.is_empty() {
            protocols.insert(String::new());
        }
        for token in &bind.addresses {
            let address = listen(&token.text, &port, token, cx)?;
            // Of two lines about one address the later one says which protocols.
            listeners.insert(address.to_string(), (address, protocols.clone()));
        }
    }
    Ok(listeners)
}

/// The port on which a key is served.
fn port(key: &Key, cx: &mut Context) -> Parsed<u16> {
    let address = &key.address;
    let (http_port, https_port) = (cx.options.http_port(), cx.options.https_port());
    let default_port = if address.is_http() {
        http_port
    } else {
        https_port
    };
    let port = address.port.unwrap_or(default_port);
    if (address.is_http() && port == https_port) || (address.is_https() && port == http_port) {
        let message = format!(
            "scheme and port of `{}` contradict each other",
            key.token.text
        );
        let help = "leave out the scheme or the port";
        return Err(cx.fail(&key.token, codes::BAD_ADDRESS, message, help));
    }
    Ok(port)
}

fn listen(bind: &str, port: &str, token: &Token, cx: &mut Context) -> Parsed<ListenAddress> {
    let address = network::listen(bind, port).map_err(|message| {
        let help = "write an address without port, or `unix//path`";
        cx.fail(token, codes::BAD_ADDRESS, message, help)
    })?;
    let served = [Network::Tcp, Network::Tcp4, Network::Tcp6, Network::Unix];
    if !served.contains(&address.network) {
        let message = format!(
            "sockets of kind `{}` are not supported yet",
            address.network.name()
        );
        let help = "write an address without port, or `unix//path`";
        cx.refuse_building(token, codes::UNSUPPORTED, message, help);
    }
    Ok(address)
}

/// Refuses two sites of one server with the same key.
fn check_ambiguous(pairing: &Pairing, sites: &[Site], cx: &mut Context) -> Parsed<()> {
    let mut seen: BTreeMap<&str, (&Key, usize)> = BTreeMap::new();
    for (index, part) in pairing.parts.iter().enumerate() {
        for key in part.keys(sites) {
            match seen.get(key.token.text.as_str()) {
                Some((earlier, other)) if *other != index => {
                    let message = format!("two sites have the address `{}`", key.token.text);
                    let diagnostic = Diagnostic::error(codes::CONFLICT, key.token.span, message);
                    let diagnostic =
                        diagnostic.secondary(earlier.token.span, "the other one is here");
                    return Err(cx.report(
                        &key.token,
                        diagnostic.help("join the two blocks, or change one address"),
                    ));
                }
                Some(_) => {}
                None => {
                    seen.insert(&key.token.text, (key, index));
                }
            }
        }
    }
    Ok(())
}

/// How specific a site is, by its most specific host and path.
struct Rank {
    host: i64,
    path_specificity: i64,
    path: String,
    wildcard: bool,
}

fn rank(part: &SitePart, sites: &[Site]) -> Rank {
    let mut rank = Rank {
        host: 0,
        path_specificity: 0,
        path: String::new(),
        wildcard: false,
    };
    for key in part.keys(sites) {
        let address = &key.address;
        rank.wildcard |= address.host.contains('*') || address.host.is_empty();
        rank.host = rank.host.max(specificity(&address.host));
        if specificity(&address.path) > rank.path_specificity {
            rank.path_specificity = specificity(&address.path);
            rank.path.clone_from(&address.path);
        }
    }
    rank
}

/// Only the first site that matches is tried, so the most specific one comes first: hosts before wildcards before sites
/// for all hosts, longer hosts before shorter ones, longer paths before shorter ones.
fn sort_parts(parts: &mut [SitePart], sites: &[Site]) {
    let mut ranked: Vec<(Rank, SitePart)> = parts
        .iter()
        .map(|part| (rank(part, sites), part.clone()))
        .collect();
    sort_stable(&mut ranked, |(left, _), (right, _)| {
        if left.host == 0 {
            false
        } else if right.host == 0 {
            true
        } else if left.wildcard != right.wildcard {
            right.wildcard
        } else if left.host == right.host {
            left.path.len() > right.path.len()
        } else {
            left.host > right.host
        }
    });
    for (place, (_, part)) in parts.iter_mut().zip(ranked) {
        *place = part;
    }
}

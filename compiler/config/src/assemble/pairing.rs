//! Which sites are served on which addresses.
//!
//! Every key of a site has its listeners. Sites are gathered by listener, and listeners that serve the very same keys of
//! the very same sites become one server.

use std::collections::{BTreeMap, BTreeSet};

use zs_diagnostics::{Diagnostic, codes};

use super::site::{Key, Site};
use crate::context::{Context, Parsed};
use crate::model::ListenAddress;
use crate::values::address::specificity;
use crate::values::go_sort::sort_stable;
use crate::values::network;

/// A server to be: its listeners and its sites.
#[derive(Debug)]
pub(crate) struct Pairing {
    /// The addresses, sorted by their spelling.
    pub(crate) listen: Vec<ListenAddress>,
    /// The sites, the most specific one first.
    pub(crate) parts: Vec<SitePart>,
}

/// Some keys of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Puts sites on servers.
pub(crate) fn pair(sites: &[Site], cx: &mut Context) -> Parsed<Vec<Pairing>> {
    let mut by_address: BTreeMap<String, (ListenAddress, Vec<SitePart>)> = BTreeMap::new();
    for (index, site) in sites.iter().enumerate() {
        for (key_index, key) in site.keys.iter().enumerate() {
            for address in listeners(site, key, cx)? {
                let (_, parts) = by_address
                    .entry(address.to_string())
                    .or_insert_with(|| (address, Vec::new()));
                match parts.last_mut().filter(|part| part.site == index) {
                    Some(part) => {
                        if part.keys.last() != Some(&key_index) {
                            part.keys.push(key_index);
                        }
                    }
                    None => parts.push(SitePart {
                        site: index,
                        keys: vec![key_index],
                    }),
                }
            }
        }
    }
    let mut pairings: Vec<Pairing> = Vec::new();
    for (address, parts) in by_address.into_values() {
        match pairings.iter_mut().find(|pairing| pairing.parts == parts) {
            Some(pairing) => pairing.listen.push(address),
            None => pairings.push(Pairing {
                listen: vec![address],
                parts,
            }),
        }
    }
    for pairing in &mut pairings {
        check_ambiguous(pairing, sites, cx)?;
        sort_parts(&mut pairing.parts, sites);
    }
    Ok(pairings)
}

/// The addresses on which a key is served: its own port on every bound interface.
fn listeners(site: &Site, key: &Key, cx: &mut Context) -> Parsed<Vec<ListenAddress>> {
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
        return Err(cx.fail(
            &key.token,
            codes::BAD_ADDRESS,
            message,
            "leave out the scheme or the port",
        ));
    }
    let binds = if site.binds.is_empty() {
        cx.options.default_bind.clone()
    } else {
        site.binds.clone()
    };
    let port = port.to_string();
    if binds.is_empty() {
        return listen("", &port, key, cx).map(|address| vec![address]);
    }
    binds
        .iter()
        .map(|bind| {
            listen(
                &bind.text,
                &port,
                &Key {
                    token: bind.clone(),
                    ..key.clone()
                },
                cx,
            )
        })
        .collect()
}

fn listen(bind: &str, port: &str, key: &Key, cx: &mut Context) -> Parsed<ListenAddress> {
    network::listen(bind, port).map_err(|message| {
        let help = "write an address without port, or `unix//path`";
        cx.fail(&key.token, codes::BAD_ADDRESS, message, help)
    })
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

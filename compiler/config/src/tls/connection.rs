//! The connection policies of one server.

use std::collections::{BTreeMap, BTreeSet};

use zs_syntax::Token;

use super::join;
use super::names::matches_wildcard;
use crate::assemble::site::Site;
use crate::context::{Context, Parsed};
use crate::model::{AutoHttps, ConnectionMatcher, ConnectionPolicy};
use crate::values::address::Address;

/// Gathers what the sites of a server need at a handshake.
#[derive(Debug)]
pub(crate) struct Connections {
    policies: Vec<Asked>,
    /// The hosts of sites that ask for nothing, which a wildcard's client authentication must not reach.
    shielded: Vec<String>,
    has_catch_all: bool,
    needs_tls: bool,
    added_by_itself: bool,
}

impl Default for Connections {
    fn default() -> Self {
        Connections {
            policies: Vec::new(),
            shielded: Vec::new(),
            has_catch_all: false,
            needs_tls: false,
            added_by_itself: true,
        }
    }
}

impl Connections {
    /// Whether no site asks for anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Adds the policies of a site's `tls` directives, for the site's hosts.
    pub(crate) fn add_site(&mut self, site: &Site, hosts: &[String], cx: &Context) {
        let (default_sni, fallback_sni) = (&cx.options.default_sni, &cx.options.fallback_sni);
        let forced = site.tls.iter().any(|tls| tls.force_automate);
        let mut hosts = hosts.to_vec();
        for tls in &site.tls {
            let mut policy = tls.policy.clone();
            if let Some(host) = hosts
                .iter()
                .find(|host| *host == default_sni || *host == fallback_sni)
                .cloned()
            {
                // A client without a name, or with an unknown one, is served as if it had asked for this site.
                hosts.push(String::new());
                if host == *default_sni {
                    policy.default_sni.clone_from(default_sni);
                } else {
                    policy.fallback_sni.clone_from(fallback_sni);
                }
            }
            if hosts.is_empty() {
                policy.default_sni.clone_from(default_sni);
                policy.fallback_sni.clone_from(fallback_sni);
            } else {
                hosts.sort();
                policy.matchers = Some(ConnectionMatcher { sni: hosts.clone() });
            }
            if !policy.settings_empty() || (forced && !hosts.is_empty()) {
                let word = tls.word.clone();
                self.policies.push(Asked { policy, word });
                self.has_catch_all = hosts.is_empty();
            } else {
                self.shielded.extend(hosts.iter().cloned());
            }
        }
        if site.tls.is_empty() {
            let whole = hosts.into_iter().filter(|host| !host.contains('*'));
            self.shielded.extend(whole);
        }
    }

    /// Looks at an address of the server to see whether TLS is needed, and whether automatic HTTPS turns it on anyway.
    pub(crate) fn add_address(
        &mut self,
        address: &Address,
        has_tls: bool,
        auto: Option<&AutoHttps>,
        cx: &Context,
    ) {
        let (http_port, https_port) = (cx.options.http_port(), cx.options.https_port());
        let skipped = auto.is_some_and(|auto| auto.skip.contains(&address.host));
        let enabled = has_tls || (!address.host.is_empty() && !skipped);
        let http = address.port == Some(http_port);
        self.needs_tls |= address.is_https() || (!address.is_http() && !http && enabled);
        let disabled = auto.is_some_and(|auto| auto.disabled);
        let turned_on = address.port == Some(https_port) || (!http && !address.host.is_empty());
        self.added_by_itself &= !disabled && turned_on;
    }

    /// The policies, in the order in which they are tried.
    pub(crate) fn finish(mut self, cx: &mut Context) -> Parsed<Vec<ConnectionPolicy>> {
        self.add_shields();
        let default_sni = cx.options.default_sni.clone();
        let fallback_sni = cx.options.fallback_sni.clone();
        let wanted = !self.policies.is_empty()
            || !self.added_by_itself
            || !default_sni.is_empty()
            || !fallback_sni.is_empty();
        // Every handshake must find a policy, so one for all clients closes the list.
        if self.needs_tls && !self.has_catch_all && wanted {
            let policy = ConnectionPolicy {
                default_sni,
                fallback_sni,
                ..ConnectionPolicy::default()
            };
            self.policies.push(Asked { policy, word: None });
        }
        join::join(self.policies, cx)
    }

    /// A host that asks for nothing is not to be reached by the client authentication of a wildcard's site, though by all
    /// else that the site says: a policy like that of the wildcard, but without it, goes before it.
    fn add_shields(&mut self) {
        let wildcards: Vec<(usize, Vec<String>)> = self
            .policies
            .iter()
            .enumerate()
            .filter(|(_, asked)| asked.policy.client_authentication.is_some())
            .map(|(index, asked)| {
                let names = asked
                    .policy
                    .matchers
                    .iter()
                    .flat_map(|matcher| &matcher.sni);
                let wild = names.filter(|name| name.contains('*'));
                (index, wild.cloned().collect())
            })
            .collect();
        if wildcards.is_empty() {
            return;
        }
        let mut shields: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for host in std::mem::take(&mut self.shielded) {
            // Only the first policy that covers a host is ever reached.
            let covering = wildcards
                .iter()
                .find(|(_, names)| names.iter().any(|name| matches_wildcard(&host, name)));
            if let Some((index, _)) = covering {
                shields.entry(*index).or_default().insert(host);
            }
        }
        for (index, hosts) in shields.into_iter().rev() {
            let sni = hosts.into_iter().collect();
            let mut shield = self.policies[index].clone();
            shield.policy.client_authentication = None;
            shield.policy.matchers = Some(ConnectionMatcher { sni });
            self.policies.insert(index, shield);
        }
    }
}

/// A policy with the word `tls` that asked for it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The policy.
    pub(super) policy: ConnectionPolicy,
    /// The word.
    pub(super) word: Option<Token>,
}

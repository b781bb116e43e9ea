//! The connection policies of one server.

use crate::assemble::site::Site;
use crate::context::Context;
use crate::model::{AutoHttps, CertificateSelection, ConnectionMatcher, ConnectionPolicy};
use crate::values::address::Address;
use crate::values::go_sort::sort_stable;

/// Gathers what the sites of a server need at a handshake.
#[derive(Debug)]
pub(crate) struct Connections {
    policies: Vec<ConnectionPolicy>,
    has_catch_all: bool,
    needs_tls: bool,
    added_by_itself: bool,
}

impl Default for Connections {
    fn default() -> Self {
        Connections {
            policies: Vec::new(),
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
                self.policies.push(policy);
                self.has_catch_all = hosts.is_empty();
            }
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
    pub(crate) fn finish(mut self, cx: &Context) -> Vec<ConnectionPolicy> {
        let default_sni = cx.options.default_sni.clone();
        let fallback_sni = cx.options.fallback_sni.clone();
        let wanted = !self.policies.is_empty()
            || !self.added_by_itself
            || !default_sni.is_empty()
            || !fallback_sni.is_empty();
        // Every handshake must find a policy, so one for all clients closes the list.
        if self.needs_tls && !self.has_catch_all && wanted {
            self.policies.push(ConnectionPolicy {
                default_sni,
                fallback_sni,
                ..ConnectionPolicy::default()
            });
        }
        join(self.policies)
    }
}

/// Puts policies for all clients last and joins policies where one can stand for two.
fn join(mut policies: Vec<ConnectionPolicy>) -> Vec<ConnectionPolicy> {
    sort_stable(&mut policies, |left, right| {
        right.matchers.is_none() && left.matchers.is_some()
    });
    let mut at = 0;
    'next: while at < policies.len() {
        for other in (0..policies.len())
            .filter(|other| *other != at)
            .collect::<Vec<_>>()
        {
            let Some(joined) = join_two(&policies, at, other) else {
                continue;
            };
            policies[at] = joined;
            policies.remove(other);
            // The one that grew is compared with all others again. When the removed one stood before it, the place now
            // holds the next one, as in Caddy.
            continue 'next;
        }
        at += 1;
    }
    policies
}

/// The policy that stands for two, if there is one: equal ones, neighbours that differ by names only, and those for the same
/// clients. Settings of the same clients cannot contradict each other, since only certificates and names can be set.
fn join_two(policies: &[ConnectionPolicy], at: usize, other: usize) -> Option<ConnectionPolicy> {
    let (left, right) = (&policies[at], &policies[other]);
    if left == right {
        return Some(left.clone());
    }
    if at + 1 == other
        && let (Some(left_names), Some(right_names)) = (&left.matchers, &right.matchers)
        && (ConnectionPolicy {
            matchers: None,
            ..left.clone()
        }) == (ConnectionPolicy {
            matchers: None,
            ..right.clone()
        })
    {
        let sni = [left_names.sni.clone(), right_names.sni.clone()].concat();
        return Some(ConnectionPolicy {
            matchers: Some(ConnectionMatcher { sni }),
            ..left.clone()
        });
    }
    (left.matchers == right.matchers).then(|| merge(left, right))
}

fn merge(left: &ConnectionPolicy, right: &ConnectionPolicy) -> ConnectionPolicy {
    let text = |left: &String, right: &String| {
        if left.is_empty() {
            right.clone()
        } else {
            left.clone()
        }
    };
    let certificate_selection = match (&left.certificate_selection, &right.certificate_selection) {
        (Some(left), Some(right)) => {
            let mut any_tag = left.any_tag.clone();
            any_tag.extend(
                right
                    .any_tag
                    .iter()
                    .filter(|tag| !left.any_tag.contains(tag))
                    .cloned(),
            );
            Some(CertificateSelection { any_tag })
        }
        (left, right) => left.clone().or_else(|| right.clone()),
    };
    ConnectionPolicy {
        certificate_selection,
        default_sni: text(&left.default_sni, &right.default_sni),
        fallback_sni: text(&left.fallback_sni, &right.fallback_sni),
        ..left.clone()
    }
}

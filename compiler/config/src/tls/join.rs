//! Joining connection policies of one server.

use std::collections::BTreeSet;

use zs_diagnostics::{Diagnostic, codes};

use super::connection::Asked;
use crate::context::{Context, Parsed, Reported};
use crate::model::{CertificateSelection, ConnectionPolicy};
use crate::values::go_sort::sort_stable;

/// Puts policies for all clients last and joins policies where one can stand for two.
pub(super) fn join(mut policies: Vec<Asked>, cx: &mut Context) -> Parsed<Vec<ConnectionPolicy>> {
    sort_stable(&mut policies, |left, right| {
        right.policy.matchers.is_none() && left.policy.matchers.is_some()
    });
    let policies = if all_different(&policies) {
        join_neighbours(policies)
    } else {
        join_all(policies, cx)?
    };
    Ok(policies.into_iter().map(|asked| asked.policy).collect())
}

/// Whether no name stands in two policies. Then none are for the same clients, and only neighbours can be joined.
fn all_different(policies: &[Asked]) -> bool {
    let mut seen = BTreeSet::new();
    let mut for_all = 0;
    policies.iter().all(|asked| match &asked.policy.matchers {
        Some(matcher) => matcher.sni.iter().all(|name| seen.insert(name)),
        None => {
            for_all += 1;
            for_all < 2
        }
    })
}

fn join_neighbours(policies: Vec<Asked>) -> Vec<Asked> {
    let mut joined: Vec<Asked> = Vec::with_capacity(policies.len());
    for mut asked in policies {
        match joined.last_mut() {
            Some(last) if same_settings(&last.policy, &asked.policy) => {
                add_names(&mut last.policy, &mut asked.policy);
            }
            _ => joined.push(asked),
        }
    }
    joined
}

/// Whether two policies differ by nothing but the names that they are for.
fn same_settings(left: &ConnectionPolicy, right: &ConnectionPolicy) -> bool {
    let ConnectionPolicy {
        matchers,
        certificate_selection,
        cipher_suites,
        curves,
        alpn,
        protocol_min,
        protocol_max,
        client_authentication,
        default_sni,
        fallback_sni,
        insecure_secrets_log,
    } = left;
    matchers.is_some()
        && right.matchers.is_some()
        && *certificate_selection == right.certificate_selection
        && *cipher_suites == right.cipher_suites
        && *curves == right.curves
        && *alpn == right.alpn
        && *protocol_min == right.protocol_min
        && *protocol_max == right.protocol_max
        && *client_authentication == right.client_authentication
        && *default_sni == right.default_sni
        && *fallback_sni == right.fallback_sni
        && *insecure_secrets_log == right.insecure_secrets_log
}

fn add_names(left: &mut ConnectionPolicy, right: &mut ConnectionPolicy) {
    if let (Some(left), Some(right)) = (&mut left.matchers, &mut right.matchers) {
        left.sni.append(&mut right.sni);
    }
}

/// Compares every policy with every other one. The one that grew is compared with all others again. When the one that was
/// removed stood before it, its place now holds the next one, as in Caddy.
fn join_all(mut policies: Vec<Asked>, cx: &mut Context) -> Parsed<Vec<Asked>> {
    let mut at = 0;
    'next: while at < policies.len() {
        for other in (0..policies.len()).filter(|other| *other != at) {
            let [left, right] = [&policies[at].policy, &policies[other].policy];
            let joined = if left == right {
                left.clone()
            } else if at + 1 == other && same_settings(left, right) {
                let (mut left, mut right) = (left.clone(), right.clone());
                add_names(&mut left, &mut right);
                left
            } else if left.matchers == right.matchers {
                match merge(left, right) {
                    Ok(merged) => merged,
                    Err(field) => return Err(contradiction(&policies, at, other, field, cx)),
                }
            } else {
                continue;
            };
            policies[at].policy = joined;
            policies.remove(other);
            continue 'next;
        }
        at += 1;
    }
    Ok(policies)
}

fn contradiction(
    policies: &[Asked],
    at: usize,
    other: usize,
    field: &str,
    cx: &mut Context,
) -> Reported {
    let words = [&policies[other].word, &policies[at].word];
    let mut words = words.into_iter().flatten();
    // Only `tls` directives say anything that can contradict.
    let Some(word) = words.next() else {
        return Reported;
    };
    let message = format!("two `tls` directives for the same clients differ in {field}");
    let mut diagnostic = Diagnostic::error(codes::CONFLICT, word.span, message);
    if let Some(first) = words.next() {
        diagnostic = diagnostic.secondary(first.span, "the other one is here");
    }
    cx.report(word, diagnostic.help("say the same in both, or join them"))
}

/// The policy with the settings of two, or what contradicts.
fn merge(
    left: &ConnectionPolicy,
    right: &ConnectionPolicy,
) -> Result<ConnectionPolicy, &'static str> {
    let certificate_selection = match (&left.certificate_selection, &right.certificate_selection) {
        (Some(left), Some(right)) => {
            let mut any_tag = left.any_tag.clone();
            let more = right
                .any_tag
                .iter()
                .filter(|tag| !left.any_tag.contains(tag));
            any_tag.extend(more.cloned());
            Some(CertificateSelection { any_tag })
        }
        (left, right) => left.clone().or_else(|| right.clone()),
    };
    Ok(ConnectionPolicy {
        matchers: left.matchers.clone(),
        certificate_selection,
        cipher_suites: either(&left.cipher_suites, &right.cipher_suites, "cipher suites")?,
        curves: either(&left.curves, &right.curves, "key exchange groups")?,
        alpn: either(&left.alpn, &right.alpn, "application protocols")?,
        protocol_min: either(
            &left.protocol_min,
            &right.protocol_min,
            "the lowest version",
        )?,
        protocol_max: either(
            &left.protocol_max,
            &right.protocol_max,
            "the highest version",
        )?,
        client_authentication: either(
            &left.client_authentication,
            &right.client_authentication,
            "client authentication",
        )?,
        default_sni: either(&left.default_sni, &right.default_sni, "the default name")?,
        fallback_sni: either(&left.fallback_sni, &right.fallback_sni, "the fallback name")?,
        insecure_secrets_log: left.insecure_secrets_log.clone(),
    })
}

/// The value that says something; both may, if they say the same.
fn either<T: Clone + Default + PartialEq>(
    left: &T,
    right: &T,
    what: &'static str,
) -> Result<T, &'static str> {
    let nothing = T::default();
    match (*left == nothing, *right == nothing) {
        (true, _) => Ok(right.clone()),
        (_, true) => Ok(left.clone()),
        _ if left == right => Ok(left.clone()),
        _ => Err(what),
    }
}

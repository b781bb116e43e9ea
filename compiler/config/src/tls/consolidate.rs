//! Joining automation policies that say the same.

use super::names;
use super::policy::Policy;
use crate::model::{AutomationPolicy, InternalIssuer, Issuer};
use crate::values::go_sort::sort_stable;

/// Sorts policies from the most specific to the least and takes away those that change nothing.
pub(super) fn consolidate(mut policies: Vec<Policy>) -> Vec<Policy> {
    sort_stable(&mut policies, |left, right| {
        if is_subset(left, right) {
            return true;
        }
        !is_subset(right, left) && left.model.subjects.len() > right.model.subjects.len()
    });
    if policies.iter().all(says_nothing) {
        return Vec::new();
    }
    drop_empty(&mut policies);
    join(&mut policies);
    policies
}

fn subjects(policy: &Policy) -> &[String] {
    &policy.model.subjects
}

/// Whether a policy only names subjects.
fn says_nothing(policy: &Policy) -> bool {
    policy.model.managers.is_empty() && only_fetches(policy)
}

/// Whether a policy only names subjects and where their certificates are fetched from.
fn only_fetches(policy: &Policy) -> bool {
    let AutomationPolicy {
        subjects: _,
        issuers,
        managers: _,
        renewal_window_ratio,
        key_type,
        on_demand,
        reuse_private_keys,
        disable_ocsp_stapling,
    } = &policy.model;
    !policy.derived_issuer
        && issuers.is_empty()
        && *renewal_window_ratio == 0.0
        && key_type.is_empty()
        && !on_demand
        && !reuse_private_keys
        && !disable_ocsp_stapling
}

/// Takes away an empty policy when nothing after it would catch its names, or only another empty one.
fn drop_empty(policies: &mut Vec<Policy>) {
    let mut at = 0;
    while at < policies.len() {
        let drop = says_nothing(&policies[at])
            && (at + 1 == policies.len()
                || shadowed(policies, at).is_some_and(|other| only_fetches(&policies[other])));
        if drop {
            policies.remove(at);
        } else {
            at += 1;
        }
    }
}

fn join(policies: &mut Vec<Policy>) {
    let mut at = 0;
    'next: while at < policies.len() {
        let mut other = at + 1;
        while other < policies.len() {
            if policies[at] == policies[other] {
                policies.remove(other);
                continue 'next;
            }
            if !same_settings(&policies[at], &policies[other]) {
                other += 1;
            } else if !subjects(&policies[at]).is_empty() && subjects(&policies[other]).is_empty() {
                // The later one is for all names. The earlier one can go unless something between them would then catch
                // its names.
                if shadowed(policies, at).is_some_and(|shadowed| shadowed >= other) {
                    policies.remove(at);
                    continue 'next;
                }
                other += 1;
            } else if overtakes(policies, at, other) {
                other += 1;
            } else {
                let more = policies.remove(other).model.subjects;
                let names = &mut policies[at].model.subjects;
                names.extend(
                    more.into_iter()
                        .filter(|name| !names.contains(name))
                        .collect::<Vec<_>>(),
                );
            }
        }
        at += 1;
    }
}

fn same_settings(left: &Policy, right: &Policy) -> bool {
    same_issuers(left, right)
        && left.model.managers == right.model.managers
        && left.model.key_type == right.model.key_type
        && left.model.on_demand == right.model.on_demand
        && left.model.reuse_private_keys == right.model.reuse_private_keys
        && left.model.renewal_window_ratio == right.model.renewal_window_ratio
}

fn same_issuers(left: &Policy, right: &Policy) -> bool {
    if left.model.issuers != right.model.issuers {
        return uses_internal_by_default(left) && uses_internal_by_default(right);
    }
    if !left.model.issuers.is_empty() {
        return true;
    }
    let (left, right) = (class(left), class(right));
    left == right || left == Class::All || right == Class::All
}

fn uses_internal_by_default(policy: &Policy) -> bool {
    if policy.model.issuers.is_empty() {
        return class(policy) == Class::Internal;
    }
    policy.derived_issuer && policy.model.issuers == [Issuer::Internal(InternalIssuer::default())]
}

/// Who signs by default for the names of a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    All,
    Mixed,
    Public,
    Internal,
}

fn class(policy: &Policy) -> Class {
    let public = subjects(policy)
        .iter()
        .filter(|name| names::qualifies_for_public(name, policy.model.on_demand))
        .count();
    match (subjects(policy).len(), public) {
        (0, _) => Class::All,
        (_, 0) => Class::Internal,
        (all, public) if all == public => Class::Public,
        _ => Class::Mixed,
    }
}

/// Whether every name of one policy is covered by another.
fn is_subset(left: &Policy, right: &Policy) -> bool {
    let (left, right) = (subjects(left), subjects(right));
    right.is_empty()
        || (!left.is_empty()
            && left.iter().all(|name| {
                right
                    .iter()
                    .any(|other| names::matches_wildcard(name, other))
            }))
}

/// Whether names of a policy, moved up to an earlier one, would get before a policy between the two that overlaps them.
fn overtakes(policies: &[Policy], at: usize, other: usize) -> bool {
    let moved = subjects(&policies[other]);
    policies[at + 1..other]
        .iter()
        .flat_map(subjects)
        .any(|between| {
            moved.iter().any(|name| {
                names::matches_wildcard(between, name) || names::matches_wildcard(name, between)
            })
        })
}

/// The first later policy that would catch the names of this one.
fn shadowed(policies: &[Policy], at: usize) -> Option<usize> {
    (at + 1..policies.len()).find(|other| is_subset(&policies[at], &policies[*other]))
}

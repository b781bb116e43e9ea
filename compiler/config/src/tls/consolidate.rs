//! Joining automation policies that say the same.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{Coverage, is_subset};
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
    let mut policies: Vec<Option<Policy>> = policies.into_iter().map(Some).collect();
    drop_empty(&mut policies);
    join(&mut policies);
    policies.into_iter().flatten().collect()
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
fn drop_empty(policies: &mut [Option<Policy>]) {
    let coverage = Coverage::new(policies);
    let last = policies.len();
    for at in 0..last {
        let Some(policy) = &policies[at] else {
            continue;
        };
        let drop = says_nothing(policy)
            && (at + 1 == last
                || coverage
                    .shadowed(policies, at)
                    .and_then(|other| policies[other].as_ref())
                    .is_some_and(only_fetches));
        if drop {
            policies[at] = None;
        }
    }
}

/// Joins every policy with the later ones that say the same, as far as that changes nothing for any name.
fn join(policies: &mut [Option<Policy>]) {
    let coverage = Coverage::new(policies);
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, policy) in policies.iter().enumerate() {
        if let Some(policy) = policy {
            alike.entry(kind(policy)).or_default().push(position);
        }
    }
    let mut groups: Vec<Vec<usize>> = alike.into_values().collect();
    // The first policies are joined first, whatever their group.
    let mut order: Vec<(usize, usize, usize)> = Vec::new();
    for (group, positions) in groups.iter_mut().enumerate() {
        let places = positions.iter().enumerate();
        order.extend(places.map(|(place, position)| (*position, group, place)));
    }
    order.sort_unstable();
    for (at, group, place) in order {
        join_later(policies, at, &groups[group][place + 1..], &coverage);
    }
}

/// Joins one policy with those of some later ones that are still there.
fn join_later(policies: &mut [Option<Policy>], at: usize, later: &[usize], coverage: &Coverage) {
    let Some(mut policy) = policies[at].clone() else {
        return;
    };
    let mut names: BTreeSet<String> = policy.model.subjects.iter().cloned().collect();
    let mut own_class = class(&policy);
    for other in later {
        let Some(candidate) = &policies[*other] else {
            continue;
        };
        if policy == *candidate {
            policies[*other] = None;
            continue;
        }
        let other_class = class(candidate);
        if !same_settings(&policy, candidate, own_class, other_class) {
            continue;
        }
        let moved = subjects(candidate);
        if !subjects(&policy).is_empty() && moved.is_empty() {
            // The later one is for all names. The earlier one can go unless something between them would then catch its
            // names.
            policies[at] = Some(policy.clone());
            let shadowed = coverage.shadowed(policies, at);
            if shadowed.is_some_and(|shadowed| shadowed >= *other) {
                policies[at] = None;
                return;
            }
        } else if !coverage.overlaps_between(policies, at, *other, moved) {
            let more = moved.iter().filter(|name| names.insert((*name).clone()));
            policy
                .model
                .subjects
                .extend(more.cloned().collect::<Vec<_>>());
            own_class = own_class.and(other_class);
            policies[*other] = None;
        }
    }
    policies[at] = Some(policy);
}

/// A text that is the same for all policies that might be joined.
fn kind(policy: &Policy) -> String {
    let mut model = policy.model.clone();
    model.subjects.clear();
    model.disable_ocsp_stapling = false;
    // The local authority may be meant without being named.
    if model.issuers == [Issuer::Internal(InternalIssuer::default())] {
        model.issuers.clear();
    }
    // Two debug texts are the same only if the values are.
    format!("{model:?}")
}

fn same_settings(left: &Policy, right: &Policy, left_class: Class, right_class: Class) -> bool {
    same_issuers(left, right, left_class, right_class)
        && left.model.managers == right.model.managers
        && left.model.key_type == right.model.key_type
        && left.model.on_demand == right.model.on_demand
        && left.model.reuse_private_keys == right.model.reuse_private_keys
        && left.model.renewal_window_ratio == right.model.renewal_window_ratio
}

fn same_issuers(left: &Policy, right: &Policy, left_class: Class, right_class: Class) -> bool {
    if left.model.issuers != right.model.issuers {
        return uses_internal_by_default(left, left_class)
            && uses_internal_by_default(right, right_class);
    }
    !left.model.issuers.is_empty()
        || left_class == right_class
        || left_class == Class::All
        || right_class == Class::All
}

fn uses_internal_by_default(policy: &Policy, class: Class) -> bool {
    if policy.model.issuers.is_empty() {
        return class == Class::Internal;
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

impl Class {
    /// The class of the names of two policies together.
    fn and(self, other: Class) -> Class {
        match (self, other) {
            (Class::All, class) | (class, Class::All) => class,
            (left, right) if left == right => left,
            _ => Class::Mixed,
        }
    }
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

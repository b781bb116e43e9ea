//! Which of many policies cover a name, found without looking at all of them.

use std::collections::BTreeMap;

use super::names::matches_wildcard;
use super::policy::Policy;

/// Policies by the names that they are for. Policies are known by their position; those that are gone stay known until
/// the caller leaves them out.
pub(super) struct Coverage {
    by_name: BTreeMap<String, Vec<usize>>,
    for_all: Vec<usize>,
    wild: Vec<usize>,
}

impl Coverage {
    /// Looks at all policies.
    pub(super) fn new(policies: &[Option<Policy>]) -> Self {
        let mut coverage = Coverage {
            by_name: BTreeMap::new(),
            for_all: Vec::new(),
            wild: Vec::new(),
        };
        for (position, policy) in policies.iter().enumerate() {
            let Some(policy) = policy else { continue };
            let subjects = &policy.model.subjects;
            if subjects.is_empty() {
                coverage.for_all.push(position);
            }
            if subjects.iter().any(|name| name.contains('*')) {
                coverage.wild.push(position);
            }
            for name in subjects {
                let positions = coverage.by_name.entry(name.to_lowercase()).or_default();
                positions.push(position);
            }
        }
        coverage
    }

    /// The first later policy that would catch the names of this one.
    pub(super) fn shadowed(&self, policies: &[Option<Policy>], at: usize) -> Option<usize> {
        let policy = policies[at].as_ref()?;
        let mut candidates = self.for_all.clone();
        if let Some(name) = policy.model.subjects.first() {
            candidates.extend(self.covering(name));
        }
        candidates.sort_unstable();
        candidates.into_iter().find(|other| {
            let later = policies[*other].as_ref().filter(|_| *other > at);
            later.is_some_and(|later| is_subset(policy, later))
        })
    }

    /// Whether a policy between two others has a name that overlaps one of some names.
    pub(super) fn overlaps_between(
        &self,
        policies: &[Option<Policy>],
        at: usize,
        other: usize,
        names: &[String],
    ) -> bool {
        let between =
            |position: &usize| (at + 1..other).contains(position) && policies[*position].is_some();
        names.iter().any(|name| {
            if self.covering(name).any(|position| between(&position)) {
                return true;
            }
            // A name with a star may itself cover what others are for.
            name.contains('*')
                && (at + 1..other)
                    .filter_map(|position| policies[position].as_ref())
                    .flat_map(|policy| &policy.model.subjects)
                    .any(|subject| matches_wildcard(subject, name))
        })
    }

    /// The policies that name a name or a wildcard for it.
    fn covering(&self, name: &str) -> impl Iterator<Item = usize> + '_ {
        let mut names = vec![name.to_lowercase()];
        if !self.wild.is_empty() {
            let mut labels: Vec<String> = names[0].split('.').map(str::to_owned).collect();
            for index in 0..labels.len() {
                if !labels[index].is_empty() {
                    "*".clone_into(&mut labels[index]);
                    names.push(labels.join("."));
                }
            }
            names.dedup();
        }
        names
            .into_iter()
            .filter_map(|name| self.by_name.get(&name))
            .flatten()
            .copied()
    }
}

/// Whether every name of one policy is covered by another.
pub(super) fn is_subset(left: &Policy, right: &Policy) -> bool {
    let (left, right) = (&left.model.subjects, &right.model.subjects);
    right.is_empty()
        || (!left.is_empty()
            && left.iter().all(|name| {
                let mut others = right.iter();
                others.any(|other| matches_wildcard(name, other))
            }))
}

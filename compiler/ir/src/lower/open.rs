//! Values that are left open until the site starts: where they may stand, and
//! hosts that are told apart only then.
//!
//! Texts of the data carry them where lowering asks for it. Here the rest is
//! looked at: a value that stands in code, or in data where it may not, or that
//! nothing of the program has taken up, is refused at its place.

use std::collections::{BTreeMap, BTreeSet};

use zs_abi::OpenKind;
use zs_abi::tables::{ServerId, SiteHost};
use zs_config::model::{MatcherSet, Route};
use zs_diagnostics::{Diagnostic, Sink, Span, codes};

use super::Lowering;
use crate::program::{End, Op, Program, Test};

/// Refuses open values whose text is needed to build the program.
pub(super) fn check(program: &mut Program, sink: &mut Sink) {
    if program.data.open().values().is_empty() {
        return;
    }
    for text in literals(program) {
        program.data.open_mut().misplace(&text);
    }
    let open = program.data.open();
    // Where something is refused already, more is missing than it seems.
    let refused = sink.has_errors();
    for (id, value) in open.values().iter().filter(|(_, value)| value.counts) {
        let misplaced = open.misplaced().contains(&id);
        if !misplaced && (open.is_used(id) || refused) {
            continue;
        }
        sink.report(value.refusal("its value decides what is built"));
    }
}

/// The texts in code, and the names of host maps, that hold open values.
fn literals(program: &Program) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if zs_open::is_open(&text) {
            found.push(text.into_owned());
        }
    };
    for block in program
        .functions
        .iter()
        .flat_map(|function| &function.blocks)
    {
        for op in &block.ops {
            if let Op::HeaderFind { name, .. } | Op::QueryFind { name, .. } = &op.what {
                add(name.as_bytes());
            }
        }
        if let End::Branch { test, .. } = &block.end.what {
            add(literal(test));
        }
    }
    for map in &program.host_maps {
        let names = map.exact.keys().chain(map.tails.keys());
        names.for_each(|name| add(name.as_bytes()));
    }
    found
}

/// The constant that a test compares with.
fn literal(test: &Test) -> &[u8] {
    match test {
        Test::Text { with, .. } | Test::Any { with, .. } => with,
        Test::Path { pattern, .. } | Test::PathEscaped { pattern } | Test::Glob { pattern, .. } => {
            pattern.as_bytes()
        }
        Test::Same { .. }
        | Test::Bit { .. }
        | Test::Group { .. }
        | Test::PathRegexp { .. }
        | Test::Int { .. }
        | Test::AnySame { .. }
        | Test::Found { .. }
        | Test::Accepts { .. }
        | Test::Regex { .. }
        | Test::Address { .. }
        | Test::ClientNext { .. }
        | Test::AnyAccepts { .. }
        | Test::AnyRegex { .. }
        | Test::RegisterTruth { .. }
        | Test::RegisterNext { .. } => &[],
    }
}

impl Lowering<'_> {
    /// Writes down the hosts of a server's sites if one of them is open, so
    /// that two that turn out to be the same are found when the server starts.
    pub(super) fn tell_hosts_apart(&mut self, server: ServerId, routes: &[Route]) {
        let only_host = |set: &&MatcherSet| {
            let rest = MatcherSet {
                host: None,
                ..(*set).clone()
            };
            rest.is_empty()
        };
        let hosts: BTreeSet<&String> = routes
            .iter()
            .filter(|route| route.terminal)
            .flat_map(|route| route.matchers.iter().filter(only_host))
            .filter_map(|set| set.host.as_ref())
            .flat_map(|hosts| hosts.iter())
            .filter(|host| !host.contains(['*', '{']))
            .collect();
        if !hosts.iter().any(|host| zs_open::is_open(host)) {
            return;
        }
        self.refuse_same_hosts(&hosts);
        for host in hosts {
            let host = crate::hosts::normal(host);
            let name = self.program.data.open_text(&host, OpenKind::Host);
            self.program.data.push(&SiteHost { server, name });
        }
    }

    /// Refuses hosts that are the same whatever their values are.
    fn refuse_same_hosts(&mut self, hosts: &BTreeSet<&String>) {
        let open = self.program.data.open().values();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for host in hosts {
            let place = zs_open::ids(host).find_map(|id| open.value(id));
            let Some(place) = place else { continue };
            let Some(first) = seen.insert(open.canonical(host), place.span) else {
                continue;
            };
            let message = format!("two sites have the host `{}`", open.spelled(host));
            let error = Diagnostic::error(codes::CONFLICT, place.span, message)
                .secondary(first, "the other one is here")
                .help("join the two blocks, or change one host");
            self.sink.report(error);
        }
    }
}

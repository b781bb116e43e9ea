//! Route lists: which routes run, in which order.

use std::collections::BTreeMap;

use zs_config::model::{MatcherSet, Route};

use super::Lowering;
use super::code::Code;
use crate::hosts::HostMap;
use crate::program::{
    Act, Asked, BlockId, Compare, End, FunctionId, HostMapId, IntRef, Op, Test, TextRef, ViewText,
};

/// Most names that are told apart by compares; beyond it a host map costs
/// less.
const HOST_COMPARES_MAX: usize = 6;

impl Lowering<'_> {
    /// Writes a list of routes; a chain that falls out of it goes to `after`.
    pub(super) fn routes(&mut self, code: &mut Code, routes: &[Route], after: BlockId) {
        let flags = self.group_flags(code, routes);
        let mut rest = routes;
        while let Some(route) = rest.first() {
            let hosts = rest.iter().take_while(|route| is_host_route(route)).count();
            let alike = rest
                .iter()
                .take_while(|other| other.group == route.group)
                .count();
            let (run, tail) = rest.split_at(match (hosts, route.group.is_empty()) {
                (0, true) => 1,
                (0, false) => alike,
                (hosts, _) => hosts,
            });
            if hosts > 0 {
                self.host_routes(code, run);
            } else {
                self.alternatives(code, run, flags.get(route.group.as_str()).copied());
            }
            rest = tail;
        }
        code.jump(after);
    }

    /// Writes routes of which only the first that matches runs. `flag` is the
    /// word that tells whether an earlier route of their group has run.
    fn alternatives(&mut self, code: &mut Code, routes: &[Route], flag: Option<u32>) {
        let done = code.block();
        if let Some(local) = flag {
            let open = code.block();
            code.branch(was_taken(local), done, open);
            code.go(open);
        }
        let before = code.enter();
        for route in routes {
            code.at(route.origin.span());
            let (body, skip) = (code.block(), code.block());
            self.prepare(code, &route.matchers);
            let aside = code.enter();
            self.matchers(code, &route.matchers, body, skip);
            code.go(body);
            if let Some(local) = flag {
                code.op(Op::LocalSet { local, value: 1 });
            }
            self.handlers(code, &route.handle);
            code.at(route.origin.span());
            if !code.is_live() {
                code.settle(&aside);
            } else if route.terminal {
                code.act(Act::End);
                code.settle(&aside);
            } else {
                code.jump(done);
            }
            code.go(skip);
            code.restore(aside);
        }
        code.jump(done);
        code.go(done);
        code.leave(before);
    }

    /// Words that tell whether a group has been taken, for the groups whose
    /// routes do not stand together or may run again.
    fn group_flags<'r>(&mut self, code: &mut Code, routes: &'r [Route]) -> BTreeMap<&'r str, u32> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut flags = BTreeMap::new();
        for (at, route) in routes
            .iter()
            .enumerate()
            .filter(|(_, route)| !route.group.is_empty())
        {
            let last = seen.insert(&route.group, at);
            // A group counts for the whole request, in which a named route may run twice.
            let named = self.invocations.are_running();
            let together = last.is_none_or(|last| last + 1 == at) && !named;
            if together || flags.contains_key(route.group.as_str()) {
                continue;
            }
            let local = match named {
                true => code.group(&route.group),
                false => code.local(),
            };
            match local {
                Some(local) => {
                    flags.insert(route.group.as_str(), local);
                }
                None => {
                    let what = "a site with more than 40 interleaved groups of routes";
                    self.unsupported(route.origin.span(), what, "split the site in two");
                }
            }
        }
        flags
    }

    /// Writes a run of routes that only look at the host and end the chain:
    /// each is a function of its own.
    fn host_routes(&mut self, code: &mut Code, routes: &[Route]) {
        let functions: Vec<FunctionId> = routes
            .iter()
            .map(|route| self.host_route(code, route))
            .collect();
        let map = host_map(routes, &functions);
        code.at(routes[0].origin.span());
        let none = code.block();
        let all: Vec<String> = routes.iter().flat_map(hosts).cloned().collect();
        let asked = Asked {
            condition: self.condition(routes[0].origin, "host", &all),
            item: 0,
            then: None,
            or: Some(false),
        };
        if map.exact.len() + map.tails.len() > HOST_COMPARES_MAX {
            self.program.host_maps.push(map);
            let map = HostMapId(self.program.host_maps.len() as u32 - 1);
            let value = code.value();
            code.op(Op::HostLookup { out: value, map });
            code.tell(asked);
            code.end(End::Dispatch { value, none });
        } else {
            let exact = map
                .exact
                .iter()
                .map(|(name, to)| (ViewText::Host, name, to));
            let tails = map
                .tails
                .iter()
                .map(|(name, to)| (ViewText::HostTail, name, to));
            let count = map.exact.len() + map.tails.len();
            for (at, (field, name, function)) in exact.chain(tails).enumerate() {
                let (hit, miss) = (code.block(), code.block());
                if at + 1 == count {
                    code.tell(asked);
                }
                code.branch(equals(field, name.as_bytes()), hit, miss);
                code.go(hit);
                code.end(End::Tail(*function));
                code.go(miss);
            }
            code.jump(none);
        }
        code.go(none);
    }

    fn host_route(&mut self, code: &Code, route: &Route) -> FunctionId {
        let host = hosts(route).next().map_or("", String::as_str);
        let name = format!("{} {host}", code.name());
        let names: Vec<String> = hosts(route).cloned().collect();
        // What else there is of the site outside of this route is of the same hosts.
        let own = names
            .iter()
            .map(|host| crate::hosts::normal(host))
            .collect();
        let maps = (self.maps.counts, self.maps.hosts.replace(own));
        let number = self.reserve(&name);
        let origin = route
            .matchers
            .first()
            .map_or(route.origin, |set| set.origin);
        let condition = self.condition(origin, "host", &names);
        self.program.sites.insert(number, condition);
        let mut site = Code::new(name, route.origin.span(), code.in_error_route);
        site.leave_locals(code.locals());
        let outer = std::mem::replace(&mut self.owner, number);
        self.handlers(&mut site, &route.handle);
        self.owner = outer;
        site.act(Act::End);
        let locals = site.locals();
        self.fill(number, site);
        (self.maps.counts, self.maps.hosts) = maps;
        self.site_locals = self.site_locals.max(locals);
        number
    }
}

/// Whether a route looks at nothing but the host, for names that host maps
/// hold, and ends the chain.
fn is_host_route(route: &Route) -> bool {
    let only_host = |set: &MatcherSet| {
        let rest = MatcherSet {
            host: None,
            ..set.clone()
        };
        set.host.is_some() && rest.is_empty()
    };
    route.terminal
        && route.group.is_empty()
        && !route.matchers.is_empty()
        && route.matchers.iter().all(only_host)
        && hosts(route).all(|host| mappable(host))
}

/// Whether a host is a whole name or one with a star as its first label only.
fn mappable(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    !name.is_empty() && !name.contains(['*', '{']) && !zs_open::is_open(name)
}

fn hosts(route: &Route) -> impl Iterator<Item = &String> {
    route
        .matchers
        .iter()
        .filter_map(|set| set.host.as_ref())
        .flat_map(|host| host.iter())
}

/// Which route each name enters: the first, in order, that has the name or a
/// pattern that covers it.
fn host_map(routes: &[Route], functions: &[FunctionId]) -> HostMap {
    let mut map = HostMap::default();
    let mut tails: BTreeMap<String, usize> = BTreeMap::new();
    for (index, route) in routes.iter().enumerate() {
        for host in hosts(route).map(|host| crate::hosts::normal(host)) {
            match host.strip_prefix("*.") {
                Some(tail) => {
                    tails.entry(tail.to_owned()).or_insert(index);
                }
                None => {
                    let covered = host.split_once('.').and_then(|(_, tail)| tails.get(tail));
                    let first = covered.map_or(index, |earlier| *earlier);
                    map.exact.entry(host).or_insert(functions[first]);
                }
            }
        }
    }
    map.tails = tails
        .into_iter()
        .map(|(tail, index)| (tail, functions[index]))
        .collect();
    map
}

fn was_taken(local: u32) -> Test {
    Test::Int {
        int: IntRef::Local(local),
        low: 1,
        high: 1,
    }
}

fn equals(field: ViewText, with: &[u8]) -> Test {
    let text = TextRef::View(field);
    Test::Text {
        text,
        compare: Compare::Equal,
        with: with.to_vec(),
    }
}

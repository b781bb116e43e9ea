//! Load balancing: the code that chooses an upstream for an attempt.
//!
//! A policy becomes blocks: which text is hashed, when the fallback counts and
//! which cookie names which upstream is settled here; only what depends on the
//! moment (who is available, how much everybody has to do) is asked of the
//! runtime.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use zs_abi::data::Range;
use zs_abi::tables::{Backend, Balance as Record, HeaderListId, ProxyId, StatusRange};
use zs_abi::{HeadTarget, NO_BACKEND, OpenKind};
use zs_config::model::{
    Duration, Expression, HeaderOps, LoadBalancing, MatcherSet, Origin, PassiveHealthChecks,
    ReverseProxy, SelectionPolicy, Upstream,
};
use zs_diagnostics::{Diagnostic, codes};

use super::Lowering;
use super::code::Code;
use super::proxy::millis;
use crate::program::{
    Act, Balance, BlockId, Choice, Compare, IntRef, Op, Target, Test, TextRef, Value, ViewInt,
};
use crate::template::Unknown;

/// The cookie's name when none is given.
const COOKIE: &str = "lb";

/// Upstreams drawn when no number is given.
const DRAWN: i64 = 2;

/// Time between tries when only how long to try is given, in milliseconds.
const INTERVAL_MS: u32 = 250;

/// What is written once an upstream is chosen; the number of its backend.
type Then<'t, 'l> = &'t mut dyn FnMut(&mut Lowering<'l>, &mut Code, Value);

/// What the code of a policy is about.
struct Pool<'p> {
    proxy: ProxyId,
    backends: Range,
    /// The upstreams' names.
    names: &'p [String],
    origin: Origin,
}

impl<'l> Lowering<'l> {
    /// Writes how a proxy chooses; nothing if it need not.
    pub(super) fn balance(
        &mut self,
        code: &mut Code,
        proxy: &ReverseProxy,
        number: ProxyId,
    ) -> Option<Balance> {
        let balancing = proxy.load_balancing.clone().unwrap_or_default();
        let LoadBalancing {
            selection_policy,
            retries,
            try_duration,
            try_interval,
            retry_match,
        } = &balancing;
        let health = proxy.health_checks.clone().unwrap_or_default();
        let policy = selection_policy
            .as_ref()
            .unwrap_or(&SelectionPolicy::Random);
        self.check_policy(policy, proxy.origin);
        let is_cookie = matches!(policy, SelectionPolicy::Cookie { .. });
        let chooses = proxy.upstreams.len() > 1 || is_cookie;
        let is_told = proxy.load_balancing.is_some() || proxy.health_checks.is_some();
        let limits = |upstream: &Upstream| upstream.max_requests > 0;
        if !chooses && !is_told && !proxy.upstreams.iter().any(limits) {
            return None;
        }
        let names: Vec<String> = proxy.upstreams.iter().map(|u| u.dial.to_string()).collect();
        let passive = health.passive.as_ref();
        let backends = self.store_backends(proxy, passive, &names);
        let pool = Pool {
            proxy: number,
            backends,
            names: &names,
            origin: proxy.origin,
        };
        self.health_checks(proxy, number, backends.first);
        let choose = chooses.then(|| {
            let entered = code.block();
            let main = code.block();
            code.jump(main);
            let aside = code.enter();
            code.go_entered(entered);
            self.policy(code, &pool, policy, &mut |_, code, _| code.act(Act::End));
            code.leave(aside);
            code.go(main);
            Target::Block(entered)
        });
        let record = Record {
            backends,
            choose_entry: None,
            retry_entry: None,
            response_entry: None,
            retries: u32::try_from(*retries).unwrap_or(0),
            try_ms: millis(*try_duration).unwrap_or(0),
            interval_ms: match (millis(*try_interval), millis(*try_duration)) {
                (Some(interval), _) => interval,
                // Caddy does not spin either.
                (None, Some(_)) => INTERVAL_MS,
                (None, None) => 0,
            },
            fail_ms: passive.map_or(0, |passive| millis(passive.fail_duration).unwrap_or(0)),
            latency_ms: passive.map_or(0, |passive| millis(passive.unhealthy_latency).unwrap_or(0)),
            statuses: self.store_statuses(passive),
        };
        let all: Vec<MatcherSet> = retry_match.clone();
        let of_responses: Vec<MatcherSet> = all.iter().filter(asks_response).cloned().collect();
        Some(Balance {
            record,
            choose,
            retry: self.question(code, &all),
            response: self.question(code, &of_responses),
        })
    }

    /// Code that answers whether any of some sets of matchers matches; none if
    /// there are none.
    fn question(&mut self, code: &mut Code, sets: &[MatcherSet]) -> Option<Target> {
        if sets.is_empty() {
            return None;
        }
        let (entered, main) = (code.block(), code.block());
        code.jump(main);
        let aside = code.enter();
        code.go_entered(entered);
        let (yes, no) = (code.block(), code.block());
        self.matchers(code, sets, yes, no);
        code.go(yes);
        code.act(Act::Yes);
        code.go(no);
        code.act(Act::End);
        code.leave(aside);
        code.go(main);
        Some(Target::Block(entered))
    }

    /// Stores the statuses that count as failures.
    fn store_statuses(&mut self, passive: Option<&PassiveHealthChecks>) -> Range {
        let statuses = passive.map_or(&[][..], |passive| &passive.unhealthy_status);
        let ranges: Vec<StatusRange> = statuses
            .iter()
            .map(|status| status_range(*status))
            .collect();
        self.program.data.extend(&ranges)
    }

    /// Stores what is known of the upstreams.
    fn store_backends(
        &mut self,
        proxy: &ReverseProxy,
        passive: Option<&PassiveHealthChecks>,
        names: &[String],
    ) -> Range {
        let requests_max = passive.map_or(0, |passive| passive.unhealthy_request_count);
        let fails_max = match passive {
            Some(passive) if passive.max_fails < 0 => {
                let problem = "`max_fails` is negative";
                let error = Diagnostic::error(codes::BAD_VALUE, proxy.origin.span(), problem);
                self.sink.report(error.help("write 1 or more"));
                0
            }
            Some(passive) => passive.max_fails.max(1),
            None => 0,
        };
        let mut records = Vec::new();
        for (upstream, name) in proxy.upstreams.iter().zip(names) {
            let next = self.backends;
            self.backends += 1;
            let twin = *self.twins.entry(name.clone()).or_insert(next);
            records.push(Backend {
                name: self.program.data.open_text(name, OpenKind::Text),
                twin,
                requests_max: match upstream.max_requests {
                    0 => u32::try_from(requests_max).unwrap_or(0),
                    most => u32::try_from(most).unwrap_or(0),
                },
                fails_max: u32::try_from(fails_max).unwrap_or(u32::MAX),
            });
        }
        self.program.data.extend(&records)
    }

    /// Refuses what Caddy refuses when it starts.
    fn check_policy(&mut self, policy: &SelectionPolicy, origin: Origin) {
        let (problem, help) = match policy {
            SelectionPolicy::WeightedRoundRobin { weights }
                if weights.iter().all(|weight| *weight == 0) =>
            {
                (
                    "no upstream has a weight",
                    "give at least one a weight above 0",
                )
            }
            SelectionPolicy::WeightedRoundRobin { weights }
                if weights.iter().any(|weight| *weight < 0) =>
            {
                ("a weight is negative", "write 0 for never")
            }
            SelectionPolicy::RandomChoose { choose } if *choose == 1 || *choose < 0 => {
                let problem = "`random_choose` draws fewer than two upstreams";
                (problem, "write 2 or more, or `random`")
            }
            SelectionPolicy::Query { key, .. } if key.is_empty() => {
                ("the query parameter has no name", "name it behind `query`")
            }
            SelectionPolicy::Header { field, .. } if field.is_empty() => {
                ("the header field has no name", "name it behind `header`")
            }
            SelectionPolicy::Query { fallback, .. }
            | SelectionPolicy::Header { fallback, .. }
            | SelectionPolicy::Cookie { fallback, .. } => {
                if let Some(fallback) = fallback {
                    self.check_policy(fallback, origin);
                }
                return;
            }
            _ => return,
        };
        let error = Diagnostic::error(codes::BAD_VALUE, origin.span(), problem).help(help);
        self.sink.report(error);
    }

    /// Writes a policy. Every way ends with what `then` writes.
    fn policy(
        &mut self,
        code: &mut Code,
        pool: &Pool,
        policy: &SelectionPolicy,
        then: Then<'_, 'l>,
    ) {
        let choice = match policy {
            SelectionPolicy::Random => Choice::Random,
            SelectionPolicy::RandomChoose { choose } => {
                let drawn = if *choose == 0 { DRAWN } else { *choose };
                Choice::Draw(u32::try_from(drawn).unwrap_or(u32::MAX))
            }
            SelectionPolicy::LeastConn => Choice::Least,
            SelectionPolicy::First => Choice::First,
            SelectionPolicy::RoundRobin => Choice::Round(pool.proxy),
            SelectionPolicy::WeightedRoundRobin { weights } if weights.len() < 2 => {
                let from = Range {
                    count: 1,
                    ..pool.backends
                };
                let out = choose(code, from, Choice::First);
                return then(self, code, out);
            }
            SelectionPolicy::WeightedRoundRobin { weights } => {
                let weights = weights
                    .iter()
                    .map(|weight| u32::try_from(*weight).unwrap_or(0));
                let bytes: Vec<u8> = weights.flat_map(u32::to_le_bytes).collect();
                Choice::Weighted(pool.proxy, self.program.data.text(&bytes))
            }
            SelectionPolicy::IpHash => Choice::Hash(self.read(code, "{http.request.remote.host}")),
            SelectionPolicy::ClientIpHash => Choice::Hash(self.read(code, "{http.vars.client_ip}")),
            SelectionPolicy::UriHash => Choice::Hash(self.read(code, "{http.request.uri}")),
            SelectionPolicy::Query { key, fallback } => {
                let key = self.read(code, &format!("{{http.request.uri.query.{key}}}"));
                let none = code.block();
                self.keyed(code, pool, key, none, then);
                code.go(none);
                let fallback = fallback.as_deref().unwrap_or(&SelectionPolicy::Random);
                return self.policy(code, pool, fallback, then);
            }
            SelectionPolicy::Header { field, fallback } => {
                let fallback = fallback.as_deref();
                return self.by_field(code, pool, field, fallback, then);
            }
            SelectionPolicy::Cookie { .. } => return self.sticky(code, pool, policy, then),
            other => {
                let what = format!("the policy {other:?}");
                self.unsupported(pool.origin.span(), &what, "choose another `lb_policy`");
                return;
            }
        };
        let out = choose(code, pool.backends, choice);
        then(self, code, out);
    }

    fn read(&mut self, code: &mut Code, placeholder: &str) -> TextRef {
        let template = self.template(placeholder, Unknown::Empty, None);
        let out = code.value();
        code.op(Op::Expand { out, template });
        TextRef::Value(out)
    }

    /// By a text; goes to `none` if it is empty.
    fn keyed(
        &mut self,
        code: &mut Code,
        pool: &Pool,
        key: TextRef,
        none: BlockId,
        then: Then<'_, 'l>,
    ) {
        let some = code.block();
        let test = Test::Text {
            text: key,
            compare: Compare::Equal,
            with: Vec::new(),
        };
        code.branch(test, none, some);
        code.go(some);
        let out = choose(code, pool.backends, Choice::Hash(key));
        then(self, code, out);
    }

    /// By the first value of a field of the upstream's request.
    fn by_field(
        &mut self,
        code: &mut Code,
        pool: &Pool,
        field: &str,
        fallback: Option<&SelectionPolicy>,
        then: Then<'_, 'l>,
    ) {
        let none = code.block();
        // To Go the host is no field, but for this spelling.
        if field == "Host" || !field.eq_ignore_ascii_case("Host") {
            let (list, key) = (code.value(), code.value());
            let some = code.block();
            code.op(Op::HeaderFind {
                out: list,
                target: HeadTarget::UpstreamRequest,
                name: field.to_owned(),
            });
            code.branch(Test::Found { list }, some, none);
            code.go(some);
            code.op(Op::FirstOf { out: key, list });
            self.keyed(code, pool, TextRef::Value(key), none, then);
        } else {
            code.jump(none);
        }
        code.go(none);
        self.policy(
            code,
            pool,
            fallback.unwrap_or(&SelectionPolicy::Random),
            then,
        );
    }

    /// By a cookie that names the upstream. What it says for each of them is
    /// known now.
    fn sticky(
        &mut self,
        code: &mut Code,
        pool: &Pool,
        policy: &SelectionPolicy,
        then: Then<'_, 'l>,
    ) {
        let SelectionPolicy::Cookie {
            name,
            secret,
            max_age,
            fallback,
        } = policy
        else {
            return;
        };
        let name = if name.is_empty() { COOKIE } else { name };
        let open = self.program.data.open_mut();
        open.misplace(name);
        open.misplace(secret);
        pool.names.iter().for_each(|name| open.misplace(name));
        let marks: Vec<String> = pool.names.iter().map(|name| mark(secret, name)).collect();
        let cookie = self.read(code, &format!("{{http.request.cookie.{name}}}"));
        for (at, mark) in marks.iter().enumerate() {
            let (this, next) = (code.block(), code.block());
            let test = Test::Text {
                text: cookie,
                compare: Compare::Equal,
                with: mark.clone().into_bytes(),
            };
            code.branch(test, this, next);
            code.go(this);
            let from = Range {
                first: pool.backends.first + at as u32,
                count: 1,
            };
            let out = choose(code, from, Choice::First);
            let available = code.block();
            let none = is(IntRef::Value(out), NO_BACKEND);
            code.branch(none, next, available);
            code.go(available);
            then(self, code, out);
            code.go(next);
        }
        let lists = self.cookies(pool, name, &marks, *max_age);
        let fallback = fallback.as_deref().unwrap_or(&SelectionPolicy::Random);
        self.policy(code, pool, fallback, &mut |this, code, out| {
            let after = code.block();
            give(code, pool, out, &lists, after);
            code.go(after);
            then(this, code, out);
        });
    }

    /// For each upstream the operations that give its cookie: to clients with
    /// plain HTTP, and to those with TLS.
    fn cookies(
        &mut self,
        pool: &Pool,
        name: &str,
        marks: &[String],
        max_age: Duration,
    ) -> Vec<[HeaderListId; 2]> {
        if !is_token(name) {
            // Go leaves such a cookie out.
            return Vec::new();
        }
        let age = match max_age.0 / 1_000_000_000 {
            ..=0 => String::new(),
            seconds => format!("; Max-Age={seconds}"),
        };
        let endings = ["SameSite=Lax", "Secure; SameSite=None"];
        let lists = marks.iter().map(|mark| {
            endings.map(|ending| {
                let value = format!("{name}={mark}; Path=/{age}; HttpOnly; {ending}");
                let mut ops = HeaderOps::default();
                ops.add.insert("Set-Cookie".to_owned(), vec![value]);
                self.header_list(&ops, pool.origin)
            })
        });
        lists.collect()
    }
}

/// Gives the cookie of a backend, then goes on.
fn give(code: &mut Code, pool: &Pool, chosen: Value, lists: &[[HeaderListId; 2]], after: BlockId) {
    for (at, [plain, secure]) in lists.iter().enumerate() {
        let (this, next) = (code.block(), code.block());
        let number = pool.backends.first + at as u32;
        code.branch(is(IntRef::Value(chosen), number), this, next);
        code.go(this);
        let (with_tls, without) = (code.block(), code.block());
        code.branch(is(IntRef::View(ViewInt::Scheme), 1), with_tls, without);
        for (block, list) in [(with_tls, secure), (without, plain)] {
            code.go(block);
            code.op(Op::HeaderOps {
                list: *list,
                target: HeadTarget::Response,
            });
            code.jump(after);
        }
        code.go(next);
    }
    code.jump(after);
}

/// Whether a set reads the response, as Caddy tells it: by placeholders in its
/// expression.
fn asks_response(set: &&MatcherSet) -> bool {
    const NAMES: [&str; 3] = [
        "{http.reverse_proxy.status_",
        "{http.reverse_proxy.header.",
        "{http.reverse_proxy.upstream.latency",
    ];
    match set.expression.as_deref() {
        Some(Expression::Cel(cel)) => NAMES.iter().any(|name| cel.expr.contains(name)),
        _ => false,
    }
}

/// A status, or the class that a number below 100 stands for.
pub(super) fn status_range(status: i64) -> StatusRange {
    let status = u32::try_from(status).unwrap_or(0);
    let (low, high) = match status {
        0..100 => (status * 100, status * 100 + 99),
        _ => (status, status),
    };
    StatusRange { low, high }
}

fn choose(code: &mut Code, from: Range, choice: Choice) -> Value {
    let out = code.value();
    code.op(Op::Choose { out, from, choice });
    out
}

fn is(int: IntRef, number: u32) -> Test {
    Test::Int {
        int,
        low: number,
        high: number,
    }
}

/// What a cookie says that stands for an upstream: the upstream's name hashed
/// with a secret (HMAC-SHA-256, RFC 2104), in hexadecimal digits.
fn mark(secret: &str, name: &str) -> String {
    const BLOCK_BYTES: usize = 64;
    let mut key = [0; BLOCK_BYTES];
    if secret.len() > BLOCK_BYTES {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret.as_bytes());
    }
    let inner = Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x36))
        .chain_update(name)
        .finalize();
    let outer = Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    let mut digits = String::new();
    for byte in outer {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Whether a name can be that of a cookie (RFC 9110 §5.6.2).
fn is_token(name: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_byte)
}

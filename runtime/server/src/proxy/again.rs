//! What follows a failed attempt: another one, at once or after a while, or the
//! error. And what is learnt from failures about the health of upstreams.

use std::cmp::Reverse;

use zs_abi::tables::{Balance, ProxyId, StatusRange};
use zs_client::LineKey;
use zs_io::{Key, Millis};

use super::{After, FORGET_TIMER, Proxies, RETRY_TIMER};
use crate::limits::FAILURES_MAX;
use crate::worker::{Detour, Worker};

/// What an attempt failed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// No upstream was available.
    NoUpstream,
    /// The upstream could not be reached.
    Dial,
    /// It was reached, and may have begun with the request.
    Line,
    /// Its response is one that is not wanted.
    Response,
}

/// A failed attempt, as the client hears of it if it was the last.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub cause: Cause,
    pub status: u16,
    pub reason: String,
}

impl Failure {
    /// A failure of a line that was there.
    pub fn of_line(status: u16, reason: &str) -> Self {
        Self {
            cause: Cause::Line,
            status,
            reason: reason.to_string(),
        }
    }
}

/// An exchange that is passed on: its attempts.
#[derive(Debug)]
pub(super) struct Passage {
    pub exchange: Key,
    pub proxy: ProxyId,
    /// The line that works for it.
    pub line: Option<LineKey>,
    /// Whether an upstream has got a part of the request's body, which is then
    /// gone.
    pub spent: bool,
    /// When the running attempt began.
    pub attempted: Millis,
    began: Millis,
    retries: u32,
    /// How the last attempt failed.
    failure: Option<Failure>,
}

impl Passage {
    /// An exchange without an attempt so far.
    pub fn new(exchange: Key, proxy: ProxyId, now: Millis) -> Self {
        Self {
            exchange,
            proxy,
            line: None,
            spent: false,
            attempted: now,
            began: now,
            retries: 0,
            failure: None,
        }
    }
}

impl Proxies {
    /// Has a request tried again if it may be; else it ends with the error.
    pub(super) fn failed(&mut self, worker: &mut Worker, key: Key, failure: Failure) {
        let Some(passage) = self.passage(key) else {
            return;
        };
        // That nobody is left tells less than why they are not.
        let failure = match passage.failure.take() {
            Some(earlier) if failure.cause == Cause::NoUpstream => earlier,
            _ => failure,
        };
        let proxy = passage.proxy;
        let balance = self.balance(proxy);
        let again = balance.map_or(Ok(false), |balance| {
            self.tries_again(worker, key, &balance, failure.cause)
        });
        match again {
            Err(detour) => self.after.push(After::Detour(key, detour)),
            Ok(false) => {
                let Failure { status, reason, .. } = failure;
                self.after.push(After::Raise(key, status, reason));
            }
            Ok(true) => {
                let wait = balance.map_or(0, |balance| balance.interval_ms);
                if let Some(passage) = self.passage(key) {
                    passage.retries += 1;
                    passage.failure = Some(failure);
                }
                self.after.push(After::Again(key, wait));
            }
        }
    }

    fn tries_again(
        &mut self,
        worker: &mut Worker,
        key: Key,
        balance: &Balance,
        cause: Cause,
    ) -> Result<bool, Detour> {
        let now = worker.io.now();
        let Some(passage) = self.passage(key) else {
            return Ok(false);
        };
        let Balance {
            retries, try_ms, ..
        } = *balance;
        let late = try_ms > 0 && passage.began.after(u64::from(try_ms)) <= now;
        let often = retries > 0 && passage.retries >= retries;
        // Without a pause nobody becomes available meanwhile.
        let in_vain = cause == Cause::NoUpstream && balance.interval_ms == 0;
        if (retries == 0 && try_ms == 0) || late || often || in_vain || passage.spent {
            return Ok(false);
        }
        let Some(exchange) = worker.exchange_mut(key) else {
            return Ok(false);
        };
        match (cause, balance.retry_entry) {
            (Cause::Line, None) => Ok(exchange.request.method == b"GET"),
            (Cause::Line, Some(entry)) => {
                exchange.upstream.transport_error = true;
                let answer = worker.ask_point(key, entry, 0);
                if let Some(exchange) = worker.exchange_mut(key) {
                    exchange.upstream.transport_error = false;
                }
                answer
            }
            (Cause::NoUpstream | Cause::Dial | Cause::Response, _) => Ok(true),
        }
    }

    /// Tries again, after so many milliseconds.
    pub(super) fn again(&mut self, worker: &mut Worker, key: Key, wait_ms: u32) {
        let is_free = |passage: &mut Passage| passage.line.is_none();
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        if !self.passage(key).is_some_and(is_free) {
            return;
        }
        exchange.proxied = true;
        if wait_ms > 0 {
            let at = worker.io.now().after(u64::from(wait_ms));
            let token = Worker::proxy_token(key.to_bits() | RETRY_TIMER);
            worker.io.timer(at, token);
            return;
        }
        self.select(worker, key);
    }

    /// Looks at a response's status before anybody else does. Whether it is
    /// left for another attempt.
    pub(super) fn judge(
        &mut self,
        worker: &mut Worker,
        line: LineKey,
        status: u16,
    ) -> Result<bool, Detour> {
        let job = self.job(line);
        let (proxy, spent) = (job.proxy, job.body_sent);
        let (Some(key), Some(backend)) = (job.exchange, job.backend) else {
            return Ok(false);
        };
        let Some(balance) = self.balance(proxy) else {
            return Ok(false);
        };
        let code = u32::from(status);
        let bad = self.site.data.range::<StatusRange>(balance.statuses);
        for _ in bad.filter(|range| (range.low..=range.high).contains(&code)) {
            self.count_failure(worker, &balance, backend);
        }
        let now = worker.io.now();
        let latency = u64::from(balance.latency_ms);
        let slow = |passage: &mut Passage| passage.attempted.after(latency) <= now;
        if latency > 0 && self.passage(key).is_some_and(slow) {
            self.count_failure(worker, &balance, backend);
        }
        let Some(entry) = balance.response_entry else {
            return Ok(false);
        };
        if !worker.ask_point(key, entry, u64::from(status))? {
            return Ok(false);
        }
        if let Some(passage) = self.passage(key) {
            passage.spent |= spent;
        }
        let failure = Failure {
            cause: Cause::Response,
            status: if spent { 502 } else { status },
            reason: format!("upstream response matched retry_match (status {status})"),
        };
        self.failed(worker, key, failure);
        Ok(true)
    }

    /// Notes a failure of a backend for as long as it counts.
    pub(super) fn count_failure(&mut self, worker: &mut Worker, balance: &Balance, backend: u32) {
        if balance.fail_ms == 0 || self.failures.len() >= FAILURES_MAX {
            return;
        }
        self.site.upstreams().fail(backend);
        let until = worker.io.now().after(u64::from(balance.fail_ms));
        self.failures.push(Reverse((until, backend)));
        self.set_forget_timer(worker, until);
    }

    /// Forgets the failures that do not count any more.
    pub(super) fn forget(&mut self, worker: &mut Worker) {
        self.forget_timer = None;
        let now = worker.io.now();
        while let Some(Reverse((until, backend))) = self.failures.peek().copied() {
            if until > now {
                self.set_forget_timer(worker, until);
                return;
            }
            self.failures.pop();
            self.site.upstreams().forgive(backend);
        }
    }

    fn set_forget_timer(&mut self, worker: &mut Worker, at: Millis) {
        if self.forget_timer.is_none_or(|timer| timer > at) {
            self.forget_timer = Some(at);
            worker.io.timer(at, Worker::proxy_token(FORGET_TIMER));
        }
    }
}

//! What the workers of a server share about upstreams; all of it is here.
//!
//! Requests in progress, recent failures and health are facts about an upstream
//! and rounds are of a proxy, whichever worker a request comes to: they are
//! counted by atomics. Each worker keeps lines and idle lines for itself, and
//! draws its own random numbers.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use zs_abi::SiteData;
use zs_abi::tables::{self, Backend, ProxyId};

/// State of upstreams, by the number of their backend.
#[derive(Debug, Default)]
pub struct Upstreams {
    backends: Vec<State>,
    /// By the number of the proxy.
    rounds: Vec<AtomicU32>,
    has_prober: AtomicBool,
}

#[derive(Debug)]
struct State {
    record: Backend,
    /// Requests in progress; counted for the first of the same name.
    requests: AtomicU32,
    /// Failures that still count; counted for the first of the same name.
    fails: AtomicU32,
    unhealthy: AtomicBool,
}

impl Upstreams {
    /// The upstreams of a site, all of them healthy.
    pub fn new(data: &SiteData<'static>) -> Self {
        let backends: Vec<State> = data
            .all()
            .map(|record| State {
                record,
                requests: AtomicU32::new(0),
                fails: AtomicU32::new(0),
                unhealthy: AtomicBool::new(false),
            })
            .collect();
        let proxies = if backends.is_empty() {
            0
        } else {
            data.count::<tables::Proxy>()
        };
        Self {
            backends,
            rounds: (0..proxies).map(|_| AtomicU32::new(0)).collect(),
            has_prober: AtomicBool::new(false),
        }
    }

    /// A backend's record.
    pub fn backend(&self, number: u32) -> Option<&Backend> {
        self.backends
            .get(number as usize)
            .map(|state| &state.record)
    }

    /// Whether a backend gets requests: it is healthy and not full.
    pub fn is_available(&self, number: u32) -> bool {
        let Some(state) = self.backends.get(number as usize) else {
            return false;
        };
        let Backend {
            requests_max,
            fails_max,
            ..
        } = state.record;
        let below = |count: &AtomicU32, max: u32| max == 0 || count.load(Ordering::Relaxed) < max;
        let twin = self.twin(state);
        !state.unhealthy.load(Ordering::Relaxed)
            && below(&twin.fails, fails_max)
            && below(&twin.requests, requests_max)
    }

    /// Requests that a backend has in progress.
    pub fn requests(&self, number: u32) -> u32 {
        let state = self.backends.get(number as usize);
        state.map_or(0, |state| self.twin(state).requests.load(Ordering::Relaxed))
    }

    /// A request to a backend begins.
    pub fn begin(&self, number: u32) {
        if let Some(state) = self.backends.get(number as usize) {
            self.twin(state).requests.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request to a backend is over that [`Self::begin`] was told of.
    pub fn end(&self, number: u32) {
        if let Some(state) = self.backends.get(number as usize) {
            self.twin(state).requests.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A backend has failed.
    pub fn fail(&self, number: u32) {
        if let Some(state) = self.backends.get(number as usize) {
            self.twin(state).fails.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A failure that [`Self::fail`] was told of does not count any more.
    pub fn forgive(&self, number: u32) {
        if let Some(state) = self.backends.get(number as usize) {
            self.twin(state).fails.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Says of a backend's health what checks have found; whether that is new.
    pub fn set_healthy(&self, number: u32, healthy: bool) -> bool {
        let state = self.backends.get(number as usize);
        state.is_some_and(|state| state.unhealthy.swap(!healthy, Ordering::Relaxed) == healthy)
    }

    /// Whether the caller is the first who asks, and makes the health checks.
    pub fn claim_prober(&self) -> bool {
        !self.has_prober.swap(true, Ordering::Relaxed)
    }

    /// Goes on with a proxy's round: the number of the turn.
    pub fn turn(&self, proxy: ProxyId) -> Option<u32> {
        let round = self.rounds.get(proxy.0 as usize)?;
        Some(round.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }

    fn twin<'u>(&'u self, state: &'u State) -> &'u State {
        self.backends
            .get(state.record.twin as usize)
            .unwrap_or(state)
    }
}

//! The table that sites with a proxy refer to, and the state behind its
//! pointer.
#![expect(unsafe_code, reason = "gives an opaque pointer out and takes it back")]

use std::ptr::NonNull;

use zs_abi::Capability;
use zs_abi::tables::ProxyId;
use zs_client::tls::TlsTable;
use zs_io::{Event, Key};

use super::health::HealthTable;
use super::{After, Proxies};
use crate::capability::{Opaque, ProxyTable};
use crate::worker::Worker;

/// The part's functions.
pub(crate) const TABLE: ProxyTable = ProxyTable {
    worker_start,
    worker_stop,
    start,
    progress,
    release,
    event,
};

fn worker_start(worker: &mut Worker) -> Result<Opaque, String> {
    let site = worker.site();
    let tls = site.capability(Capability::ProxyTls);
    // SAFETY: the site's descriptor refers to the table of this build, as it
    // promised when it was loaded.
    let tls = tls.map(|table| unsafe { table.cast::<TlsTable>().as_ref() });
    let mut state = Box::new(Proxies::new(site, tls));
    state.start_probing(worker);
    let state = Box::into_raw(state);
    // SAFETY: a box is not null.
    Ok(unsafe { NonNull::new_unchecked(state.cast()) })
}

/// The table of health checks behind its pointer.
pub(super) fn health(table: NonNull<u8>) -> &'static HealthTable {
    // SAFETY: as in `worker_start`.
    unsafe { table.cast::<HealthTable>().as_ref() }
}

/// # Safety
/// The state is from [`worker_start`] and not used afterwards.
unsafe fn worker_stop(worker: &mut Worker, state: Opaque) {
    // SAFETY: `worker_start` made the box, and nobody uses it any more.
    let mut state = unsafe { Box::from_raw(state.cast::<Proxies>().as_ptr()) };
    state.stop(worker);
}

/// Lends the state out, then does what was noted to be done afterwards.
fn with_state(worker: &mut Worker, work: impl FnOnce(&mut Proxies, &mut Worker)) {
    let Some(state) = worker.proxy_state() else {
        return;
    };
    let state = state.cast::<Proxies>();
    {
        // SAFETY: the state is from `worker_start` and lives until
        // `worker_stop`. `work` runs nothing of the worker that calls the
        // table: points of attempts, filters and queues do not.
        work(unsafe { &mut *state.as_ptr() }, worker);
    }
    loop {
        // SAFETY: as above; the reference ends before the worker goes on.
        let after = unsafe { &mut *state.as_ptr() }.after.pop();
        match after {
            Some(After::Raise(exchange, status, reason)) => {
                worker.raise(exchange, status, reason.as_bytes());
            }
            Some(After::Detour(exchange, detour)) => worker.take_detour(exchange, detour),
            Some(After::Again(exchange, wait_ms)) => {
                // SAFETY: as above.
                let state = unsafe { &mut *state.as_ptr() };
                state.again(worker, exchange, wait_ms);
                state.settle(worker);
            }
            None => break,
        }
    }
}

fn start(worker: &mut Worker, exchange: Key, proxy: ProxyId) {
    with_state(worker, |state, worker| {
        state.start(worker, exchange, proxy);
        state.settle(worker);
    });
}

fn progress(worker: &mut Worker, exchange: Key) {
    with_state(worker, |state, worker| state.progress(worker, exchange));
}

fn release(worker: &mut Worker, exchange: Key) {
    with_state(worker, |state, worker| state.release(worker, exchange));
}

fn event(worker: &mut Worker, token: u64, event: Event) {
    with_state(worker, |state, worker| state.event(worker, token, event));
}

//! An attempt up to the point where bytes would leave the machine, for those
//! who want to see what an upstream would get.

use zs_abi::tables::{self, PROXY_TLS, ProxyId};
use zs_io::Key;

use super::head;
use super::{attempt, response};
use crate::exchange::Body;
use crate::worker::{Detour, Worker};

/// What a request that is passed on has come to.
#[derive(Debug)]
pub enum Rehearsed {
    /// This would be sent.
    Sent {
        /// The upstreams that one was chosen from.
        upstreams: u32,
        /// Whether it would be sent over TLS.
        tls: bool,
        /// The head.
        head: Vec<u8>,
    },
    /// Site code wants something else.
    Detour(Detour),
    /// There is no such proxy, or it has no upstream.
    Nothing,
}

/// Prepares an attempt as the proxy does, and sends nothing.
pub fn rehearse(worker: &mut Worker, key: Key, proxy: ProxyId) -> Rehearsed {
    let Some(record) = worker.site().data.record::<tables::Proxy>(proxy.0) else {
        return Rehearsed::Nothing;
    };
    match attempt::choose(worker, key, proxy, &record) {
        Ok(Some(_)) => {}
        Ok(None) => return Rehearsed::Nothing,
        Err(detour) => return Rehearsed::Detour(detour),
    }
    if let Some(entry) = record.request_entry
        && let Some(detour) = worker.run_point(key, entry, 0)
    {
        return Rehearsed::Detour(detour);
    }
    let mut head = Vec::new();
    if let Some(exchange) = worker.exchange(key) {
        head::write(exchange, &mut head);
    }
    Rehearsed::Sent {
        upstreams: record.upstreams.count,
        tls: record.flags & PROXY_TLS != 0,
        head,
    }
}

/// Goes on as if the upstream had answered with a status and nothing else.
pub fn answer_in_place(worker: &mut Worker, key: Key, proxy: ProxyId, status: u16) {
    let record = worker.site().data.record::<tables::Proxy>(proxy.0);
    let Some(exchange) = worker.exchange_mut(key) else {
        return;
    };
    exchange.upstream.status = status;
    exchange.upstream.response.clear();
    let entry = record.and_then(|record| record.response_entry);
    let detour = entry.and_then(|entry| worker.run_point(key, entry, u64::from(status)));
    let detour = detour.or_else(|| {
        response::hand_over(worker.exchange_mut(key)?, Body::Empty, head::via(1));
        worker.respond(key)
    });
    match detour {
        Some(detour) => worker.take_detour(key, detour),
        None => worker.wake_carrier(key),
    }
}

//! Subrequests: exchanges that site code makes within an exchange, and whose
//! response it waits for.

use zs_abi::tables::{EntryId, Subrequest, SubrequestId};
use zs_io::Key;

use crate::exchange::{Body, Carrier, Exchange, Phase};
use crate::expand::Expander;
use crate::limits::{SUBREQUEST_BODY_MAX, SUBREQUEST_DEPTH_MAX, SUBREQUESTS_MAX};
use crate::worker::Worker;

impl Worker {
    /// Makes a subrequest's exchange and runs site code for it. It has the
    /// fields of its parent's request, and no body.
    pub(crate) fn start_subrequest(&mut self, parent: Key, number: SubrequestId, resume: EntryId) {
        let site = self.site();
        let clock = self.io.clock();
        let Some(record) = site.data.record::<Subrequest>(number.0) else {
            return;
        };
        let Some(exchange) = self.exchange(parent) else {
            return;
        };
        let depth = depth_of(exchange) + 1;
        if depth > SUBREQUEST_DEPTH_MAX || !self.count_subrequest(parent) {
            self.raise(parent, 500, b"too many subrequests");
            return;
        }
        let Some(exchange) = self.exchange(parent) else {
            return;
        };
        let expander = Expander {
            site,
            exchange,
            clock,
        };
        let (mut method, mut target) = (Vec::new(), Vec::new());
        let method = expander.value(&record.method, &mut method).to_vec();
        let target = expander.value(&record.target, &mut target).to_vec();
        let origin = exchange.origin.clone();
        let minor = exchange.request.minor;
        let mut head = exchange.request.head.clone();
        for field in ["Content-Length", "Transfer-Encoding", "Expect"] {
            head.remove(field.as_bytes());
        }
        let carrier = Carrier::Subrequest {
            parent,
            resume,
            depth,
        };
        let child = self.new_exchange(record.server, carrier, &origin);
        let Some(exchange) = self.exchange_mut(child) else {
            return;
        };
        let request = &mut exchange.request;
        let parsed = request.target.parse(&method, &target).is_ok();
        request.method = method;
        request.uri = target;
        request.minor = minor;
        request.head = head;
        exchange.request_body.end();
        if let Some(exchange) = self.exchange_mut(parent) {
            exchange.subrequest = Some(child);
        }
        if !parsed {
            self.end_exchange(child);
            self.raise(parent, 500, b"a subrequest's target is malformed");
            return;
        }
        self.begin(child);
        self.wake_carrier(child);
    }

    /// Looks at a subrequest's exchange: collects its response, and lets the
    /// parent go on when that is complete.
    pub(crate) fn carry_subrequest(&mut self, key: Key) {
        let Some(exchange) = self.exchange_mut(key) else {
            return;
        };
        let Carrier::Subrequest { parent, resume, .. } = exchange.carrier else {
            return;
        };
        exchange.informational.clear();
        match exchange.phase {
            Phase::Deciding => return,
            Phase::Aborted => {
                self.fail_subrequest(key, parent, b"a subrequest was aborted");
                return;
            }
            Phase::Ready => {
                exchange.phase = Phase::Sending;
                let ready = exchange.response.ready_bytes().to_vec();
                exchange.collected = ready;
            }
            Phase::Sending => {}
        }
        if let Body::Stream(_) = exchange.response.body {
            let mut wakes = false;
            let (failed, ended) = loop {
                let (pipe, resumed) = exchange.response.readable();
                let count = pipe.len();
                exchange.collected.extend_from_slice(pipe.bytes());
                wakes |= pipe.consume(count) || resumed;
                let failed = pipe.has_failed() || exchange.collected.len() > SUBREQUEST_BODY_MAX;
                if failed || pipe.is_done() || count == 0 {
                    break (failed, pipe.is_done());
                }
            };
            if failed {
                self.fail_subrequest(key, parent, b"a subrequest's response failed");
                return;
            }
            if wakes {
                self.wake_proxy(key);
            }
            if !ended {
                return;
            }
        }
        let Some(exchange) = self.exchange_mut(key) else {
            return;
        };
        let status = exchange.response.status;
        let body = std::mem::take(&mut exchange.collected);
        self.end_exchange(key);
        if body.len() > SUBREQUEST_BODY_MAX {
            self.raise(parent, 500, b"a subrequest's response is too large");
            return;
        }
        if let Some(exchange) = self.exchange_mut(parent) {
            exchange.subrequest = None;
            exchange.subrequest_body = body;
        }
        self.resume(parent, resume, u64::from(status));
    }

    /// Counts a subrequest where its request came in; false if that has led to
    /// too many.
    fn count_subrequest(&mut self, parent: Key) -> bool {
        let mut at = parent;
        while let Some(exchange) = self.exchange_mut(at) {
            match exchange.carrier {
                Carrier::Subrequest { parent, .. } => at = parent,
                Carrier::Connection(_) => {
                    exchange.subrequests += 1;
                    return exchange.subrequests <= SUBREQUESTS_MAX;
                }
            }
        }
        false
    }

    fn fail_subrequest(&mut self, key: Key, parent: Key, message: &[u8]) {
        self.end_exchange(key);
        if let Some(exchange) = self.exchange_mut(parent) {
            exchange.subrequest = None;
        }
        self.raise(parent, 500, message);
    }
}

fn depth_of(exchange: &Exchange) -> u32 {
    match exchange.carrier {
        Carrier::Connection(_) => 0,
        Carrier::Subrequest { depth, .. } => depth,
    }
}

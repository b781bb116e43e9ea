//! The response on its way from the upstream.

use zs_client::LineKey;
use zs_proto::framing::BodyLength;
use zs_proto::response::{self, StatusLine};
use zs_proto::{Head, hop, status};

use super::again::Failure;
use super::head::via;
use super::job::{Job, Phase, Sending};
use super::{After, Proxies};
use crate::connection::BodyReader;
use crate::exchange::{Body, Exchange};
use crate::limits::{FIELDS_MAX, INFORMATIONAL_MAX, RESPONSE_HEAD_BYTES_MAX};
use crate::worker::Worker;

/// How far the reading of the bytes at hand has come.
enum Step {
    /// More bytes are needed.
    More,
    /// The response's pipe is full.
    Held,
    /// The response is complete.
    Complete,
    /// The exchange goes another way; the line is done with.
    Left,
    /// What came is no response.
    Broken(&'static str),
}

impl Proxies {
    /// Takes bytes that the upstream has sent.
    pub fn received(&mut self, worker: &mut Worker, line: LineKey, data: &[u8]) {
        let job = self.job(line);
        job.answered = true;
        let mut input = std::mem::take(&mut job.input);
        // Most responses lie in one piece, which is then read where it is.
        let (used, step) = if input.is_empty() {
            let (used, step) = self.read(worker, line, data);
            input.extend_from_slice(&data[used..]);
            (0, step)
        } else {
            input.extend_from_slice(data);
            self.read(worker, line, &input)
        };
        self.read_on(worker, line, input, used, step);
    }

    /// The response's pipe has drained: what was held back is read.
    pub fn drained(&mut self, worker: &mut Worker, line: LineKey) {
        let job = self.job(line);
        let Some(exchange) = job.exchange.filter(|_| job.held && job.line == Some(line)) else {
            return;
        };
        let full = |exchange: &mut Exchange| exchange.response.pipe.is_full();
        if worker.exchange_mut(exchange).is_none_or(full) {
            return;
        }
        job.held = false;
        let input = std::mem::take(&mut job.input);
        let (used, step) = self.read(worker, line, &input);
        let held = matches!(step, Step::Held);
        self.read_on(worker, line, input, used, step);
        if held || self.job(line).line != Some(line) {
            return;
        }
        if self.job(line).ended {
            self.ended(worker, line);
        } else {
            self.client.receive(&mut worker.io, line);
        }
    }

    /// Does what a step says, and keeps what it did not use.
    fn read_on(
        &mut self,
        worker: &mut Worker,
        line: LineKey,
        mut input: Vec<u8>,
        used: usize,
        step: Step,
    ) {
        input.drain(..used);
        let rest = !input.is_empty();
        self.job(line).input = input;
        match step {
            Step::More if self.job(line).input.len() > RESPONSE_HEAD_BYTES_MAX => {
                self.fail(
                    worker,
                    line,
                    Failure::of_line(502, "the response's head is too long"),
                );
            }
            Step::More => self.set_deadline(worker, line),
            Step::Held => {
                self.job(line).held = true;
                self.client.pause(&mut worker.io, line);
                self.set_deadline(worker, line);
            }
            Step::Complete => self.complete(worker, line, rest),
            Step::Left => {
                self.drop_line(worker, line);
            }
            Step::Broken(reason) => self.fail(worker, line, Failure::of_line(502, reason)),
        }
    }

    /// Reads heads and bodies; how much was used, and why it stopped.
    fn read(&mut self, worker: &mut Worker, line: LineKey, data: &[u8]) -> (usize, Step) {
        let mut at = 0;
        loop {
            let job = self.job(line);
            if job.phase != Phase::Head {
                let (used, step) = read_body(job, worker, &data[at..]);
                return (at + used, step);
            }
            let Some(len) = job.scan.find(&data[at..]) else {
                return (at, Step::More);
            };
            let raw = &data[at..at + len];
            at += len;
            if let Some(step) = self.read_head(worker, line, raw) {
                return (at, step);
            }
        }
    }

    /// Reads a head. `None`: reading goes on.
    fn read_head(&mut self, worker: &mut Worker, line: LineKey, raw: &[u8]) -> Option<Step> {
        let job = self.job(line);
        let Some(exchange) = job.exchange.and_then(|key| worker.exchange_mut(key)) else {
            return Some(Step::Left);
        };
        let head_request = exchange.request.method == b"HEAD";
        let head = &mut exchange.upstream.response;
        let read = response::parse(raw, head_request, FIELDS_MAX, head);
        let status_line = match read {
            Ok(status_line) => status_line,
            Err(error) => return Some(Step::Broken(error.describe())),
        };
        match status_line.status {
            101 => self.switch(worker, line),
            100..200 => {
                job.informed += 1;
                if job.informed > INFORMATIONAL_MAX {
                    return Some(Step::Broken("too many informational responses"));
                }
                self.inform(worker, line, status_line.status);
                None
            }
            _ => self.answer(worker, line, &status_line),
        }
    }

    /// Passes an informational response on (RFC 9110 §15.2); `100 Continue` is
    /// between the upstream and us.
    fn inform(&mut self, worker: &mut Worker, line: LineKey, code: u16) {
        let Some(key) = self.job(line).exchange else {
            return;
        };
        let Some(exchange) = worker.exchange_mut(key) else {
            return;
        };
        if code == 100 || exchange.request.minor == 0 {
            return;
        }
        hop::remove(&mut exchange.upstream.response);
        let out = &mut exchange.informational;
        status::push_line(out, 1, code);
        exchange.upstream.response.write_into(out);
        out.extend_from_slice(b"\r\n");
        worker.wake_carrier(key);
    }

    /// The upstream changes the protocol.
    fn switch(&mut self, worker: &mut Worker, line: LineKey) -> Option<Step> {
        let key = self.job(line).exchange?;
        let exchange = worker.exchange_mut(key)?;
        let asked = hop::upgrade(&exchange.upstream.request);
        let Some(protocol) = hop::upgrade(&exchange.upstream.response).map(<[u8]>::to_vec) else {
            return Some(Step::Broken("a change of protocol that names none"));
        };
        if !asked.is_some_and(|asked| asked.eq_ignore_ascii_case(&protocol)) {
            return Some(Step::Broken("a change of protocol that was not asked for"));
        }
        exchange.upstream.status = 101;
        hop::remove(&mut exchange.upstream.response);
        exchange.upstream.response.push(b"Connection", b"Upgrade");
        exchange.upstream.response.push(b"Upgrade", &protocol);
        if let Some(left) = self.respond(worker, line, Body::Stream(None), via(1)) {
            return Some(left);
        }
        let exchange = worker.exchange_mut(key)?;
        exchange.become_tunnel();
        worker.wake_carrier(key);
        let job = self.job(line);
        job.phase = Phase::Tunnel;
        job.body = BodyReader::Tunnel;
        job.sending = Sending::Tunnel;
        job.keep = false;
        None
    }

    /// The final response has begun.
    fn answer(&mut self, worker: &mut Worker, line: LineKey, told: &StatusLine) -> Option<Step> {
        let job = self.job(line);
        job.phase = Phase::Body;
        job.keep = told.keep_alive;
        job.body = BodyReader::new(told.body);
        let key = job.exchange?;
        let exchange = worker.exchange_mut(key)?;
        exchange.upstream.status = told.status;
        hop::remove(&mut exchange.upstream.response);
        let body = Body::Stream(match told.body {
            BodyLength::Bytes(length) => Some(length),
            _ => None,
        });
        self.respond(worker, line, body, via(told.minor))
    }

    /// Makes the exchange's response out of the upstream's.
    fn respond(
        &mut self,
        worker: &mut Worker,
        line: LineKey,
        body: Body,
        via: &[u8],
    ) -> Option<Step> {
        let job = self.job(line);
        let (key, proxy) = (job.exchange?, job.proxy);
        let code = worker.exchange(key)?.upstream.status;
        match self.judge(worker, line, code) {
            Ok(false) => {}
            Ok(true) => return Some(Step::Left),
            Err(detour) => {
                self.after.push(After::Detour(key, detour));
                return Some(Step::Left);
            }
        }
        let entry = self.proxy(proxy).response_entry;
        if let Some(entry) = entry
            && let Some(detour) = worker.run_point(key, entry, u64::from(code))
        {
            self.after.push(After::Detour(key, detour));
            return Some(Step::Left);
        }
        hand_over(worker.exchange_mut(key)?, body, via);
        if let Some(detour) = worker.respond(key) {
            self.after.push(After::Detour(key, detour));
            return Some(Step::Left);
        }
        None
    }

    /// The response has come as a whole.
    fn complete(&mut self, worker: &mut Worker, line: LineKey, rest: bool) {
        let job = self.job(line);
        let keep = job.keep && !rest && !job.ended && job.sending == Sending::Done;
        let proxy = job.proxy;
        let Some(key) = self.unlink(worker, line) else {
            return;
        };
        if let Some(exchange) = worker.exchange_mut(key) {
            exchange.response.pipe.end();
        }
        worker.wake_carrier(key);
        let record = self.proxy(proxy);
        let (keepalive_ms, idle_max) = (record.keepalive_ms, record.idle_max);
        if keep {
            let (millis, most) = (u64::from(keepalive_ms), idle_max as usize);
            self.client.keep(&mut worker.io, line, millis, most);
        } else {
            self.client.close(&mut worker.io, line);
        }
    }

    /// The upstream sends nothing more.
    pub fn ended(&mut self, worker: &mut Worker, line: LineKey) {
        let job = self.job(line);
        job.ended = true;
        if job.held {
            return;
        }
        match (job.phase, &job.body) {
            (Phase::Head, _) => self.broken(worker, line, "the connection was closed: EOF"),
            (_, BodyReader::Tunnel) => self.complete(worker, line, false),
            _ => self.fail(
                worker,
                line,
                Failure::of_line(502, "the response was broken off"),
            ),
        }
    }
}

/// Makes the upstream's response the exchange's.
pub(super) fn hand_over(exchange: &mut Exchange, body: Body, via: &[u8]) {
    let Exchange {
        response, upstream, ..
    } = exchange;
    response.keep();
    // The upstream's counts; ours stands in `Via`.
    response.head.remove(b"Server");
    response.head.push(b"Via", via);
    copy(&upstream.response, &mut response.head);
    response.status = upstream.status;
    response.body = body;
}

/// Reads a body into the response's pipe.
fn read_body(job: &mut Job, worker: &mut Worker, data: &[u8]) -> (usize, Step) {
    let Some(key) = job.exchange else {
        return (data.len(), Step::Left);
    };
    let Some(exchange) = worker.exchange_mut(key) else {
        return (data.len(), Step::Left);
    };
    let pipe = &mut exchange.response.pipe;
    let mut at = 0;
    let mut pushed = false;
    let step = loop {
        if job.body.is_done() {
            break Step::Complete;
        }
        if at < data.len() && pipe.is_full() {
            break Step::Held;
        }
        match job.body.take(&data[at..]) {
            Ok((0, _)) => break Step::More,
            Ok((used, bytes)) => {
                at += used;
                pushed |= !bytes.is_empty();
                pipe.push(bytes);
            }
            Err(_) => break Step::Broken("malformed chunks"),
        }
    };
    if pushed {
        worker.wake_carrier(key);
    }
    (at, step)
}

/// Adds the upstream's fields to the response's. The length is told by who
/// writes the body, except where there is none.
fn copy(from: &Head, to: &mut Head) {
    for (name, value) in from.iter() {
        to.push(name, value);
    }
}

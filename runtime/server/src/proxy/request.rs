//! The request on its way to the upstream.

use zs_client::LineKey;
use zs_proto::chunked::{LAST_CHUNK, push_chunk};

use super::again::Failure;
use super::job::{Phase, Sending};
use super::{Proxies, head};
use crate::limits::OUTPUT_HIGH;
use crate::worker::Worker;

/// What became of a piece of the request.
enum Piece {
    /// It can be sent.
    Fine,
    /// The client broke its body off.
    Broken,
    /// The client's body is longer than it may be.
    TooLarge,
}

impl Proxies {
    /// The line can be used: the head goes out, with as much of the body as
    /// has come already.
    pub fn ready(&mut self, worker: &mut Worker, line: LineKey) {
        let job = self.job(line);
        let (sending, exchange) = (job.sending, job.exchange);
        let Some(exchange) = exchange else { return };
        if sending == Sending::Done {
            self.send(worker, line);
            return;
        }
        if let Some(waiting) = worker.exchange_mut(exchange) {
            waiting.request_body.want();
            worker.wake_carrier(exchange);
            // After the carrier has looked, so that head and body go together.
            worker.wake_proxy(exchange);
        }
    }

    /// Sends what there is to send, unless a send is under way.
    pub fn send(&mut self, worker: &mut Worker, line: LineKey) {
        if !self.client.can_send(line) {
            return;
        }
        let job = self.job(line);
        if job.head_sent && job.sending == Sending::Done {
            return;
        }
        let mut out = worker.buffer();
        match self.write(worker, line, &mut out) {
            Piece::Broken => {
                worker.recycle(out);
                // Not worth a line in the log, which clients could fill.
                self.abandon(worker, line, 502, "the client broke its request off");
                return;
            }
            Piece::TooLarge => {
                worker.recycle(out);
                self.abandon(worker, line, 413, zs_abi::BODY_TOO_LARGE);
                return;
            }
            Piece::Fine if out.is_empty() => {
                worker.recycle(out);
                self.end_tunnel(worker, line);
            }
            Piece::Fine => self.client.send(&mut worker.io, line, out),
        }
        self.set_deadline(worker, line);
    }

    fn write(&mut self, worker: &mut Worker, line: LineKey, out: &mut Vec<u8>) -> Piece {
        let job = self.job(line);
        let Some(key) = job.exchange else {
            return Piece::Broken;
        };
        let Some(exchange) = worker.exchange_mut(key) else {
            return Piece::Broken;
        };
        if !job.head_sent {
            job.head_sent = true;
            head::write(exchange, out);
        }
        if job.sending == Sending::Done {
            return Piece::Fine;
        }
        let pipe = &mut exchange.request_body;
        if pipe.has_overrun() {
            return Piece::TooLarge;
        }
        if pipe.has_failed() {
            return Piece::Broken;
        }
        let room = OUTPUT_HIGH.saturating_sub(out.len());
        let count = pipe.len().min(room);
        let data = &pipe.bytes()[..count];
        let ends = pipe.has_ended() && count == pipe.len();
        if count > 0 {
            job.replayable = false;
            job.body_sent = true;
        }
        match &mut job.sending {
            Sending::Done => {}
            Sending::Tunnel => out.extend_from_slice(data),
            Sending::Length(left) => {
                out.extend_from_slice(data);
                *left = left.saturating_sub(count as u64);
                if ends && *left > 0 {
                    return Piece::Broken;
                }
            }
            Sending::Chunked => {
                push_chunk(out, data);
                if ends {
                    out.extend_from_slice(LAST_CHUNK);
                }
            }
        }
        if ends {
            job.sending = Sending::Done;
        }
        if pipe.consume(count) {
            worker.wake_carrier(key);
        }
        Piece::Fine
    }

    /// A send is complete.
    pub fn sent(&mut self, worker: &mut Worker, line: LineKey) {
        self.send(worker, line);
        self.end_tunnel(worker, line);
        self.set_deadline(worker, line);
    }

    /// Tells the upstream that the client sends nothing more.
    fn end_tunnel(&mut self, worker: &mut Worker, line: LineKey) {
        let job = self.job(line);
        if job.phase == Phase::Tunnel && job.sending == Sending::Done {
            self.client.shutdown(&mut worker.io, line);
        }
    }

    /// Sets the time until which something has to move.
    pub fn set_deadline(&mut self, worker: &mut Worker, line: LineKey) {
        let Some(job) = self.jobs.get(line.index()) else {
            return;
        };
        if job.line != Some(line) {
            return;
        }
        let record = self.proxy(job.proxy);
        let millis = if !self.client.can_send(line) {
            record.write_ms
        } else if job.phase == Phase::Tunnel || job.held || job.sending != Sending::Done {
            // It is the client's turn, whose own times count.
            0
        } else if job.phase == Phase::Head {
            match (record.response_header_ms, record.read_ms) {
                (0, read) => read,
                (header, 0) => header,
                (header, read) => header.min(read),
            }
        } else {
            record.read_ms
        };
        let deadline = (millis > 0).then(|| worker.io.now().after(u64::from(millis)));
        self.client.set_deadline(&mut worker.io, line, deadline);
    }

    /// Nothing has moved for too long.
    pub fn timed_out(&mut self, worker: &mut Worker, line: LineKey) {
        self.fail(worker, line, Failure::of_line(504, "timeout"));
    }
}

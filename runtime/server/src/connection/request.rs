//! From bytes to a request: the head of the next request becomes an exchange.

use zs_proto::request::{self, RequestLine};
use zs_proto::status;
use zs_proto::target::TargetForm;

use crate::access_log::BodyBytes;
use crate::connection::body::BodyReader;
use crate::connection::{Connection, State};
use crate::exchange::{Carrier, Exchange};
use crate::limits::{FIELDS_MAX, METHOD_BYTES_MAX, OUTPUT_HIGH};
use crate::worker::Worker;
use zs_proto::framing::BodyLength;

/// Why a request was not even shown to site code.
struct Refused {
    status: u16,
    reason: &'static str,
}

impl Connection {
    /// Begins the next request if its head is there. Returns whether the state
    /// has changed.
    pub(super) fn next_request(&mut self, worker: &mut Worker) -> bool {
        if self.output.len() >= OUTPUT_HIGH {
            return false;
        }
        let limit = worker.site().server(self.server).header_bytes_max as usize;
        let found = self.scan.find(&self.input[self.at..]);
        let Some(len) = found.filter(|len| *len <= limit) else {
            let too_long = found.is_some() || self.unread().len() > limit;
            return self.no_head(too_long.then_some(limit));
        };
        self.requests += 1;
        let raw = self.at..self.at + len;
        self.at += len;
        let key = worker.new_exchange(self.server, Carrier::Connection(self.key), &self.origin);
        self.exchange = Some(key);
        self.state = State::Exchange;
        let draining = worker.draining;
        let Some(exchange) = worker.exchange_mut(key) else {
            return false;
        };
        match read_head(&self.input[raw], exchange) {
            Ok(line) => {
                self.begin(&line, draining, exchange);
                let server = worker.site().server(self.server);
                self.deadline.begin_request(worker.io.now(), server);
                worker.log_request(key);
                worker.begin(key);
            }
            Err(refused) => {
                worker.end_exchange(key);
                self.exchange = None;
                self.refuse(refused.status, refused.reason);
            }
        }
        true
    }

    /// There is no complete head, or one beyond a limit of bytes. Where not
    /// even the first line lies within it, the target is to blame
    /// (RFC 9112 §3).
    fn no_head(&mut self, beyond: Option<usize>) -> bool {
        if let Some(limit) = beyond {
            let unread = self.unread();
            let has_line = unread[..limit.min(unread.len())].contains(&b'\n');
            self.refuse(if has_line { 431 } else { 414 }, "");
            return true;
        }
        if self.peer_ended || (!self.keep_alive && self.unread().is_empty()) {
            self.state = State::Flush { linger: false };
            return true;
        }
        false
    }

    /// Sets the connection up for a request.
    fn begin(&mut self, line: &RequestLine, draining: bool, exchange: &mut Exchange) {
        self.minor = line.minor;
        self.keep_alive = line.keep_alive && !draining;
        self.body = BodyReader::new(line.body);
        self.expects_continue = line.expects_continue && !self.body.is_done();
        self.discarded = 0;
        self.body_bytes = BodyBytes::default();
        if self.body.is_done() {
            exchange.request_body.end();
        }
    }

    /// Answers as Go's server does to requests that it cannot read, and ends
    /// the connection.
    pub(super) fn refuse(&mut self, code: u16, reason: &str) {
        self.keep_alive = false;
        self.state = State::Flush { linger: true };
        status::push_line(&mut self.output, 1, code);
        self.output.extend_from_slice(
            b"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n",
        );
        let text = status::text(code);
        let colon = if reason.is_empty() { "" } else { ": " };
        let body = format!("{code} {text}{colon}{reason}");
        self.output.extend_from_slice(body.as_bytes());
    }
}

/// Reads a head into an exchange.
fn read_head(raw: &[u8], exchange: &mut Exchange) -> Result<RequestLine, Refused> {
    let request = &mut exchange.request;
    let line = request::parse(raw, FIELDS_MAX, &mut request.head).map_err(|error| Refused {
        status: error.status(),
        reason: error.describe(),
    })?;
    let method = line.method.of(raw);
    let target = line.target.of(raw);
    if method.len() > METHOD_BYTES_MAX {
        return Err(Refused {
            status: 405,
            reason: "",
        });
    }
    let form = request.target.parse(method, target).map_err(|_| Refused {
        status: 400,
        reason: "",
    })?;
    request.method.extend_from_slice(method);
    request.uri.extend_from_slice(target);
    request.minor = line.minor;
    request.has_body = line.body != BodyLength::None;
    request.content_length = match line.body {
        BodyLength::Bytes(count) => Some(count),
        _ => None,
    };
    let host = match form {
        TargetForm::Absolute(host) | TargetForm::Authority(host) => {
            request.head.set(b"Host", host);
            host
        }
        _ => line.host.map_or(&b""[..], |host| host.of(raw)),
    };
    if line.minor >= 1 && host.is_empty() {
        return Err(Refused {
            status: 400,
            reason: "",
        });
    }
    Ok(line)
}

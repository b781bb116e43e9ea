//! What a server allows its clients, and how it stops.

use zs_abi::tables::Shutdown;
use zs_config::model::{Config, Duration, Server};

use super::Lowering;

/// Longest request head (Go's and Caddy's limit).
const HEADER_BYTES_MAX: u32 = 1 << 20;
/// Time for a request head to arrive (Caddy's default).
const READ_HEADER_MS: u32 = 60_000;
/// Time a connection waits for its next request (Caddy's default).
const IDLE_MS: u32 = 300_000;
/// Time without progress while a body is read or a response written (Caddy's
/// defaults since 2.11).
const PROGRESS_MS: u32 = 60_000;
/// Time without traffic before peers are probed, and between probes (Go's
/// defaults).
const PROBE_S: u32 = 15;
/// Probes without answer that end a connection (Go's default).
const PROBES: u32 = 9;

/// What a server allows its clients; 0 for none.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Longest request head.
    pub header_bytes_max: u32,
    /// Time for a request head to arrive.
    pub read_header_ms: u32,
    /// Time a connection waits for its next request.
    pub idle_ms: u32,
    /// Time without progress while a body is read.
    pub body_idle_ms: u32,
    /// Time without progress while a response is written.
    pub write_idle_ms: u32,
    /// Time for a request with its body.
    pub read_ms: u32,
    /// Time for a response.
    pub write_ms: u32,
    /// Time without traffic before peers are probed.
    pub probe_idle_s: u32,
    /// Time between probes.
    pub probe_interval_s: u32,
    /// Probes without answer that end a connection.
    pub probes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&Server::default())
    }
}

impl Limits {
    /// What a server says of it, and the standard for the rest.
    pub fn of(server: &Server) -> Self {
        let is_probed = server.keepalive_interval.0 >= 0;
        Self {
            header_bytes_max: match u32::try_from(server.max_header_bytes) {
                Ok(0) | Err(_) => HEADER_BYTES_MAX,
                Ok(bytes) => bytes,
            },
            read_header_ms: millis(server.read_header_timeout, READ_HEADER_MS),
            idle_ms: millis(server.idle_timeout, IDLE_MS),
            body_idle_ms: millis(server.read_idle_timeout, PROGRESS_MS),
            write_idle_ms: millis(server.write_idle_timeout, PROGRESS_MS),
            read_ms: millis(server.read_timeout, 0),
            write_ms: millis(server.write_timeout, 0),
            probe_idle_s: match is_probed {
                true => seconds(server.keepalive_idle),
                false => 0,
            },
            probe_interval_s: seconds(server.keepalive_interval),
            probes: match u32::try_from(server.keepalive_count) {
                Ok(0) | Err(_) => PROBES,
                Ok(count) => count,
            },
        }
    }
}

impl Lowering<'_> {
    /// Notes how the server stops, if the configuration says it.
    pub(super) fn shutdown(&mut self, config: &Config) {
        let Some(http) = &config.apps.http else {
            return;
        };
        let record = Shutdown {
            grace_ms: millis(http.grace_period, 0),
            delay_ms: millis(http.shutdown_delay, 0),
        };
        if record.grace_ms > 0 || record.delay_ms > 0 {
            self.program.data.push(&record);
        }
    }
}

/// A time in milliseconds, or the standard one.
fn millis(time: Duration, standard: u32) -> u32 {
    match time.as_millis_ceil() {
        0 => standard,
        millis => u32::try_from(millis).unwrap_or(u32::MAX),
    }
}

/// A time in seconds as the system takes it, or the standard one.
fn seconds(time: Duration) -> u32 {
    const SECONDS_MAX: u32 = 32_767;
    match time.as_millis_ceil().div_ceil(1000) {
        0 => PROBE_S,
        seconds => u32::try_from(seconds).map_or(SECONDS_MAX, |seconds| seconds.min(SECONDS_MAX)),
    }
}

//! A body on its way from its source to its reader.
//!
//! Between the two lies a bounded buffer. Who fills it stops when it is full
//! and is woken when it has drained; who drains it says when it wants more.
//! Neither calls the other: both leave word in the pipe and wake the other
//! side through the worker, so that a proxy can stream both ways at once.

use crate::limits::{BODY_BUFFER_HIGH, BODY_BUFFER_LOW};

/// Bytes between a body's source and its reader.
#[derive(Debug, Default)]
pub struct Pipe {
    buffer: Vec<u8>,
    at: usize,
    /// Whether the source has given its last byte.
    ended: bool,
    /// Whether the source broke off before its end.
    failed: bool,
    /// Whether the reader wants bytes; a source may be asked first (`100
    /// Continue`), so nothing is fetched before this is set.
    wanted: bool,
    /// Whether the source was held back.
    held: bool,
    /// How many bytes may still come, if that is limited.
    allowed: Option<u64>,
    /// Whether more came than were allowed.
    overrun: bool,
}

impl Pipe {
    /// Empties the pipe for a new body and keeps its memory.
    pub fn reset(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > crate::limits::BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        self.at = 0;
        self.ended = false;
        self.failed = false;
        self.wanted = false;
        self.held = false;
        self.allowed = None;
        self.overrun = false;
    }

    /// Limits how many bytes may still be read, besides those that wait. Of
    /// several limits the lowest counts.
    pub fn limit(&mut self, bytes: u64) {
        let waiting = self.len() as u64;
        let allowed = bytes.saturating_sub(waiting);
        self.allowed = Some(self.allowed.map_or(allowed, |before| before.min(allowed)));
        if waiting > bytes {
            self.overrun();
        }
    }

    /// Adds bytes as [`Self::push`], or fails if they are more than may come.
    pub fn push_within_limit(&mut self, bytes: &[u8]) {
        let Some(allowed) = &mut self.allowed else {
            self.push(bytes);
            return;
        };
        match allowed.checked_sub(bytes.len() as u64) {
            Some(left) => {
                *allowed = left;
                self.push(bytes);
            }
            None => self.overrun(),
        }
    }

    fn overrun(&mut self) {
        self.overrun = true;
        self.failed = true;
    }

    /// Whether more came than were allowed.
    pub fn has_overrun(&self) -> bool {
        self.overrun
    }

    /// Adds bytes; the source should stop if [`Self::is_full`] then.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The bytes that wait, for a source that adds some itself.
    pub fn all(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..std::mem::take(&mut self.at));
        &mut self.buffer
    }

    /// Gives all bytes that wait for an empty buffer, without copying them.
    /// Not if some of them were read already.
    pub fn give_all(&mut self, empty: &mut Vec<u8>) -> bool {
        let whole = self.at == 0 && empty.is_empty();
        if whole {
            std::mem::swap(&mut self.buffer, empty);
        }
        whole
    }

    /// Says that the last byte was pushed.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Says that no further byte comes although more were due.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Whether the source has to stop; it is woken when the pipe has drained.
    pub fn is_full(&mut self) -> bool {
        self.held = self.len() >= BODY_BUFFER_HIGH;
        self.held
    }

    /// The bytes that wait.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// Whether no bytes wait.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes bytes off the front. Returns whether the source was held back and
    /// is to be woken now.
    #[must_use]
    pub fn consume(&mut self, count: usize) -> bool {
        self.at += count.min(self.len());
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        }
        let resumes = self.held && self.len() <= BODY_BUFFER_LOW;
        self.held &= !resumes;
        resumes
    }

    /// Says that the reader wants bytes.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether the reader wants bytes.
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Whether the source has given all it had.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the source has given all it had and the reader has taken it.
    pub fn is_done(&self) -> bool {
        self.ended && self.is_empty()
    }

    /// Whether the source broke off.
    pub fn has_failed(&self) -> bool {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fails_beyond_the_lowest_limit() {
        let mut pipe = Pipe::default();
        pipe.limit(5);
        pipe.limit(9);
        pipe.push_within_limit(b"01234");
        assert!(!pipe.has_failed());
        pipe.push_within_limit(b"5");
        assert!(pipe.has_failed() && pipe.has_overrun());
        assert_eq!(pipe.bytes(), b"01234");
        pipe.reset();
        pipe.push_within_limit(b"0123456789");
        assert!(!pipe.has_failed());
    }

    #[test]
    fn holds_back_and_resumes() {
        let mut pipe = Pipe::default();
        pipe.push(&vec![0; BODY_BUFFER_HIGH]);
        assert!(pipe.is_full());
        assert!(!pipe.consume(1));
        assert!(pipe.consume(BODY_BUFFER_HIGH - BODY_BUFFER_LOW - 1));
        assert!(!pipe.consume(BODY_BUFFER_LOW));
        pipe.end();
        assert!(pipe.is_done());
    }
}

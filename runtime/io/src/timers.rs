//! Timers of one loop.
//!
//! There is one kind of timer: it runs out once, and cannot be taken back.
//! Owners with many deadlines that move (every connection has one) keep the
//! deadline themselves, set a timer for it, and look when it runs out whether
//! the deadline has moved. So a request costs no work here.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::event::Token;

/// Milliseconds on the monotonic clock, since the loop's thread started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// The time so many milliseconds later.
    pub const fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// Timers in the order in which they run out.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Millis, Token)>>,
}

impl Timers {
    /// Sets a timer.
    pub fn set(&mut self, at: Millis, token: Token) {
        self.heap.push(Reverse((at, token)));
    }

    /// When the next timer runs out.
    pub fn next(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out a timer that has run out.
    pub fn expired(&mut self, now: Millis) -> Option<Token> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, token))| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order() {
        let mut timers = Timers::default();
        for at in [30, 10, 20] {
            timers.set(Millis(at), Token(at));
        }
        assert_eq!(timers.expired(Millis(9)), None);
        assert_eq!(timers.expired(Millis(20)), Some(Token(10)));
        assert_eq!(timers.expired(Millis(20)), Some(Token(20)));
        assert_eq!(timers.expired(Millis(20)), None);
        assert_eq!(timers.next(), Some(Millis(30)));
    }
}

//! Threads that check passwords, and what they have found.
//!
//! They are shared by all workers and begin with the first password. What is
//! asked twice at a time is checked once; results are kept under a digest, so
//! that no password stays in memory.

use std::collections::{BTreeMap, VecDeque};
use std::panic::catch_unwind;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use blake2::{Blake2s256, Digest};

use super::password::Algorithm;
use super::{Ticket, finish};
use crate::desk::{Desk, lock};
use crate::limits::{CHECKED_KEPT, CHECKERS_MAX, CHECKS_WAITING_MAX};

/// What is to be checked.
#[derive(Debug)]
pub(super) struct Check {
    pub algorithm: Algorithm,
    pub hash: Vec<u8>,
    pub password: Vec<u8>,
    /// Whether the result is kept.
    pub kept: bool,
}

/// What is known at once.
#[derive(Debug)]
pub(super) enum Found {
    /// Whether the password fits.
    Yet(Ticket, bool),
    /// Nothing; the desk will have it.
    Later,
}

/// What a result is found by.
type Name = [u8; 32];

/// What the threads share.
#[derive(Debug, Default)]
struct Room {
    waiting: VecDeque<(Name, Check)>,
    /// Who waits for each check that has not ended.
    askers: BTreeMap<Name, Vec<(Arc<Desk>, Ticket)>>,
    known: BTreeMap<Name, bool>,
    threads: usize,
    idle: usize,
}

static ROOM: Mutex<Room> = Mutex::new(Room {
    waiting: VecDeque::new(),
    askers: BTreeMap::new(),
    known: BTreeMap::new(),
    threads: 0,
    idle: 0,
});

/// Told when something waits.
static CALLED: Condvar = Condvar::new();

/// Begins a check, unless what it finds is known.
pub(super) fn begin(check: Check, desk: &Arc<Desk>, ticket: Ticket) -> Result<Found, &'static str> {
    let name = name(&check);
    let mut room = lock(&ROOM);
    if let Some(fits) = room.known.get(&name).filter(|_| check.kept) {
        return Ok(Found::Yet(ticket, *fits));
    }
    if let Some(askers) = room.askers.get_mut(&name) {
        desk.expect_one();
        askers.push((Arc::clone(desk), ticket));
        return Ok(Found::Later);
    }
    if room.waiting.len() >= CHECKS_WAITING_MAX {
        return Err("too many passwords wait to be checked");
    }
    if room.idle <= room.waiting.len() && room.threads < threads_max() {
        match thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(work)
        {
            Ok(_) => room.threads += 1,
            Err(_) if room.threads == 0 => return Err("no thread to check a password with"),
            Err(_) => {}
        }
    }
    desk.expect_one();
    room.askers.insert(name, vec![(Arc::clone(desk), ticket)]);
    room.waiting.push_back((name, check));
    CALLED.notify_one();
    Ok(Found::Later)
}

/// Half of the processors: the others serve.
fn threads_max() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    processors.div_ceil(2).min(CHECKERS_MAX)
}

/// The life of a thread.
fn work() {
    let mut room = lock(&ROOM);
    loop {
        let Some((name, check)) = room.waiting.pop_front() else {
            room.idle += 1;
            room = CALLED.wait(room).unwrap_or_else(PoisonError::into_inner);
            room.idle -= 1;
            continue;
        };
        drop(room);
        let fits = catch_unwind(|| check.algorithm.fits(&check.hash, &check.password));
        let fits = fits.unwrap_or(false);
        room = lock(&ROOM);
        if check.kept {
            room.keep(name, fits);
        }
        for (desk, ticket) in room.askers.remove(&name).unwrap_or_default() {
            desk.put(Box::new(move |worker| finish(worker, ticket, fits)));
        }
    }
}

impl Room {
    fn keep(&mut self, name: Name, fits: bool) {
        if self.known.len() >= CHECKED_KEPT {
            for _ in 0..CHECKED_KEPT / 10 {
                self.forget_one();
            }
        }
        self.known.insert(name, fits);
    }

    /// Forgets a result, any of them.
    fn forget_one(&mut self) {
        let mut at = Name::default();
        // Without random bytes the first one goes, which is as good a choice.
        let _filled = zs_io::random(&mut at);
        let next = self.known.range(at..).next().map(|(name, _)| *name);
        match next {
            Some(name) => {
                self.known.remove(&name);
            }
            None => {
                self.known.pop_first();
            }
        }
    }
}

fn name(check: &Check) -> Name {
    let mut digest = Blake2s256::new();
    digest.update([check.algorithm as u8]);
    digest.update((check.hash.len() as u64).to_le_bytes());
    digest.update(&check.hash);
    digest.update(&check.password);
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_when_it_is_full() {
        let mut room = Room::default();
        for number in 0..3 * CHECKED_KEPT {
            let mut name = Name::default();
            name[..8].copy_from_slice(&(number as u64).to_be_bytes());
            room.keep(name, true);
            assert!(room.known.len() <= CHECKED_KEPT);
            assert_eq!(room.known.get(&name), Some(&true));
        }
    }
}

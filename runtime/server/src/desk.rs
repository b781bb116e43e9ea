//! Where a worker finds what threads have done for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zs_io::Waker;

use crate::worker::{Subject, Worker};

/// What a worker does with what a thread has found.
pub(crate) type Work = Box<dyn FnOnce(&mut Worker) + Send>;

/// A worker's place for what threads have found.
pub(crate) struct Desk {
    done: Mutex<VecDeque<Work>>,
    /// How much has begun and was not taken yet.
    awaited: AtomicUsize,
    waker: Waker,
}

impl fmt::Debug for Desk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Desk")
    }
}

impl Desk {
    /// Whether anything is still to come.
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Relaxed) > 0
    }

    /// Says that something will be put down.
    pub(crate) fn expect_one(&self) {
        self.awaited.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts something down that was expected.
    pub(crate) fn put(&self, work: Work) {
        lock(&self.done).push_back(work);
        self.waker.wake();
    }

    fn take(&self) -> Option<Work> {
        let work = lock(&self.done).pop_front()?;
        self.awaited.fetch_sub(1, Ordering::Relaxed);
        Some(work)
    }
}

impl Worker {
    /// The worker's desk, made when it is first needed.
    pub(crate) fn desk(&mut self) -> std::io::Result<Arc<Desk>> {
        if let Some(desk) = &self.desk {
            return Ok(Arc::clone(desk));
        }
        let waker = Waker::new()?;
        self.io.watch(waker.descriptor()?, Subject::Desk.token(0));
        let desk = Arc::new(Desk {
            done: Mutex::default(),
            awaited: AtomicUsize::new(0),
            waker,
        });
        self.desk = Some(Arc::clone(&desk));
        Ok(desk)
    }

    /// Goes on with what threads have done.
    pub(crate) fn clear_desk(&mut self) {
        let Some(desk) = self.desk.clone() else {
            return;
        };
        // Cleared first: what is put down after this wakes again.
        desk.waker.clear();
        while let Some(work) = desk.take() {
            work(self);
        }
    }
}

/// Locks a mutex, whoever panicked with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

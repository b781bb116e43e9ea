//! Threads that read folders, shared by all workers. They begin with the first folder.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use crate::desk::lock;
use crate::limits::{LISTERS_MAX, LISTINGS_WAITING_MAX};

/// What a thread does. It does not panic.
pub(super) type Task = Box<dyn FnOnce() + Send>;

struct Crew {
    waiting: VecDeque<Task>,
    threads: usize,
    idle: usize,
}

static CREW: Mutex<Crew> = Mutex::new(Crew {
    waiting: VecDeque::new(),
    threads: 0,
    idle: 0,
});

/// Told when something waits.
static CALLED: Condvar = Condvar::new();

/// There are too many tasks, or no thread for one.
pub(super) struct Refused;

/// Has a thread do something.
pub(super) fn begin(task: Task) -> Result<(), Refused> {
    let mut crew = lock(&CREW);
    if crew.waiting.len() >= LISTINGS_WAITING_MAX {
        return Err(Refused);
    }
    if crew.idle <= crew.waiting.len() && crew.threads < LISTERS_MAX {
        let thread = thread::Builder::new().name("folders".to_owned());
        match thread.spawn(work) {
            Ok(_) => crew.threads += 1,
            Err(_) if crew.threads == 0 => return Err(Refused),
            Err(_) => {}
        }
    }
    crew.waiting.push_back(task);
    CALLED.notify_one();
    Ok(())
}

/// The life of a thread.
fn work() {
    let mut crew = lock(&CREW);
    loop {
        let Some(task) = crew.waiting.pop_front() else {
            crew.idle += 1;
            crew = CALLED.wait(crew).unwrap_or_else(PoisonError::into_inner);
            crew.idle -= 1;
            continue;
        };
        drop(crew);
        task();
        crew = lock(&CREW);
    }
}

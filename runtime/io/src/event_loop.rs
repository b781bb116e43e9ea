//! The face of the event loop, whichever driver is behind it.

use std::io;
use std::os::fd::OwnedFd;

use crate::arena::Key;
use crate::epoll::Epoll;
use crate::event::{Event, Token};
use crate::net::Address;
use crate::sys::Clock;
use crate::timers::{Millis, Timers};
use crate::uring::Uring;

/// Which driver is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// io_uring, or epoll where that is denied.
    #[default]
    Auto,
    /// io_uring or nothing.
    Uring,
    /// epoll.
    Epoll,
}

/// A driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverKind {
    /// io_uring.
    Uring,
    /// epoll.
    Epoll,
}

impl DriverKind {
    /// Its name in options and log lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uring => "io_uring",
            Self::Epoll => "epoll",
        }
    }
}

/// Finds out which driver a choice means on this machine. If `Auto` falls
/// back, the reason comes along, for the log.
///
/// # Errors
/// If io_uring is wanted and cannot be had, or fails for another reason than
/// being denied or unknown.
pub fn probe(choice: Choice) -> io::Result<(DriverKind, Option<io::Error>)> {
    if choice == Choice::Epoll {
        return Ok((DriverKind::Epoll, None));
    }
    let Err(error) = Uring::new() else {
        return Ok((DriverKind::Uring, None));
    };
    // Denied by a filter or sysctl, not in this kernel, or a kernel too old
    // for what is asked of it.
    let denied = matches!(
        error.raw_os_error(),
        Some(libc::EPERM | libc::ENOSYS | libc::EINVAL)
    );
    if choice == Choice::Auto && denied {
        Ok((DriverKind::Epoll, Some(error)))
    } else {
        Err(error)
    }
}

/// The event loop of one thread.
#[derive(Debug)]
pub struct Loop {
    driver: Driver,
    timers: Timers,
    clock: Clock,
    now: Millis,
}

#[derive(Debug)]
enum Driver {
    Uring(Box<Uring>),
    Epoll(Box<Epoll>),
}

macro_rules! drive {
    ($self:expr, $driver:ident => $call:expr) => {
        match &mut $self.driver {
            Driver::Uring($driver) => $call,
            Driver::Epoll($driver) => $call,
        }
    };
}

impl Loop {
    /// Makes a loop for the thread that calls.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new(kind: DriverKind) -> io::Result<Self> {
        let driver = match kind {
            DriverKind::Uring => Driver::Uring(Box::new(Uring::new()?)),
            DriverKind::Epoll => Driver::Epoll(Box::new(Epoll::new()?)),
        };
        let clock = Clock::default();
        Ok(Self {
            driver,
            timers: Timers::default(),
            clock,
            now: clock.now(),
        })
    }

    /// The time at the start of this turn.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The clock that [`Self::now`] is read from.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Takes a connected stream or datagram socket in. It receives nothing yet.
    pub fn adopt(&mut self, socket: OwnedFd, token: Token) -> Key {
        drive!(self, driver => driver.adopt(socket, token))
    }

    /// Accepts connections of a listening socket until it is closed.
    pub fn listen(&mut self, socket: OwnedFd, token: Token) -> Key {
        drive!(self, driver => driver.listen(socket, token))
    }

    /// Goes on accepting after [`Event::AcceptFailed`].
    pub fn accept_again(&mut self, listener: Key) {
        drive!(self, driver => driver.accept_again(listener));
    }

    /// Connects a stream socket; [`Event::Connected`] tells the result.
    ///
    /// # Errors
    /// If the address cannot be expressed.
    pub fn connect(&mut self, socket: OwnedFd, to: &Address, token: Token) -> io::Result<Key> {
        drive!(self, driver => driver.connect(socket, to, token))
    }

    /// Tells whenever a descriptor becomes readable.
    pub fn watch(&mut self, descriptor: OwnedFd, token: Token) -> Key {
        drive!(self, driver => driver.watch(descriptor, token))
    }

    /// Receives from a socket until [`Self::pause`], its end or an error.
    pub fn receive(&mut self, socket: Key) {
        drive!(self, driver => driver.receive(socket));
    }

    /// Stops receiving; what has arrived already is still told.
    pub fn pause(&mut self, socket: Key) {
        drive!(self, driver => driver.pause(socket));
    }

    /// Sends a buffer; [`Event::Sent`] gives it back. A socket sends one
    /// buffer at a time.
    ///
    /// # Panics
    /// If the socket is sending.
    pub fn send(&mut self, socket: Key, buffer: Vec<u8>) {
        drive!(self, driver => driver.send(socket, buffer));
    }

    /// Bytes that a socket has sent so far, to see whether a send progresses.
    pub fn sent_bytes(&mut self, socket: Key) -> u64 {
        drive!(self, driver => driver.sent_bytes(socket))
    }

    /// Tells the peer that nothing more is sent. Not while sending.
    pub fn shutdown(&mut self, socket: Key) {
        drive!(self, driver => driver.shutdown(socket));
    }

    /// Closes a socket, listener or watch. What it is doing is broken off, and
    /// nothing more is told of it.
    pub fn close(&mut self, socket: Key) {
        drive!(self, driver => driver.close(socket));
    }

    /// Tells once when a time has come.
    pub fn timer(&mut self, at: Millis, token: Token) {
        self.timers.set(at, token);
    }

    /// Submits what was asked for, waits until something happens or `until`
    /// has come, and appends what happened.
    ///
    /// # Errors
    /// If the driver has failed; the loop cannot go on then.
    pub fn turn(&mut self, until: Option<Millis>, events: &mut Vec<Event>) -> io::Result<()> {
        let next = match (self.timers.next(), until) {
            (Some(timer), Some(until)) => Some(timer.min(until)),
            (timer, until) => timer.or(until),
        };
        let wait_ms = next.map(|at| at.0.saturating_sub(self.clock.now().0));
        drive!(self, driver => driver.turn(wait_ms, events))?;
        self.now = self.clock.now();
        while let Some(token) = self.timers.expired(self.now) {
            events.push(Event::Timer { token });
        }
        Ok(())
    }
}

//! Clock, signals, wake-ups and limits of the process.
#![expect(unsafe_code, reason = "system calls")]

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::timers::Millis;

/// The monotonic clock of a loop. Reading it takes no system call on the
/// usual machines.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock {
    /// Milliseconds since the clock was made.
    pub fn now(&self) -> Millis {
        Millis(self.nanos() / 1_000_000)
    }

    /// Nanoseconds since the clock was made.
    pub fn nanos(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Seconds and nanoseconds since 1970-01-01T00:00:00Z, by the system's
    /// clock.
    pub fn unix() -> (i64, u32) {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(time) => (time.as_secs() as i64, time.subsec_nanos()),
            Err(_) => (0, 0),
        }
    }
}

/// Wakes a loop from another thread.
#[derive(Clone, Debug)]
pub struct Waker {
    fd: Arc<OwnedFd>,
}

impl Waker {
    /// Makes a waker.
    ///
    /// # Errors
    /// If the system is out of descriptors.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else has it.
        let fd = Arc::new(unsafe { OwnedFd::from_raw_fd(fd) });
        Ok(Self { fd })
    }

    /// Wakes the loop that watches [`Self::descriptor`].
    pub fn wake(&self) {
        let one = 1_u64;
        // SAFETY: writes eight bytes of our own. A full counter wakes as well.
        unsafe { libc::write(self.fd.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Forgets the wake-ups so far.
    pub fn clear(&self) {
        let mut count = 0_u64;
        // SAFETY: reads eight bytes into our own integer.
        unsafe { libc::read(self.fd.as_raw_fd(), (&raw mut count).cast(), 8) };
    }

    /// A descriptor of its own for [`crate::Loop::watch`].
    ///
    /// # Errors
    /// If the system is out of descriptors.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }

    /// Waits until the waker or one of the signals says something, not longer
    /// than the time if there is one; the signal, if it was one.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn wait_with(
        &self,
        signals: &Signals,
        longest: Option<Duration>,
    ) -> io::Result<Option<i32>> {
        // Rounded up, so that the time is over afterwards.
        let millis = longest.map_or(-1, |time| {
            i32::try_from(time.as_millis() + 1).unwrap_or(i32::MAX)
        });
        let mut fds = [self.fd.as_fd(), signals.fd.as_fd()].map(|fd| libc::pollfd {
            fd: fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        });
        loop {
            // SAFETY: two entries, as stated.
            let ready = unsafe { libc::poll(fds.as_mut_ptr(), 2, millis) };
            if ready >= 0 {
                break;
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(signals.take())
    }
}

/// Signals that are read instead of interrupting.
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Reads these signals from now on. They must be blocked on every thread,
    /// see [`block_signals`].
    ///
    /// # Errors
    /// If the system is out of descriptors.
    pub fn new(numbers: &[i32]) -> io::Result<Self> {
        let set = signal_set(numbers);
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: the set is initialised.
        let fd = unsafe { libc::signalfd(-1, &raw const set, flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd })
    }

    /// The next signal that has arrived.
    pub fn take(&self) -> Option<i32> {
        // SAFETY: plain data, all zeros is one.
        let mut info: libc::signalfd_siginfo = unsafe { mem::zeroed() };
        let len = mem::size_of_val(&info);
        // SAFETY: reads into our own record, no longer than it is.
        let read = unsafe { libc::read(self.fd.as_raw_fd(), (&raw mut info).cast(), len) };
        (read == len as isize).then_some(info.ssi_signo as i32)
    }

    /// The descriptor that becomes readable with a signal.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Blocks signals on this thread and those it starts.
pub fn block_signals(numbers: &[i32]) {
    let set = signal_set(numbers);
    // SAFETY: the set is initialised.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
}

/// Lets writes to closed connections fail instead of ending the process.
pub fn ignore_broken_pipes() {
    // SAFETY: no handler of ours is installed.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Raises the limit of open files as far as allowed; the limit that holds now.
pub fn raise_file_limit() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: reads and writes our own record.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return 1024;
        }
        let before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) != 0 {
            limit.rlim_cur = before;
        }
    }
    limit.rlim_cur
}

/// Fills the buffer with bytes that nobody can guess.
///
/// # Errors
/// If the system has none to give.
pub fn random(buffer: &mut [u8]) -> io::Result<()> {
    let mut at = 0;
    while at < buffer.len() {
        let rest = &mut buffer[at..];
        // Not `getrandom`, which the standard library names weakly: link-time
        // optimisation makes both references weak, a weak one does not bring the function out of
        // its archive, and the call would go to address 0.
        // SAFETY: the kernel writes no more than the buffer holds.
        let got =
            unsafe { libc::syscall(libc::SYS_getrandom, rest.as_mut_ptr(), rest.len(), 0_u32) };
        if got < 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        at += got as usize;
    }
    Ok(())
}

/// The machine's name; empty if it has none.
pub fn hostname() -> Vec<u8> {
    let mut buffer = vec![0_u8; 256];
    // SAFETY: the kernel writes no more than the buffer holds.
    let result = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) };
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
    buffer.truncate(if result == 0 { end } else { 0 });
    buffer
}

fn signal_set(numbers: &[i32]) -> libc::sigset_t {
    // SAFETY: plain data; emptied before use.
    let mut set: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set is ours; numbers that do not exist are refused.
    unsafe {
        libc::sigemptyset(&raw mut set);
        for number in numbers {
            libc::sigaddset(&raw mut set, *number);
        }
    }
    set
}

//! The pool of buffers that a loop receives into.
#![expect(unsafe_code, reason = "memory that the kernel writes to")]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::rc::Rc;

/// Bytes that one receive yields at most. Most requests fit many times; only
/// the pages that were written to take memory.
pub const RECEIVE_BYTES: usize = 16 * 1024;

/// Most buffers of a pool: 8 MiB that a worker's peers can fill before it
/// stops receiving.
pub(crate) const BUFFERS_MAX: u16 = 512;

/// Buffers that are in use from the start. More are added when they run out,
/// so that a quiet worker goes round in few pages.
pub(crate) const BUFFERS_START: u16 = 16;

/// Buffers of [`RECEIVE_BYTES`] each in one range of memory.
pub(crate) struct Pool {
    memory: NonNull<u8>,
    /// Buffers with a lower number have been in use.
    grown: Cell<u16>,
    /// Buffers that leases gave back.
    returned: RefCell<Vec<u16>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pool({} buffers)", self.grown.get())
    }
}

impl Pool {
    /// A pool whose buffers all wait to be taken.
    pub fn new() -> io::Result<Rc<Self>> {
        Ok(Rc::new(Self {
            memory: map(POOL_BYTES)?,
            grown: Cell::new(0),
            returned: RefCell::new(Vec::with_capacity(usize::from(BUFFERS_MAX))),
        }))
    }

    /// A buffer that is in nobody's hands: one that was given back, or with
    /// `grow` a new one.
    pub fn take(&self, grow: bool) -> Option<u16> {
        if let Some(index) = self.returned.borrow_mut().pop() {
            return Some(index);
        }
        let index = self.grown.get();
        if !grow || index >= BUFFERS_MAX {
            return None;
        }
        self.grown.set(index + 1);
        Some(index)
    }

    /// How many buffers have been in use.
    pub fn grown(&self) -> u16 {
        self.grown.get()
    }

    /// Whether a buffer can be taken without growing.
    pub fn has_returned(&self) -> bool {
        !self.returned.borrow().is_empty()
    }

    /// Gives a buffer back that was taken and not leased.
    pub fn put_back(&self, index: u16) {
        self.returned.borrow_mut().push(index);
    }

    /// Where a buffer lies.
    pub fn address(&self, index: u16) -> *mut u8 {
        assert!(index < BUFFERS_MAX, "the pool has no buffer {index}");
        // SAFETY: the number is within the pool's memory.
        unsafe { self.memory.as_ptr().add(usize::from(index) * RECEIVE_BYTES) }
    }

    /// Leases the first `len` bytes of a buffer that was taken from the pool
    /// and that nobody writes to any more.
    pub fn lease(self: &Rc<Self>, index: u16, len: usize) -> Lease {
        assert!(index < BUFFERS_MAX && len <= RECEIVE_BYTES);
        Lease {
            pool: Rc::clone(self),
            index,
            len: len as u32,
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and every lease holds the pool alive.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), POOL_BYTES) };
    }
}

/// Bytes that were received. The buffer goes back to the pool on drop.
pub struct Lease {
    pool: Rc<Pool>,
    index: u16,
    len: u32,
}

impl Deref for Lease {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let address = self.pool.address(self.index);
        // SAFETY: the bytes lie in the pool's memory, which zero-fills, and
        // while the lease lives neither kernel nor pool uses the buffer.
        unsafe { std::slice::from_raw_parts(address, self.len as usize) }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Lease({} bytes)", self.len)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.returned.borrow_mut().push(self.index);
    }
}

const POOL_BYTES: usize = BUFFERS_MAX as usize * RECEIVE_BYTES;

/// Maps zeroed memory; pages are used when they are touched.
pub(crate) fn map(bytes: usize) -> io::Result<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: without MAP_FIXED the kernel chooses addresses that nobody uses.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_give_back() {
        let pool = Pool::new().unwrap();
        assert_eq!(pool.take(false), None);
        let index = pool.take(true).unwrap();
        let lease = pool.lease(index, 3);
        assert_eq!(&lease[..], [0, 0, 0]);
        assert_eq!(pool.take(false), None);
        drop(lease);
        assert_eq!(pool.take(false), Some(index));
        let others = std::iter::from_fn(|| pool.take(true)).count();
        assert_eq!(others, usize::from(BUFFERS_MAX) - 1);
    }
}

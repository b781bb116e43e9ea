//! Address ranges from the system.
#![expect(unsafe_code, reason = "memory mapping calls")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;

/// An address range of our own; it is given back when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

/// What may be done with pages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protection {
    None,
    Write,
}

impl Protection {
    const fn bits(self) -> i32 {
        match self {
            Self::None => libc::PROT_NONE,
            Self::Write => libc::PROT_READ | libc::PROT_WRITE,
        }
    }
}

impl Mapping {
    /// Reserves `len` bytes of addresses; memory is used when it is touched.
    pub fn reserve(len: usize, protection: Protection) -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: without MAP_FIXED the kernel chooses addresses that nobody uses.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), len, protection.bits(), flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }

    /// First byte of the range.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Bytes of the range.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Changes what may be done with pages of the range.
    pub fn protect(&mut self, at: usize, len: usize, protection: Protection) -> io::Result<()> {
        let address = self.address(at, len);
        // SAFETY: the pages are ours, and `&mut self` says that no slice of them
        // is held.
        check(unsafe { libc::mprotect(address, len, protection.bits()) })
    }

    /// Gives the memory of pages back; they read as zeros afterwards.
    pub fn discard(&mut self, at: usize, len: usize) -> io::Result<()> {
        let address = self.address(at, len);
        // SAFETY: as in `protect`.
        check(unsafe { libc::madvise(address, len, libc::MADV_DONTNEED) })
    }

    /// Shows the first `len` bytes of a file, read-only, in place of pages of
    /// the range.
    pub fn show_file(&mut self, at: usize, len: usize, file: &File) -> io::Result<()> {
        let address = self.address(at, len);
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;
        let fd = file.as_raw_fd();
        // SAFETY: MAP_FIXED replaces pages that are ours, of which nobody holds
        // a slice.
        let shown = unsafe { libc::mmap(address, len, libc::PROT_READ, flags, fd, 0) };
        if shown == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    fn address(&self, at: usize, len: usize) -> *mut libc::c_void {
        let inside = at.checked_add(len).is_some_and(|end| end <= self.len);
        assert!(inside, "range {at}+{len} is outside of the mapping");
        // SAFETY: `at` was just checked to lie within the range.
        unsafe { self.start.as_ptr().add(at).cast() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and nothing that borrows it is left.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Bytes of the system's pages.
pub(crate) fn page_bytes() -> usize {
    // SAFETY: sysconf only reads a constant of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

//! Guest memory of the interpreter: pages with permissions.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use zs_abi::layout::{FRAME_BYTES, FRAMES_MAX, STACK_TOP};

/// What the guest may do with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    Read,
    /// Read and write.
    Write,
}

/// An access to memory that is not mapped, or not writable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAccess {
    /// Address of the first byte that may not be touched; outside of 32 bits where
    /// a displacement led out of the window.
    pub address: i64,
}

impl fmt::Display for BadAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad access at guest address {:#x}", self.address)
    }
}

impl std::error::Error for BadAccess {}

/// Guest memory that a program can be interpreted over.
pub trait GuestMemory {
    /// Reads as the guest does.
    ///
    /// # Errors
    /// If a byte may not be read.
    fn read(&self, address: i64, into: &mut [u8]) -> Result<(), BadAccess>;

    /// Writes as the guest does; a bad access writes nothing.
    ///
    /// # Errors
    /// If a byte may not be written.
    fn write(&mut self, address: i64, bytes: &[u8]) -> Result<(), BadAccess>;
}

/// A window's memory. Nothing is mapped at first.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pages: BTreeMap<u32, Page>,
}

#[derive(Clone, Debug)]
struct Page {
    access: Access,
    bytes: Box<[u8; PAGE_BYTES]>,
}

impl Memory {
    /// A window with a stack and nothing else.
    pub fn with_stack() -> Self {
        let mut memory = Self::default();
        let stack_bytes = FRAME_BYTES * FRAMES_MAX;
        memory.map(STACK_TOP - stack_bytes, stack_bytes as usize, Access::Write);
        memory
    }

    /// Maps zeroed pages that cover `len` bytes from `start`. Pages that are
    /// mapped already are replaced.
    pub fn map(&mut self, start: u32, len: usize, access: Access) {
        let first = start / PAGE_BYTES as u32;
        let last = (start as u64 + len as u64).div_ceil(PAGE_BYTES as u64) as u32;
        for number in first..last {
            let bytes = Box::new([0; PAGE_BYTES]);
            self.pages.insert(number, Page { access, bytes });
        }
    }

    /// Writes as the host does, who may write constants too.
    pub fn poke(&mut self, address: i64, bytes: &[u8]) -> Result<(), BadAccess> {
        for (piece, at, place) in pieces(address, bytes.len()) {
            let number = u32::try_from(place).ok();
            let page = number.and_then(|number| self.pages.get_mut(&number));
            let page = page.ok_or(bad(address, &piece))?;
            page.bytes[at..at + piece.len()].copy_from_slice(&bytes[piece]);
        }
        Ok(())
    }

    fn page(&self, number: i64) -> Option<&Page> {
        self.pages.get(&u32::try_from(number).ok()?)
    }
}

impl GuestMemory for Memory {
    fn read(&self, address: i64, into: &mut [u8]) -> Result<(), BadAccess> {
        for (piece, at, place) in pieces(address, into.len()) {
            let bad = bad(address, &piece);
            let page = self.page(place).ok_or(bad)?;
            into[piece.clone()].copy_from_slice(&page.bytes[at..at + piece.len()]);
        }
        Ok(())
    }

    fn write(&mut self, address: i64, bytes: &[u8]) -> Result<(), BadAccess> {
        for (piece, _, place) in pieces(address, bytes.len()) {
            let writable = self.page(place).map(|page| page.access);
            if writable != Some(Access::Write) {
                return Err(bad(address, &piece));
            }
        }
        self.poke(address, bytes)
    }
}

fn bad(address: i64, piece: &Range<usize>) -> BadAccess {
    let address = address + piece.start as i64;
    BadAccess { address }
}

/// Cuts an access at page borders: which of its bytes, where in the page, which
/// page.
fn pieces(address: i64, len: usize) -> impl Iterator<Item = (Range<usize>, usize, i64)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let here = address + done as i64;
        let at = here.rem_euclid(PAGE_BYTES as i64) as usize;
        let start = done;
        done = len.min(start + PAGE_BYTES - at);
        Some((start..done, at, here.div_euclid(PAGE_BYTES as i64)))
    })
}

const PAGE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_and_borders() {
        let mut memory = Memory::default();
        memory.map(0x1000, 1, Access::Write);
        memory.map(0x2000, 1, Access::Read);
        assert!(memory.write(0x1ffc, &[1; 4]).is_ok());
        assert_eq!(
            memory.write(0x1ffd, &[2; 4]),
            Err(BadAccess { address: 0x2000 })
        );
        let mut seen = [0; 8];
        memory.read(0x1ff8, &mut seen).unwrap();
        assert_eq!(seen, [0, 0, 0, 0, 1, 1, 1, 1]);
        assert!(memory.read(0x1fff, &mut [0; 2]).is_ok());
        assert!(memory.read(0x2fff, &mut [0; 2]).is_err());
        assert!(memory.read(-1, &mut [0; 2]).is_err());
        assert!(memory.poke(0x2000, &[9]).is_ok());
    }
}

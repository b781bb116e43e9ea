//! A window: the memory that generated code sees.
#![expect(unsafe_code, reason = "slices of guest memory")]

use std::fmt;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use zs_abi::layout::{
    CONST_BASE, FRAME_BYTES, FRAMES_MAX, SLOT_BASE, SLOT_END, STACK_TOP, UNIT, WINDOW_BYTES,
};

use crate::constants::Constants;
use crate::mapping::{Mapping, Protection, page_bytes};

/// An address in a window. Having one proves nothing about what lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestPtr(pub u32);

impl GuestPtr {
    /// The pointer in a register: its low half, as generated code reads it.
    pub const fn from_register(value: u64) -> Self {
        Self(value as u32)
    }
}

impl fmt::Display for GuestPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// 4 GiB of addresses with guards around them: constants (read-only), one stack,
/// and request slots as far as they are committed.
///
/// A window belongs to one thread at a time; what it holds changes only through
/// `&mut`, which [`enter`](crate::enter) takes too.
#[derive(Debug)]
pub struct Window {
    mapping: Mapping,
    constants: Range<u32>,
    /// Committed slots, in rising order, neither empty nor adjoining.
    slots: Vec<Range<u32>>,
    page_bytes: u32,
}

// SAFETY: a window owns its mapping, and all access to it goes through
// references to the window.
unsafe impl Send for Window {}

const STACK: Range<u32> = STACK_TOP - FRAME_BYTES * FRAMES_MAX..STACK_TOP;

impl Window {
    /// Reserves a window that shows the constants and has a stack.
    ///
    /// # Errors
    /// If the system refuses, for instance because addresses are limited.
    pub fn new(constants: &Constants) -> io::Result<Self> {
        let len = WINDOW_BYTES + 2 * u64::from(UNIT);
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::Unsupported)?;
        let mut window = Self {
            mapping: Mapping::reserve(len, Protection::None)?,
            constants: CONST_BASE..CONST_BASE + constants.len(),
            slots: Vec::new(),
            page_bytes: page_bytes() as u32,
        };
        if !constants.is_empty() {
            let (at, len) = (place(CONST_BASE), constants.len() as usize);
            window.mapping.show_file(at, len, constants.file())?;
        }
        let (at, len) = (place(STACK.start), STACK.len());
        window.mapping.protect(at, len, Protection::Write)?;
        Ok(window)
    }

    /// Where guest address 0 lies in this process.
    pub fn base(&self) -> NonNull<u8> {
        // SAFETY: the mapping is longer than one guard.
        unsafe { self.mapping.start().add(UNIT as usize) }
    }

    /// Makes slots usable; they hold zeros unless they were committed already.
    ///
    /// # Errors
    /// If the range is not one of whole pages within the slots, or the system
    /// refuses.
    pub fn commit(&mut self, range: Range<u32>) -> io::Result<()> {
        self.check_slots(&range)?;
        let (at, len) = (place(range.start), range.len());
        self.mapping.protect(at, len, Protection::Write)?;
        let mut merged = range.clone();
        self.slots.retain(|old| {
            let touches = old.start <= merged.end && merged.start <= old.end;
            if touches {
                merged = merged.start.min(old.start)..merged.end.max(old.end);
            }
            !touches
        });
        let before = self.slots.partition_point(|old| old.start < merged.start);
        self.slots.insert(before, merged);
        Ok(())
    }

    /// Gives slots back: their memory goes to the system, touching them faults.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn decommit(&mut self, range: Range<u32>) -> io::Result<()> {
        self.check_slots(&range)?;
        let (at, len) = (place(range.start), range.len());
        self.mapping.discard(at, len)?;
        self.mapping.protect(at, len, Protection::None)?;
        let mut kept = Vec::with_capacity(self.slots.len() + 1);
        for old in self.slots.drain(..) {
            kept.push(old.start..old.end.min(range.start));
            kept.push(old.start.max(range.end)..old.end);
        }
        kept.retain(|piece| piece.start < piece.end);
        self.slots = kept;
        Ok(())
    }

    /// The bytes at a guest address, if all of them can be read.
    pub fn slice(&self, start: GuestPtr, len: u32) -> Option<&[u8]> {
        let range = guest_range(start, len)?;
        if !(contains(&self.constants, &range) || self.is_writable(&range)) {
            return None;
        }
        let start = self.address(start);
        // SAFETY: the range is mapped and readable. Constants are sealed, all
        // else changes only through `&mut self`.
        Some(unsafe { std::slice::from_raw_parts(start, len as usize) })
    }

    /// The bytes at a guest address, if all of them can be written.
    pub fn slice_mut(&mut self, start: GuestPtr, len: u32) -> Option<&mut [u8]> {
        if !self.is_writable(&guest_range(start, len)?) {
            return None;
        }
        let start = self.address(start);
        // SAFETY: the range is mapped and writable, and `&mut self` makes this
        // the only access to it.
        Some(unsafe { std::slice::from_raw_parts_mut(start, len as usize) })
    }

    fn address(&self, start: GuestPtr) -> *mut u8 {
        // SAFETY: every guest address lies in the mapping.
        unsafe { self.mapping.start().as_ptr().add(place(start.0)) }
    }

    fn is_writable(&self, range: &Range<u32>) -> bool {
        let after = self.slots.partition_point(|slot| slot.start <= range.start);
        let slot = after.checked_sub(1).map(|before| &self.slots[before]);
        slot.is_some_and(|slot| contains(slot, range)) || contains(&STACK, range)
    }

    fn check_slots(&self, range: &Range<u32>) -> io::Result<()> {
        let pages = range.start.is_multiple_of(self.page_bytes)
            && range.end.is_multiple_of(self.page_bytes);
        if pages && range.start < range.end && contains(&(SLOT_BASE..SLOT_END), range) {
            return Ok(());
        }
        let message = format!("{range:#x?} is not a range of pages within the slots");
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }
}

/// Offset of a guest address in the mapping.
const fn place(address: u32) -> usize {
    UNIT as usize + address as usize
}

fn guest_range(start: GuestPtr, len: u32) -> Option<Range<u32>> {
    Some(start.0..start.0.checked_add(len)?)
}

fn contains(outer: &Range<u32>, inner: &Range<u32>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u32 = 0x1_0000;

    #[test]
    fn slices_lie_within_what_is_mapped() {
        let constants = Constants::new(b"constants").unwrap();
        let mut window = Window::new(&constants).unwrap();
        let start = GuestPtr(CONST_BASE);
        assert_eq!(window.slice(start, 9), Some(&b"constants"[..]));
        assert_eq!(window.slice(start, 10), None);
        assert_eq!(window.slice(GuestPtr(0), 1), None);
        assert_eq!(window.slice(GuestPtr(u32::MAX), 2), None);
        assert!(window.slice_mut(start, 1).is_none());
        assert!(window.slice_mut(GuestPtr(STACK_TOP - 8), 8).is_some());
        assert!(window.slice_mut(GuestPtr(STACK_TOP - 8), 9).is_none());
    }

    #[test]
    fn slots_come_and_go() {
        let mut window = Window::new(&Constants::new(b"").unwrap()).unwrap();
        let at = |page: u32| SLOT_BASE + page * PAGE;
        window.commit(at(0)..at(1)).unwrap();
        window.commit(at(2)..at(3)).unwrap();
        assert!(window.slice(GuestPtr(at(0)), 2 * PAGE).is_none());
        window.commit(at(1)..at(2)).unwrap();
        let bytes = window.slice_mut(GuestPtr(at(0)), 3 * PAGE).unwrap();
        bytes.fill(7);
        window.decommit(at(1)..at(2)).unwrap();
        assert!(window.slice(GuestPtr(at(1)), 1).is_none());
        assert_eq!(window.slice(GuestPtr(at(2)), 1), Some(&[7][..]));
        window.commit(at(1)..at(2)).unwrap();
        assert_eq!(window.slice(GuestPtr(at(1)), 1), Some(&[0][..]));
        assert!(window.commit(at(0) + 1..at(1)).is_err());
        assert!(window.commit(SLOT_END..SLOT_END + PAGE).is_err());
    }
}

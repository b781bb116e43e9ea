//! Memory of requests in the guest window: slots of a few sizes.
//!
//! A slot holds the request view, the request's own memory and a heap for the
//! texts that the runtime puts there. It is taken when site code first runs
//! for a request and given back, wiped as far as it was used, when no site
//! code will run for it any more.

use std::io;

use zs_abi::layout::{SLOT_BASE, SLOT_END};
use zs_abi::view::VIEW_BYTES;
use zs_guest::{GuestPtr, Window};

/// Sizes of slots with the part of the slots' range that each may use. The
/// smallest holds the view of nearly every request; the largest that of a head
/// of 1 MiB, whose path is in the view in several versions.
const CLASSES: [Class; 4] = [
    Class::new(8 << 10, 512 << 20),
    Class::new(64 << 10, 512 << 20),
    Class::new(1 << 20, 256 << 20),
    Class::new(16 << 20, 256 << 20),
];

const _: () = {
    let total = CLASSES[0].range + CLASSES[1].range + CLASSES[2].range + CLASSES[3].range;
    assert!(SLOT_BASE as u64 + total as u64 <= SLOT_END as u64);
};

/// Bytes that a class commits at first, and each time it runs out (doubling).
const COMMIT_BYTES: u32 = 64 << 10;

/// Texts of the view and of a few look-ups per byte of the request's head,
/// beyond which a larger slot is taken from the start.
const HEAP_PER_HEAD_BYTE: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Class {
    size: u32,
    range: u32,
}

impl Class {
    const fn new(size: u32, range: u32) -> Self {
        Self { size, range }
    }
}

/// A slot in use.
#[derive(Debug)]
pub struct Slot {
    start: u32,
    class: usize,
    /// Bytes from the slot's start that are in use.
    used: u32,
}

impl Slot {
    /// Guest address of the view.
    pub const fn address(&self) -> u32 {
        self.start
    }

    /// Copies bytes to the heap, aligned to eight; their guest address.
    /// `None` if the slot is full.
    pub fn place(&mut self, window: &mut Window, bytes: &[u8]) -> Option<u32> {
        let address = self.reserve(bytes.len())?;
        let room = window.slice_mut(GuestPtr(address), bytes.len() as u32)?;
        room.copy_from_slice(bytes);
        Some(address)
    }

    /// Takes room on the heap, aligned to eight; its guest address. `None` if
    /// the slot is full.
    pub fn reserve(&mut self, len: usize) -> Option<u32> {
        let at = self.used.next_multiple_of(8);
        let end = (at as usize).checked_add(len)?;
        if end > CLASSES[self.class].size as usize {
            return None;
        }
        self.used = end as u32;
        Some(self.start + at)
    }
}

/// The slots of one window.
#[derive(Debug)]
pub struct Slots {
    classes: [Free; CLASSES.len()],
}

#[derive(Debug)]
struct Free {
    /// Where the class's range begins.
    base: u32,
    /// Bytes from there that are committed.
    committed: u32,
    /// Bytes from there that have been given out at least once.
    touched: u32,
    free: Vec<u32>,
}

impl Default for Slots {
    fn default() -> Self {
        let mut base = SLOT_BASE;
        Self {
            classes: std::array::from_fn(|class| {
                let here = base;
                base += CLASSES[class].range;
                Free {
                    base: here,
                    committed: 0,
                    touched: 0,
                    free: Vec::new(),
                }
            }),
        }
    }
}

impl Slots {
    /// Takes a slot for a request whose head has so many bytes. `None` if
    /// there is no memory: the request is then refused.
    pub fn take(&mut self, window: &mut Window, head_bytes: usize) -> Option<Slot> {
        let wanted = VIEW_BYTES as usize + HEAP_PER_HEAD_BYTE * head_bytes;
        let first = CLASSES
            .iter()
            .position(|class| class.size as usize >= wanted)
            .unwrap_or(CLASSES.len() - 1);
        (first..CLASSES.len()).find_map(|class| {
            let start = self.start(window, class).ok()??;
            Some(Slot {
                start,
                class,
                used: VIEW_BYTES,
            })
        })
    }

    /// Wipes a slot and takes it back.
    pub fn give_back(&mut self, window: &mut Window, slot: &Slot) {
        if let Some(bytes) = window.slice_mut(GuestPtr(slot.start), slot.used) {
            bytes.fill(0);
        }
        self.classes[slot.class].free.push(slot.start);
    }

    fn start(&mut self, window: &mut Window, class: usize) -> io::Result<Option<u32>> {
        let Class { size, range } = CLASSES[class];
        let free = &mut self.classes[class];
        if let Some(start) = free.free.pop() {
            return Ok(Some(start));
        }
        if free.touched + size > free.committed {
            let more = COMMIT_BYTES.max(size).max(free.committed);
            let more = more.min(range - free.committed);
            if more < size {
                return Ok(None);
            }
            let from = free.base + free.committed;
            window.commit(from..from + more)?;
            free.committed += more;
        }
        let start = free.base + free.touched;
        free.touched += size;
        Ok(Some(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zs_guest::Constants;

    #[test]
    fn slots_are_wiped_and_used_again() {
        let mut window = Window::new(&Constants::new(b"").unwrap()).unwrap();
        let mut slots = Slots::default();
        let mut slot = slots.take(&mut window, 100).unwrap();
        let text = slot.place(&mut window, b"secret").unwrap();
        assert_eq!(text, slot.address() + VIEW_BYTES);
        assert_eq!(slot.place(&mut window, &[0; 8 << 10]), None);
        let address = slot.address();
        slots.give_back(&mut window, &slot);
        let again = slots.take(&mut window, 100).unwrap();
        assert_eq!(again.address(), address);
        assert_eq!(window.slice(GuestPtr(text), 6), Some(&[0; 6][..]));
        let other = slots.take(&mut window, 100).unwrap();
        assert_ne!(other.address(), address);
    }

    #[test]
    fn large_heads_get_large_slots() {
        let mut window = Window::new(&Constants::new(b"").unwrap()).unwrap();
        let mut slots = Slots::default();
        let mut slot = slots.take(&mut window, 1 << 20).unwrap();
        for _ in 0..4 {
            assert!(slot.place(&mut window, &vec![1; 1 << 20]).is_some());
        }
        let taken = std::iter::from_fn(|| slots.take(&mut window, 1 << 20)).count();
        assert_eq!(taken, 15);
    }
}

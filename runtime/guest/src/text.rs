//! Machine code that may be entered.
#![expect(unsafe_code, reason = "addresses of machine code")]

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Machine code that an audit accepted, known to the signal handler for as long
/// as this lives.
#[derive(Debug)]
pub struct Text {
    place: usize,
    entries: *const *const u8,
    entry_count: u32,
}

// SAFETY: the code and its table of entries are read-only for as long as the
// `Text` lives (see `Text::register`).
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

/// An entry function.
#[derive(Clone, Copy, Debug)]
pub struct EntryPoint<'a> {
    address: *const u8,
    text: PhantomData<&'a Text>,
}

impl EntryPoint<'_> {
    /// Where its machine code begins.
    pub fn address(self) -> *const u8 {
        self.address
    }
}

/// No more machine code can be known at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTexts;

impl fmt::Display for TooManyTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {TEXTS_MAX} pieces of machine code at a time")
    }
}

impl std::error::Error for TooManyTexts {}

/// Pieces of machine code at a time: the running generation of a site, one that
/// drains and one that starts, plugins, with room to spare. The handler looks
/// through all of them.
const TEXTS_MAX: usize = 64;

/// Start and end of each piece; the end is 0 in a free place.
static TEXTS: [(AtomicUsize, AtomicUsize); TEXTS_MAX] =
    [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; TEXTS_MAX];

/// Marks a place that is being filled in.
const TAKEN: usize = 1;

impl Text {
    /// Makes machine code known.
    ///
    /// # Safety
    /// - The `len` bytes at `start` are code that was audited, as placed, and
    ///   stay mapped and unchanged for as long as the `Text` lives.
    /// - `entries` points to `entry_count` addresses, which live as long; each is
    ///   the start of one of the code's entry functions.
    /// - The code's tables hold [`trap_address`](crate::trap_address) in slot 0 and
    ///   functions of the agreed signature in the others.
    pub unsafe fn register(
        start: *const u8,
        len: usize,
        entries: *const *const u8,
        entry_count: u32,
    ) -> Result<Self, TooManyTexts> {
        let (start, end) = (start as usize, start as usize + len);
        for (place, (first, last)) in TEXTS.iter().enumerate() {
            let free = last.compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed);
            if free.is_ok() {
                first.store(start, Ordering::Relaxed);
                last.store(end, Ordering::Release);
                return Ok(Self {
                    place,
                    entries,
                    entry_count,
                });
            }
        }
        Err(TooManyTexts)
    }

    /// The entry with this number.
    pub fn entry(&self, number: u32) -> Option<EntryPoint<'_>> {
        if number >= self.entry_count {
            return None;
        }
        // SAFETY: the number is within the table, which lives as long as we do.
        let address = unsafe { *self.entries.add(number as usize) };
        Some(EntryPoint {
            address,
            text: PhantomData,
        })
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let (_, last) = &TEXTS[self.place];
        last.store(0, Ordering::Release);
    }
}

/// The offset of an address in the machine code that holds it. Called by the
/// signal handler: no lock, no allocation.
pub(crate) fn offset_in_text(address: usize) -> Option<u32> {
    TEXTS.iter().find_map(|(first, last)| {
        let end = last.load(Ordering::Acquire);
        let start = first.load(Ordering::Relaxed);
        let inside = end > TAKEN && (start..end).contains(&address);
        inside.then(|| (address - start) as u32)
    })
}

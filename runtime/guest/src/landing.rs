//! What a thread needs to get back from generated code.

use std::cell::Cell;

use zs_abi::Trap;

use crate::fault::{Fault, FaultKind};
use crate::text::offset_in_text;
use crate::window::Window;

/// One per thread; the signal handler reads and writes it, so it is made of
/// plain cells and needs no initialisation.
pub(crate) struct Landing {
    /// The stack pointer to go back to, written by the entry.
    pub stack: Cell<usize>,
    /// Whether generated code runs, or a helper on its behalf.
    pub in_guest: Cell<bool>,
    /// Whether the thread's signal stack is set up.
    pub prepared: Cell<bool>,
    /// Address of the window's base while generated code runs.
    pub base: Cell<usize>,
    /// The window while generated code runs and no helper has it.
    pub window: Cell<*mut Window>,
    /// Why the run ended.
    pub fault: Cell<Fault>,
}

thread_local! {
    static LANDING: Landing = const {
        Landing {
            stack: Cell::new(0),
            in_guest: Cell::new(false),
            prepared: Cell::new(false),
            base: Cell::new(0),
            window: Cell::new(std::ptr::null_mut()),
            fault: Cell::new(Fault::new(FaultKind::Memory)),
        }
    };
}

/// Calls `f` with this thread's landing.
pub(crate) fn with_landing<T>(f: impl FnOnce(&Landing) -> T) -> T {
    LANDING.with(f)
}

/// Records that generated code gave up, and tells the stack pointer to go back
/// to. `return_address` is where it would go on.
pub(crate) extern "C" fn record_trap(code: u64, return_address: usize) -> usize {
    with_landing(|landing| {
        if !landing.in_guest.get() {
            // Somebody other than generated code called the trap: there is no
            // place to go back to.
            std::process::abort();
        }
        landing.fault.set(Fault {
            kind: match Trap::from_code(code) {
                Some(trap) => FaultKind::Trap(trap),
                None => FaultKind::UnknownTrap(code),
            },
            // The return address may belong to the next line, or lie behind the
            // text; the byte before it belongs to the call.
            pc_offset: offset_in_text(return_address.wrapping_sub(1)),
            address: None,
        });
        landing.stack.get()
    })
}

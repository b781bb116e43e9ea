//! The exchange for which site code runs on this thread: how helpers find it.
#![expect(unsafe_code, reason = "a borrow that generated code passes over")]

use std::cell::Cell;
use std::ptr;

use zs_abi::tables::EntryId;
use zs_io::Clock;

use crate::exchange::Exchange;
use crate::header_list;
use crate::site::LoadedSite;
use crate::view;

/// What helpers work on.
#[derive(Debug)]
pub struct Run<'a> {
    /// The site.
    pub site: &'static LoadedSite,
    /// The entry that runs.
    pub entry: EntryId,
    /// The exchange.
    pub exchange: &'a mut Exchange,
    /// Buffers of the worker.
    pub scratch: &'a mut Scratch,
    /// The worker's clock.
    pub clock: Clock,
    /// The first thing that went wrong in a helper; the run counts as faulted.
    pub failure: Option<&'static str>,
}

/// Buffers that helpers need; one set per worker.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For laying out the view.
    pub view: view::Scratch,
    /// For header operations and regular expressions.
    pub headers: header_list::Scratch,
    /// For path patterns with percent signs.
    pub pattern: zs_proto::path_escaped::Scratch,
    /// For texts that are copied to the guest.
    pub text: Vec<u8>,
    /// For positions of captures.
    pub slots: Vec<u32>,
    /// Where values of a look-up lie.
    pub values: Vec<u8>,
    /// Values of expressions.
    pub registers: zs_values::Registers,
    /// For choices among upstreams.
    pub random: crate::choose::Random,
}

thread_local! {
    static CURRENT: Cell<*mut Run<'static>> = const { Cell::new(ptr::null_mut()) };
}

/// Lets helpers find `run` while `code` runs site code.
pub fn during<T>(run: &mut Run<'_>, code: impl FnOnce() -> T) -> T {
    struct Reset(*mut Run<'static>);
    impl Drop for Reset {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let address: *mut Run<'_> = run;
    let _reset = Reset(CURRENT.replace(address.cast()));
    code()
}

/// Gives a helper the run that it is called in. `None` outside of one, or
/// within a helper.
pub fn with<T>(helper: impl FnOnce(&mut Run<'_>) -> T) -> Option<T> {
    struct Lent(*mut Run<'static>);
    impl Drop for Lent {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let run = CURRENT.replace(ptr::null_mut());
    if run.is_null() {
        return None;
    }
    let _lent = Lent(run);
    // SAFETY: the pointer is the `&mut Run` of the `during` below us on this
    // thread's stack, which does not touch it while site code runs, and nobody
    // else has it while the cell is null. The lifetime is shortened to the
    // helper's, which cannot keep the reference.
    Some(helper(unsafe { &mut *run }))
}

/// An entry and what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The entry.
    pub entry: EntryId,
    /// Its second argument.
    pub argument: u64,
}

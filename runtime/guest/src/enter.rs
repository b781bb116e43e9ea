//! Running an entry function.
#![expect(unsafe_code, reason = "calls generated code")]

use std::ptr;

use crate::fault::{Fault, FaultKind};
use crate::landing::{Landing, with_landing};
use crate::machine::zs_guest_enter;
use crate::signal::prepare_thread;
use crate::text::EntryPoint;
use crate::window::Window;

/// Calls an entry function with `r1` and `r2` and gives its result. `budget` says
/// how often the run may repeat code before it is broken off.
///
/// # Errors
/// If the run was broken off, or this thread runs generated code already.
pub fn enter(
    entry: EntryPoint<'_>,
    window: &mut Window,
    r1: u64,
    r2: u64,
    budget: u64,
) -> Result<u64, Fault> {
    with_landing(|landing| {
        if landing.in_guest.get() {
            return Err(Fault::new(FaultKind::Nested));
        }
        if !landing.prepared.get() {
            prepare(landing)?;
        }
        let base = window.base().as_ptr();
        landing.base.set(base as usize);
        landing.window.set(window);
        landing.in_guest.set(true);
        // SAFETY: an `EntryPoint` is the start of an audited function that is
        // mapped for as long as the value lives, and the window's base is that
        // of a mapping with the layout that the audit relies on. The code
        // touches nothing else, and the landing brings us back if it is broken
        // off. `tests/enter.rs` covers return, trap and fault.
        let left = unsafe {
            zs_guest_enter(
                entry.address(),
                base,
                r1,
                r2,
                budget,
                landing.stack.as_ptr(),
            )
        };
        landing.in_guest.set(false);
        landing.window.set(ptr::null_mut());
        match left.faulted {
            0 => Ok(left.result),
            _ => Err(landing.fault.get()),
        }
    })
}

#[cold]
fn prepare(landing: &Landing) -> Result<(), Fault> {
    prepare_thread().map_err(|error| {
        let code = error.raw_os_error().unwrap_or(0);
        Fault::new(FaultKind::Setup(code))
    })?;
    landing.prepared.set(true);
    Ok(())
}

/// Gives a helper the window of the program that called it. `None` if this
/// thread runs no generated code, or the window is lent already.
pub fn running<T>(f: impl FnOnce(&mut Window) -> T) -> Option<T> {
    struct Lent<'a>(&'a Landing, *mut Window);
    impl Drop for Lent<'_> {
        fn drop(&mut self) {
            self.0.window.set(self.1);
        }
    }
    with_landing(|landing| {
        let window = landing.window.replace(ptr::null_mut());
        if window.is_null() {
            return None;
        }
        let lent = Lent(landing, window);
        // SAFETY: the pointer is the `&mut Window` of the `enter` below us on
        // this thread's stack, which does not touch it until we return, and no
        // one else has it while `landing.window` is null.
        let result = f(unsafe { &mut *window });
        drop(lent);
        Some(result)
    })
}

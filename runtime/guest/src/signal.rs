//! The signal handler that ends runs of generated code.
#![expect(unsafe_code, reason = "signal handling")]

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::fault::{Fault, FaultKind};
use crate::landing::with_landing;
use crate::machine::landing_address;
use crate::mapping::{Mapping, Protection};
use crate::text::offset_in_text;

/// The signals that generated code can cause.
const SIGNALS: [i32; 3] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE];

/// Bytes of a thread's signal stack. The kernel's frame takes up to about 11 KiB
/// with AMX state, our handler less than 1 KiB.
const STACK_BYTES: usize = 64 << 10;

/// What each signal did before we came, for faults that are not ours.
static PREVIOUS: [AtomicPtr<libc::sigaction>; SIGNALS.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SIGNALS.len()];

thread_local! {
    static SIGNAL_STACK: RefCell<Option<SignalStack>> = const { RefCell::new(None) };
}

/// Makes faults of generated code on this thread end its runs.
pub(crate) fn prepare_thread() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let installed = install();
        installed.map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))
    });
    installed.map_err(io::Error::from_raw_os_error)?;
    let stack = SignalStack::new()?;
    SIGNAL_STACK.with(|place| *place.borrow_mut() = stack);
    Ok(())
}

/// A signal stack of our own, with a guard page below.
struct SignalStack {
    mapping: Mapping,
}

impl SignalStack {
    /// Gives the thread a signal stack unless it has one that suffices.
    fn new() -> io::Result<Option<Self>> {
        let mut present = MaybeUninit::<libc::stack_t>::zeroed();
        // SAFETY: only asks, and writes one `stack_t`, for which zeros are valid.
        let present = unsafe {
            if libc::sigaltstack(ptr::null(), present.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            present.assume_init()
        };
        if present.ss_flags & libc::SS_DISABLE == 0 && present.ss_size >= STACK_BYTES {
            return Ok(None);
        }
        let guard = crate::mapping::page_bytes();
        let mut mapping = Mapping::reserve(guard + STACK_BYTES, Protection::Write)?;
        mapping.protect(0, guard, Protection::None)?;
        let stack = libc::stack_t {
            // SAFETY: the mapping is longer than its guard.
            ss_sp: unsafe { mapping.start().add(guard) }.as_ptr().cast(),
            ss_flags: 0,
            ss_size: mapping.len() - guard,
        };
        // SAFETY: the stack is ours and stays until `drop` takes it out of use.
        match unsafe { libc::sigaltstack(&stack, ptr::null_mut()) } {
            0 => Ok(Some(Self { mapping })),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none = libc::stack_t {
            ss_sp: self.mapping.start().as_ptr().cast(),
            ss_flags: libc::SS_DISABLE,
            ss_size: self.mapping.len(),
        };
        // SAFETY: takes the stack out of use before its memory goes.
        unsafe { libc::sigaltstack(&none, ptr::null_mut()) };
        with_landing(|landing| landing.prepared.set(false));
    }
}

fn install() -> io::Result<()> {
    for (signal, previous) in SIGNALS.iter().zip(&PREVIOUS) {
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: asks for the present action before the handler, which reads
        // it, is set; zeros are a valid `sigaction`, the handler has the type
        // that SA_SIGINFO asks for.
        unsafe {
            if libc::sigaction(*signal, ptr::null(), before.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            let before = Box::new(before.assume_init());
            previous.store(Box::into_raw(before), Ordering::Release);
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&mut action.sa_mask);
            if libc::sigaction(*signal, &action, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// Ends the run if generated code caused the signal; else lets the signal do
/// what it did before.
extern "C" fn handle(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes valid pointers to a handler with SA_SIGINFO.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<libc::ucontext_t>()) };
    let registers = &mut context.uc_mcontext.gregs;
    let pc = registers[libc::REG_RIP as usize] as usize;
    // Signals that another process sent have a code that is not positive.
    let from_fault = info.si_code > 0;
    let ended = with_landing(|landing| {
        if !from_fault || !landing.in_guest.get() {
            return false;
        }
        let Some(offset) = offset_in_text(pc) else {
            return false;
        };
        // SAFETY: these signals, caused by a fault, carry an address.
        let address = unsafe { info.si_addr() } as usize;
        let (kind, address) = match signal {
            libc::SIGFPE => (FaultKind::Arithmetic, None),
            _ => {
                let address = address.wrapping_sub(landing.base.get()) as i64;
                (FaultKind::Memory, Some(address))
            }
        };
        landing.fault.set(Fault {
            kind,
            pc_offset: Some(offset),
            address,
        });
        registers[libc::REG_RIP as usize] = landing_address() as i64;
        registers[libc::REG_RSP as usize] = landing.stack.get() as i64;
        true
    });
    if !ended {
        restore_previous(signal, from_fault);
    }
}

/// Puts the previous action back. A fault happens again when the handler
/// returns; a signal that was sent is sent again.
fn restore_previous(signal: i32, from_fault: bool) {
    let place = SIGNALS.iter().position(|known| *known == signal);
    let previous = place.map(|place| PREVIOUS[place].load(Ordering::Acquire));
    // SAFETY: the pointer, once stored, stays valid; both calls may be made in
    // a signal handler.
    unsafe {
        match previous {
            Some(previous) if !previous.is_null() => {
                libc::sigaction(signal, previous, ptr::null_mut());
            }
            _ => {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        if !from_fault {
            libc::raise(signal);
        }
    }
}

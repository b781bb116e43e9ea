//! Windows of guest memory and the entry into generated code.
//!
//! In: machine code that an audit accepted, a site's constants, a request's slot.
//! Out: what an entry function returned, or a [`Fault`]. A [`Window`] reserves 4 GiB
//! of addresses with guards around them, so that no address that generated code
//! computes leaves it; [`enter`] calls an entry function and gets the thread back
//! whatever that function does, short of a bug in a helper.
//!
//! Entering costs no system call and no allocation. The first entry on a thread
//! sets up its signal stack, the first in the process the signal handler.
//!
//! Left out on purpose: what a request is, which helpers exist, where code comes
//! from.

mod constants;
mod enter;
mod fault;
mod landing;
mod mapping;
mod signal;
mod text;
mod window;

#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod machine;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("zs-guest has no entry into generated code for this processor yet");

pub use constants::Constants;
pub use enter::{enter, running};
pub use fault::{Fault, FaultKind};
pub use machine::trap_address;
pub use text::{EntryPoint, Text, TooManyTexts};
pub use window::{GuestPtr, Window};

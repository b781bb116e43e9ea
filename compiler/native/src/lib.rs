//! eBPF image to machine code with line map and register facts.
//!
//! In: a verified [`Image`]. Out: [`Code`], position-independent bytes that reach the
//! outside through two read-only tables only: `helpers`, whose slot 0 is the trap
//! and whose other slots are the functions that the image calls, and `entries`,
//! the addresses of the entry functions.
//!
//! # The machine, x86-64
//!
//! | eBPF | machine | |
//! | --- | --- | --- |
//! | r0 | rax | |
//! | r1 … r5 | rdi, rsi, rdx, rcx, r8 | as in C, so helpers are called directly |
//! | r6 … r9 | rbx, r13, r14, r15 | saved by the function that uses them |
//! | r10 | rbp | guest address of the frame top, zero-extended, trusted |
//! | window base | r12 | |
//! | loop budget | r9 | saved around calls of helpers |
//! | scratch | r10, r11 | |
//!
//! A guest address is `[r12 + index + disp16]` with a zero-extended index. Where
//! the index is not known to be zero-extended, `mov r11d, reg` makes it so. What is
//! known comes from 32-bit writes only, never from branches (see `facts.rs`), and
//! is given along as [`Fact`]s, which an audit proves again.
//!
//! Every branch backwards is `sub r9, 1; jae target`. A trap is `mov edi, code; call
//! [helpers]`, which does not return; its return address tells where it happened.
//!
//! Left out on purpose: where the code will lie, object files, Caddy.
#![forbid(unsafe_code)]

mod code;
mod facts;
mod sink;
mod x86_64;

use std::fmt;
use std::num::NonZeroUsize;

use zs_bpf::{Function, HelperId, Image, VerifyError, verify};

pub use code::{Code, Fact, FunctionCode, Relocation, Table};

/// A processor family to make code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// x86-64, without extensions.
    X86_64,
    /// AArch64; not made yet.
    Aarch64,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86-64",
            Self::Aarch64 => "AArch64",
        })
    }
}

/// Why there is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// The image is malformed.
    Verify(VerifyError),
    /// No code can be made for the target.
    Target(Target),
    /// The code would be too long for its own jumps.
    TooLong,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verify(error) => write!(f, "malformed eBPF: {error}"),
            Self::Target(target) => write!(f, "code for {target} is not supported yet"),
            Self::TooLong => f.write_str("more than 1 GiB of machine code"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Translates an image, on one thread.
pub fn compile(image: &Image, target: Target) -> Result<Code, CompileError> {
    compile_on(image, target, NonZeroUsize::MIN)
}

/// Translates an image on several threads. Their number changes nothing in the
/// result.
pub fn compile_on(
    image: &Image,
    target: Target,
    threads: NonZeroUsize,
) -> Result<Code, CompileError> {
    verify(image).map_err(CompileError::Verify)?;
    if target != Target::X86_64 {
        return Err(CompileError::Target(target));
    }
    let slots = HelperSlots::new(image);
    let piece = |function: &Function| x86_64::translate(function, &slots);
    let functions = &image.functions;
    let share = functions.len().div_ceil(threads.get()).max(1);
    let pieces = std::thread::scope(|scope| {
        let mut shares = functions.chunks(share);
        let mine = shares.next().unwrap_or_default();
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(piece).collect::<Vec<_>>()))
            .collect();
        let mut pieces: Vec<_> = mine.iter().map(piece).collect();
        for other in others {
            pieces.extend(other.join().expect("a translating thread panicked"));
        }
        pieces
    });
    code::join(image, target, slots, pieces)
}

/// Which slot of the table each helper has.
pub(crate) struct HelperSlots(Vec<HelperId>);

/// The helper that gives up a run; always in slot 0.
const TRAP: HelperId = HelperId(zs_abi::Helper::Trap as u32);

impl HelperSlots {
    fn new(image: &Image) -> Self {
        let called = image.helpers.iter().copied();
        let called = called.filter(|helper| *helper != TRAP);
        Self(std::iter::once(TRAP).chain(called).collect())
    }

    /// Offset of the helper's slot in the table, in bytes.
    pub fn offset(&self, helper: HelperId) -> i32 {
        let slot = self.0.iter().position(|known| *known == helper);
        slot.expect("verification lists every helper") as i32 * 8
    }
}

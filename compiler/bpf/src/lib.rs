//! eBPF images: instructions, builder, assembler, linker, verifier, interpreter.
//!
//! In: functions made by code generation or assembled from text. Out: a linked
//! [`Image`], whose calls are resolved and whose structure is verified, ready
//! for translation. The instruction set is RFC 9669 with all of its conformance
//! groups except `packet`, plus one private instruction, the tail call through
//! the table of entries ([`Op::TailCall`]).
//!
//! # The machine
//!
//! - A guest address is 32 bits wide: the register truncated to 32 bits plus the
//!   sign-extended displacement. `zs_abi::layout` says what lies where.
//! - `r1`…`r5` are arguments, `r0` is the result, `r6`…`r9` survive calls and `r10`
//!   is the guest address one past the current frame of
//!   [`FRAME_BYTES`](zs_abi::layout::FRAME_BYTES) bytes.
//! - A run has a budget. What can repeat code pays one unit each time: a jump to
//!   a lower or equal address, a local call, a tail call. Other code pays nothing.
//! - Local calls nest [`FRAMES_MAX`](zs_abi::layout::FRAMES_MAX) frames deep.
//! - Division by zero gives 0 and modulo by zero keeps the dividend; the shift
//!   count is masked; atomics must be naturally aligned.
//!
//! Left out on purpose: machine registers, Caddy, files. Nothing here is
//! randomly ordered: the same input gives the same bytes.
#![forbid(unsafe_code)]

mod assemble;
mod builder;
mod bytes;
mod effect;
mod encoding;
mod image;
mod insn;
mod interpret;
mod link;
mod memory;
mod op;
mod print;
mod reg;
mod verify;

pub use assemble::{AssembleError, assemble};
pub use builder::{BuildError, FunctionBuilder, Label};
pub use bytes::NotAModule;
pub use encoding::DecodeError;
pub use image::{CallSite, EntryId, FileId, Function, FunctionId, HelperId, Image, Loc, Module};
pub use insn::Insn;
pub use interpret::{Helpers, NoHelpers, Stop, StopReason, interpret};
pub use link::{LinkError, link};
pub use memory::{Access, BadAccess, GuestMemory, Memory};
pub use op::{AluOp, AtomicOp, Cond, Op, Size, Source, Swap, SwapBits, Width};
pub use reg::{Reg, RegSet};
pub use verify::{VerifyError, verify};

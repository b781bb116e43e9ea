//! Layout of guest memory: what lies where in a window of 4 GiB.
//!
//! A guest address is 32 bits wide. The layout goes in units of 64 KiB, so
//! that it holds on machines with large pages.

/// The unit of the layout, in bytes; also the guard on each side of a window.
pub const UNIT: u32 = 0x1_0000;

/// Size of a window's address range, in bytes.
pub const WINDOW_BYTES: u64 = 1 << 32;

/// First guest address of the constants, which are read-only. The unit below
/// it is never mapped, so that a null pointer faults.
pub const CONST_BASE: u32 = UNIT;

/// Largest size of the constants, in bytes: 1 GiB, half of what lies below
/// the stack.
pub const CONST_BYTES_MAX: u32 = 1 << 30;

/// First guest address of the unit that holds the stack.
pub const STACK_BASE: u32 = 0x8000_0000;

/// One past the last guest address of the stack: the frame pointer (r10) of an
/// entry function.
pub const STACK_TOP: u32 = STACK_BASE + UNIT;

/// Bytes that a call frame holds, below its frame pointer.
pub const FRAME_BYTES: u32 = 4096;

/// Frames on the stack: the entry function and seven nested local calls
/// (RFC 9669 programs may nest eight deep).
pub const FRAMES_MAX: u32 = 8;

/// First guest address of the request slots.
pub const SLOT_BASE: u32 = 0x9000_0000;

/// One past the last guest address of the request slots.
pub const SLOT_END: u32 = 0xf000_0000;

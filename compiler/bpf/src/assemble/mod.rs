//! The assembler.
//!
//! ```text
//! .const HEADER 16                 ; a name for a number
//! func sum:                        ; functions are local unless they have
//!     .entry 0                     ; a number in the table of entries
//!     .loc "Caddyfile" 3 5         ; where the next instructions come from
//!     r0 = 0                       ; r: 64 bits, w: 32 bits
//!     r3 = 0x1122334455667788 ll   ; 64-bit constant
//!     if r2 == 0 goto done         ; == != > >= < <= & and s> s>= s< s<=
//! again:
//!     w4 = *(u32*)(r1 + HEADER)    ; u8 u16 u32 u64, s8 s16 s32
//!     r0 += r4                     ; += -= *= /= %= |= &= ^= <<= >>= s>>= s/= s%=
//!     r1 = (s16) r1                ; sign extension
//!     r4 = be32 r4                 ; le, be and bswap with 16, 32, 64
//!     lock *(u64*)(r1 + 0) += r4   ; `r4 = lock …` also gives the old value
//!     r4 = lock xchg *(u64*)(r1 + 0), r4
//!     r0 = lock cmpxchg *(u64*)(r1 + 0), r4
//!     *(u8*)(r1 - 1) = 'x'
//!     call other                   ; a function
//!     call helper 7                ; a helper
//!     r2 -= 1
//!     if r2 != 0 goto again
//! done:
//!     exit                         ; or `tailcall r1, 12`: index, entries
//! ```

mod parse;
mod token;

use std::fmt;

pub(crate) use token::is_word;

use crate::image::Module;

/// What is wrong with assembly text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssembleError {
    /// Name of the text.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl AssembleError {
    fn new(file: &str, line: u32, column: u32, message: impl Into<String>) -> Self {
        Self {
            file: file.to_string(),
            line,
            column,
            message: message.into(),
        }
    }
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

impl std::error::Error for AssembleError {}

/// Assembles a text; `name` is what errors call it.
pub fn assemble(name: &str, text: &str) -> Result<Module, AssembleError> {
    parse::Parser::new(name, text)?.module()
}

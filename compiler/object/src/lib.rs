//! Machine code, data and lines to a relocatable ELF file, and back.
//!
//! In: [`ObjectInput`], plain data that names no other stage's types. Out: the bytes of
//! an x86-64 object file that the linker takes and `run` maps ([`read`]).
//!
//! | section | holds |
//! | --- | --- |
//! | `.text.zs_site` | machine code, one symbol for each function |
//! | `.rodata.zs_data` | site data |
//! | `.data.rel.ro.zs_helpers` | addresses of the helpers that are called |
//! | `.data.rel.ro.zs_entries` | addresses of the entry functions |
//! | `.data.rel.ro.zs_site` | the site descriptor |
//! | `.eh_frame`, `.debug_*` | how to unwind the code, and which lines it comes from |
//!
//! Tables of addresses lie in `.data.rel.ro`, so that a position-independent
//! executable fills them in at start and makes them read-only then.
//!
//! Left out on purpose: what the data means, linking.
#![forbid(unsafe_code)]

mod debug;
mod input;
mod read;
mod recorder;
mod unwind;
mod write;

pub use input::{
    Anchor, FunctionSymbol, LineRow, ObjectInput, Saved, StackDepth, Table, TableReference, Word,
};
pub use read::{Contents, Reference, ReferenceKind, Section, SectionId, Symbol, SymbolId, read};
pub use write::write;

use std::fmt;

/// Why an object file could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectError(pub(crate) String);

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object file: {}", self.0)
    }
}

impl std::error::Error for ObjectError {}

impl From<object::write::Error> for ObjectError {
    fn from(error: object::write::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<object::read::Error> for ObjectError {
    fn from(error: object::read::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<gimli::write::Error> for ObjectError {
    fn from(error: gimli::write::Error) -> Self {
        Self(error.to_string())
    }
}

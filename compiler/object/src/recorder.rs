//! Collects bytes of a section and the references in them, for gimli.

use gimli::LittleEndian;
use gimli::write::{EndianVec, RelocateWriter, Relocation};

/// A section under construction.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub bytes: EndianVec<LittleEndian>,
    pub references: Vec<Relocation>,
}

impl Recorder {
    pub fn new() -> Self {
        Self {
            bytes: EndianVec::new(LittleEndian),
            references: Vec::new(),
        }
    }
}

impl RelocateWriter for Recorder {
    type Writer = EndianVec<LittleEndian>;

    fn writer(&self) -> &Self::Writer {
        &self.bytes
    }

    fn writer_mut(&mut self) -> &mut Self::Writer {
        &mut self.bytes
    }

    fn relocate(&mut self, reference: Relocation) {
        self.references.push(reference);
    }
}

/// The only symbol that debug information and unwinding refer to: the code.
pub(crate) const TEXT: usize = 0;

/// An address in the code.
pub(crate) fn text_address(offset: u32) -> gimli::write::Address {
    gimli::write::Address::Symbol {
        symbol: TEXT,
        addend: offset.into(),
    }
}

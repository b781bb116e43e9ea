//! What translation gives: machine code and all that is known of it.

use std::ops::Range;

use zs_bpf::{EntryId, FunctionId, HelperId, Image, Loc};

use crate::{CompileError, HelperSlots, Target};

/// Machine code of an image. All offsets count from the start of `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What it runs on.
    pub target: Target,
    /// The bytes; relocations are not applied.
    pub text: Vec<u8>,
    /// The functions, in the order of the image, without overlap.
    pub functions: Vec<FunctionCode>,
    /// Where addresses of the tables go.
    pub relocations: Vec<Relocation>,
    /// From which offset on which place is meant, in rising order of offsets.
    pub lines: Vec<(u32, Loc)>,
    /// Names of the files that locations refer to.
    pub files: Vec<String>,
    /// The helpers in the order of their slots; slot 0 is the trap.
    pub helpers: Vec<HelperId>,
    /// Where the entry functions begin, in the order of their numbers.
    pub entries: Vec<u32>,
    /// What is known of registers, in rising order of offsets.
    pub facts: Vec<Fact>,
}

/// Where a function's code lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCode {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub range: Range<u32>,
    /// Its number, if the runtime may enter it.
    pub entry: Option<EntryId>,
    /// Bytes on the machine stack below the return address at each offset, in
    /// rising order of offsets; for unwinding.
    pub stack: Vec<(u32, u32)>,
    /// Saved registers: machine register number, and bytes below the return
    /// address where it lies from the given offset on; for unwinding.
    pub saved: Vec<(u32, u8, u32)>,
}

/// A table that code refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Addresses of helpers.
    Helpers,
    /// Addresses of entry functions.
    Entries,
}

/// Four bytes that hold the distance from themselves to `table + addend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Where the bytes lie.
    pub offset: u32,
    /// Which table is meant.
    pub table: Table,
    /// What is added: a slot's offset, less 4 for the end of the instruction.
    pub addend: i32,
}

/// Registers whose upper half is zero at an offset that jumps lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The offset.
    pub offset: u32,
    /// One bit for each machine register, by its number.
    pub zero_extended: u16,
}

impl Code {
    /// The bytes as they are at `text`, with the tables at the given addresses.
    /// `None` if a table is farther than 2 GiB from the code.
    pub fn place(&self, text: u64, helpers: u64, entries: u64) -> Option<Vec<u8>> {
        let mut bytes = self.text.clone();
        for relocation in &self.relocations {
            let table = match relocation.table {
                Table::Helpers => helpers,
                Table::Entries => entries,
            };
            let at = relocation.offset as usize;
            let here = text.wrapping_add(at as u64);
            let target = table.wrapping_add_signed(relocation.addend.into());
            let distance = i32::try_from(target.wrapping_sub(here) as i64).ok()?;
            bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        Some(bytes)
    }
}

/// One function's code, its offsets counted from its own start.
pub(crate) struct Piece {
    pub text: Vec<u8>,
    pub relocations: Vec<Relocation>,
    pub calls: Vec<LocalCall>,
    pub lines: Vec<(u32, Loc)>,
    pub facts: Vec<Fact>,
    pub stack: Vec<(u32, u32)>,
    pub saved: Vec<(u32, u8, u32)>,
}

/// Four bytes that hold the distance to another function, from their end.
pub(crate) struct LocalCall {
    pub offset: u32,
    pub callee: FunctionId,
}

/// Functions begin at multiples of this.
const ALIGNMENT: usize = 16;

/// Fills the space between functions: a breakpoint instruction.
const FILLER: u8 = 0xcc;

/// Puts the functions behind each other and resolves the calls between them.
pub(crate) fn join(
    image: &Image,
    target: Target,
    slots: HelperSlots,
    pieces: Vec<Piece>,
) -> Result<Code, CompileError> {
    let starts = starts(&pieces)?;
    let mut code = Code {
        target,
        text: Vec::new(),
        functions: Vec::with_capacity(pieces.len()),
        relocations: Vec::new(),
        lines: Vec::new(),
        files: image.files.clone(),
        helpers: slots.0,
        entries: starts[..image.entry_count() as usize].to_vec(),
        facts: Vec::new(),
    };
    for (place, piece) in pieces.into_iter().enumerate() {
        let start = starts[place];
        code.text.resize(start as usize, FILLER);
        code.text.extend_from_slice(&piece.text);
        for call in piece.calls {
            let at = (start + call.offset) as usize;
            let distance = starts[call.callee.index()] as i32 - (at as i32 + 4);
            code.text[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        for relocation in piece.relocations {
            let offset = start + relocation.offset;
            code.relocations.push(Relocation {
                offset,
                ..relocation
            });
        }
        for (at, loc) in piece.lines {
            code.lines.push((start + at, loc));
        }
        for fact in piece.facts {
            let offset = start + fact.offset;
            code.facts.push(Fact { offset, ..fact });
        }
        let function = &image.functions[place];
        let shift = |(at, bytes)| (start + at, bytes);
        code.functions.push(FunctionCode {
            name: function.name.clone(),
            range: start..start + piece.text.len() as u32,
            entry: function.entry,
            stack: piece.stack.into_iter().map(shift).collect(),
            saved: piece
                .saved
                .into_iter()
                .map(|(at, register, bytes)| (start + at, register, bytes))
                .collect(),
        });
    }
    Ok(code)
}

/// Where each function begins.
fn starts(pieces: &[Piece]) -> Result<Vec<u32>, CompileError> {
    let mut at = 0_usize;
    let mut starts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        at = at.next_multiple_of(ALIGNMENT);
        starts.push(at as u32);
        at += piece.text.len();
        if at > 1 << 30 {
            return Err(CompileError::TooLong);
        }
    }
    Ok(starts)
}

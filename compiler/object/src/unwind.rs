//! `.eh_frame`: where return address and saved registers are, for debuggers and
//! backtraces.

use gimli::write::{
    CallFrameInstruction, CommonInformationEntry, EhFrame, FrameDescriptionEntry, FrameTable,
};
use gimli::{Encoding, Format, Register, X86_64, constants};

use crate::ObjectError;
use crate::input::FunctionSymbol;
use crate::recorder::{Recorder, text_address};

/// Describes the frames of the functions.
pub(crate) fn eh_frame(functions: &[FunctionSymbol<'_>]) -> Result<Recorder, ObjectError> {
    let mut table = FrameTable::default();
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 1,
        address_size: 8,
    };
    let mut common = CommonInformationEntry::new(encoding, 1, -8, X86_64::RA);
    common.fde_address_encoding =
        constants::DwEhPe(constants::DW_EH_PE_pcrel.0 | constants::DW_EH_PE_sdata4.0);
    common.add_instruction(CallFrameInstruction::Cfa(X86_64::RSP, RETURN_BYTES));
    common.add_instruction(CallFrameInstruction::Offset(X86_64::RA, -RETURN_BYTES));
    let common = table.add_cie(common);
    for function in functions {
        table.add_fde(common, description(function));
    }
    let mut section = EhFrame::from(Recorder::new());
    table.write_eh_frame(&mut section)?;
    Ok(section.0)
}

/// Bytes of the return address.
const RETURN_BYTES: i32 = 8;

fn description(function: &FunctionSymbol<'_>) -> FrameDescriptionEntry {
    let start = function.range.start;
    let mut entry = FrameDescriptionEntry::new(text_address(start), function.range.len() as u32);
    let mut saved = function.saved.iter().peekable();
    for depth in &function.stack {
        let offset = depth.offset - start;
        let bytes = depth.bytes as i32 + RETURN_BYTES;
        entry.add_instruction(offset, CallFrameInstruction::CfaOffset(bytes));
        while let Some(saved) = saved.next_if(|saved| saved.offset <= depth.offset) {
            let place = -(saved.bytes as i32 + RETURN_BYTES);
            let register = dwarf_register(saved.register);
            entry.add_instruction(offset, CallFrameInstruction::Offset(register, place));
        }
    }
    entry
}

/// DWARF numbers registers in an order of its own (System V ABI, figure 3.36).
fn dwarf_register(machine: u8) -> Register {
    const LOW: [u16; 8] = [0, 2, 1, 3, 7, 6, 4, 5];
    Register(LOW.get(machine as usize).copied().unwrap_or(machine.into()))
}

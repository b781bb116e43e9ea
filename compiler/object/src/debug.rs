//! `.debug_*`: the lines that the code comes from, so that debuggers and profilers
//! show the configuration file.

use gimli::write::{
    AttributeValue, DwarfUnit, Expression, LineProgram, LineString, Sections, UnitEntryId,
};
use gimli::{Encoding, Format, LineEncoding, constants};

use crate::ObjectError;
use crate::input::{FunctionSymbol, ObjectInput};
use crate::recorder::{Recorder, text_address};

/// Describes the code as one compilation unit. Empty if it has no lines.
pub(crate) fn sections(input: &ObjectInput<'_>) -> Result<Sections<Recorder>, ObjectError> {
    let mut sections = Sections::new(Recorder::new());
    let Some(name) = input.files.first() else {
        return Ok(sections);
    };
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 5,
        address_size: 8,
    };
    let mut unit = DwarfUnit::new(encoding);
    let files = line_program(input, name, encoding, &mut unit);
    describe_unit(input, name, &mut unit);
    for function in &input.functions {
        describe_function(input, function, &files, &mut unit);
    }
    unit.write(&mut sections)?;
    Ok(sections)
}

/// Writes the line program; gives the numbers of the files in it.
fn line_program(
    input: &ObjectInput<'_>,
    name: &str,
    encoding: Encoding,
    unit: &mut DwarfUnit,
) -> Vec<gimli::write::FileId> {
    let text = |text: &str| LineString::String(text.as_bytes().to_vec());
    let line_encoding = LineEncoding::default();
    let mut program = LineProgram::new(
        encoding,
        line_encoding,
        text(directory(input)),
        None,
        text(name),
        None,
    );
    let directory = program.default_directory();
    let files = input.files.iter();
    let files: Vec<_> = files
        .map(|file| program.add_file(text(file), directory, None))
        .collect();
    program.begin_sequence(Some(text_address(0)));
    for row in &input.lines {
        let Some(file) = files.get(row.file as usize) else {
            continue;
        };
        program.row().address_offset = row.offset.into();
        program.row().file = *file;
        program.row().line = row.line.into();
        program.row().column = row.column.into();
        program.generate_row();
    }
    program.end_sequence(input.text.len() as u64);
    unit.unit.line_program = program;
    files
}

fn directory<'a>(input: &ObjectInput<'a>) -> &'a str {
    match input.directory {
        "" => ".",
        directory => directory,
    }
}

fn describe_unit(input: &ObjectInput<'_>, name: &str, unit: &mut DwarfUnit) {
    let strings = [
        (constants::DW_AT_producer, "zeroserve"),
        (constants::DW_AT_name, name),
        (constants::DW_AT_comp_dir, directory(input)),
    ];
    let root = unit.unit.root();
    for (attribute, text) in strings {
        let value = AttributeValue::StringRef(unit.strings.add(text));
        unit.unit.get_mut(root).set(attribute, value);
    }
    let entry = unit.unit.get_mut(root);
    // Debuggers want some language; C99 has the plainest rules for names.
    let language = AttributeValue::Language(constants::DW_LANG_C99);
    entry.set(constants::DW_AT_language, language);
    set_range(entry, 0, input.text.len() as u64);
}

fn describe_function(
    input: &ObjectInput<'_>,
    function: &FunctionSymbol<'_>,
    files: &[gimli::write::FileId],
    unit: &mut DwarfUnit,
) {
    let name = AttributeValue::StringRef(unit.strings.add(function.name));
    let root = unit.unit.root();
    let id: UnitEntryId = unit.unit.add(root, constants::DW_TAG_subprogram);
    let entry = unit.unit.get_mut(id);
    entry.set(constants::DW_AT_name, name);
    let range = &function.range;
    set_range(entry, range.start, range.len() as u64);
    let mut frame_base = Expression::new();
    frame_base.op(constants::DW_OP_call_frame_cfa);
    let frame_base = AttributeValue::Exprloc(frame_base);
    entry.set(constants::DW_AT_frame_base, frame_base);
    let first = input.lines.partition_point(|row| row.offset < range.start);
    if let Some(row) = input.lines.get(first).filter(|row| row.offset < range.end)
        && let Some(file) = files.get(row.file as usize)
    {
        let file = AttributeValue::FileIndex(Some(*file));
        entry.set(constants::DW_AT_decl_file, file);
        let line = AttributeValue::Udata(row.line.into());
        entry.set(constants::DW_AT_decl_line, line);
    }
}

fn set_range(entry: &mut gimli::write::DebuggingInformationEntry, start: u32, len: u64) {
    let start = AttributeValue::Address(text_address(start));
    entry.set(constants::DW_AT_low_pc, start);
    entry.set(constants::DW_AT_high_pc, AttributeValue::Udata(len));
}

//! Machine code, data and tables put together for the object file.

use zs_abi::{Capability, Helper};
use zs_codegen::Finished;
use zs_ir::Program;
use zs_native::{Code, Table};
use zs_object::{
    Anchor, FunctionSymbol, LineRow, ObjectInput, Saved, StackDepth, TableReference, Word,
};

use crate::compile::Failure;

/// The object file of a site.
pub fn object(
    program: &mut Program,
    code: &Code,
    facts: Vec<(&str, String)>,
) -> Result<Vec<u8>, Failure> {
    let data = zs_codegen::finish(
        program,
        &Finished {
            lines: lines(code),
            facts,
        },
    );
    let helpers: Vec<&str> = code
        .helpers
        .iter()
        .map(|id| Helper::from_number(id.0).map(Helper::symbol))
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::Bug("the code calls a helper without a name".to_owned()))?;
    let symbol = site_symbol();
    let input = ObjectInput {
        text: &code.text,
        functions: functions(code),
        table_references: references(code),
        lines: rows(code),
        files: code.files.iter().map(String::as_str).collect(),
        directory: ".",
        helpers,
        entries: code.entries.clone(),
        data: &data,
        site_symbol: &symbol,
        site: descriptor(program, code, data.len()),
    };
    zs_object::write(&input).map_err(|error| Failure::Bug(error.to_string()))
}

/// The linker's name of the site descriptor.
pub fn site_symbol() -> String {
    format!("zs_site_{:016x}", zs_abi::CONTRACT_HASH)
}

/// The words of `zs_abi::Site`, in the order of its fields.
fn descriptor(program: &Program, code: &Code, data_len: usize) -> Vec<Word<'static>> {
    let mut words = vec![
        Word::Address(Anchor::Data, 0),
        Word::Constant(data_len as u64),
        Word::Address(Anchor::Text, 0),
        Word::Constant(code.text.len() as u64),
        Word::Address(Anchor::Entries, 0),
        Word::Constant(code.entries.len() as u64),
    ];
    words.extend(Capability::ALL.iter().map(|capability| {
        if program.capabilities.contains(capability) {
            Word::Symbol(capability.symbol())
        } else {
            Word::Constant(0)
        }
    }));
    words
}

/// Lines for log messages about faults: one row where the line changes.
fn lines(code: &Code) -> Vec<(u32, &str, u32)> {
    let mut rows: Vec<(u32, &str, u32)> = Vec::new();
    for (offset, loc) in &code.lines {
        let file = code
            .files
            .get(loc.file.0 as usize)
            .map_or("", String::as_str);
        if rows
            .last()
            .is_none_or(|(_, last, line)| (*last, *line) != (file, loc.line))
        {
            rows.push((*offset, file, loc.line));
        }
    }
    rows
}

fn rows(code: &Code) -> Vec<LineRow> {
    let row = |(offset, loc): &(u32, zs_bpf::Loc)| LineRow {
        offset: *offset,
        file: loc.file.0,
        line: loc.line,
        column: loc.column,
    };
    code.lines.iter().map(row).collect()
}

fn references(code: &Code) -> Vec<TableReference> {
    let reference = |relocation: &zs_native::Relocation| TableReference {
        offset: relocation.offset,
        table: match relocation.table {
            Table::Helpers => zs_object::Table::Helpers,
            Table::Entries => zs_object::Table::Entries,
        },
        addend: relocation.addend,
    };
    code.relocations.iter().map(reference).collect()
}

fn functions(code: &Code) -> Vec<FunctionSymbol<'_>> {
    let depth = |(offset, bytes): &(u32, u32)| StackDepth {
        offset: *offset,
        bytes: *bytes,
    };
    let saved = |(offset, register, bytes): &(u32, u8, u32)| Saved {
        offset: *offset,
        register: *register,
        bytes: *bytes,
    };
    code.functions
        .iter()
        .map(|function| FunctionSymbol {
            name: &function.name,
            range: function.range.clone(),
            stack: function.stack.iter().map(depth).collect(),
            saved: function.saved.iter().map(saved).collect(),
        })
        .collect()
}

//! What is written is read back, is the same every time, and names its lines.

use gimli::{DebugLine, DebugLineOffset, EndianSlice, LittleEndian};
use object::{Object, ObjectSection};
use zs_object::{
    Anchor, FunctionSymbol, LineRow, ObjectInput, ReferenceKind, Saved, StackDepth, Table,
    TableReference, Word, read, write,
};

/// Two functions: one calls helper slot 1, one returns.
const TEXT: [u8; 20] = [
    0x53, 0xff, 0x15, 0, 0, 0, 0, 0x5b, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x89, 0xf8,
    0x90, 0xc3,
];

fn input() -> ObjectInput<'static> {
    let row = |offset, line| LineRow {
        offset,
        file: 0,
        line,
        column: 5,
    };
    let depth = |offset, bytes| StackDepth { offset, bytes };
    let saved = Saved {
        offset: 1,
        register: 3,
        bytes: 8,
    };
    ObjectInput {
        text: &TEXT,
        functions: vec![
            FunctionSymbol {
                name: "example.com route 1",
                range: 0..9,
                stack: vec![depth(1, 8), depth(8, 0)],
                saved: vec![saved],
            },
            FunctionSymbol {
                name: "done",
                range: 16..20,
                stack: Vec::new(),
                saved: Vec::new(),
            },
        ],
        table_references: vec![TableReference {
            offset: 3,
            table: Table::Helpers,
            addend: 8 - 4,
        }],
        lines: vec![row(0, 1), row(1, 3), row(16, 7)],
        files: vec!["Caddyfile"],
        directory: "/srv",
        helpers: vec!["zs_helper_trap", "zs_helper_log"],
        entries: vec![0, 16],
        data: b"site data",
        site_symbol: "zs_site_0123",
        site: vec![
            Word::Address(Anchor::Data, 0),
            Word::Constant(9),
            Word::Address(Anchor::Entries, 0),
            Word::Symbol("zs_capability_tls"),
            Word::Constant(0),
        ],
    }
}

#[test]
fn reads_what_was_written() {
    let bytes = write(&input()).unwrap();
    assert_eq!(bytes, write(&input()).unwrap());
    let contents = read(&bytes).unwrap();
    let section = |name: &str| {
        let id = contents.section(name).unwrap_or_else(|| panic!("{name}"));
        (id, &contents.sections[id.0])
    };
    let (text, code) = section(".text.zs_site");
    assert_eq!(code.bytes, TEXT);
    assert!(code.executable && !code.writable);
    let (helpers, table) = section(".data.rel.ro.zs_helpers");
    let reference = code.references[0];
    assert_eq!((reference.offset, reference.addend), (3, 4));
    assert_eq!(reference.kind, ReferenceKind::Relative32);
    let symbol = &contents.symbols[reference.symbol.0];
    assert_eq!(symbol.place, Some((helpers, 0)));
    assert!(table.writable && table.bytes.len() == 16);
    let wanted: Vec<_> = table
        .references
        .iter()
        .map(|reference| contents.symbols[reference.symbol.0].name.as_str())
        .collect();
    assert_eq!(wanted, ["zs_helper_trap", "zs_helper_log"]);
    let (_, entries) = section(".data.rel.ro.zs_entries");
    let offsets: Vec<_> = entries.references.iter().map(|r| r.addend).collect();
    assert_eq!(offsets, [0, 16]);
    let (_, data) = section(".rodata.zs_data");
    assert_eq!(data.bytes, b"site data");
    let (site, descriptor) = section(".data.rel.ro.zs_site");
    assert_eq!(descriptor.bytes.len(), 40);
    assert_eq!(descriptor.references.len(), 3);
    let symbol = contents.symbol("zs_site_0123").unwrap();
    assert_eq!(contents.symbols[symbol.0].place, Some((site, 0)));
    let function = contents.symbol("example.com route 1").unwrap();
    assert_eq!(contents.symbols[function.0].place, Some((text, 0)));
    assert!(contents.symbol("zs_capability_tls").is_some());
}

#[test]
fn other_files_are_refused() {
    assert!(read(b"\x7fELF").is_err());
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let error = read(&own).unwrap_err().to_string();
    assert_eq!(error, "object file: not a relocatable file for x86-64");
}

#[test]
fn lines_name_the_configuration() {
    let bytes = write(&input()).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let section = file.section_by_name(".debug_line").unwrap();
    let lines = DebugLine::from(EndianSlice::new(section.data().unwrap(), LittleEndian));
    let program = lines.program(DebugLineOffset(0), 8, None, None).unwrap();
    let mut rows = program.rows();
    let mut found = Vec::new();
    while let Some((_, row)) = rows.next_row().unwrap() {
        if !row.end_sequence() {
            let line = row.line().map(|line| line.get());
            found.push((row.address(), line.unwrap()));
        }
    }
    assert_eq!(found, [(0, 1), (1, 3), (16, 7)]);
}

#[test]
fn code_without_lines_has_no_debug_information() {
    let input = ObjectInput {
        lines: Vec::new(),
        files: Vec::new(),
        ..input()
    };
    let bytes = write(&input).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    assert!(file.section_by_name(".debug_line").is_none());
    assert!(file.section_by_name(".eh_frame").is_some());
    assert!(file.section_by_name(".note.GNU-stack").is_some());
}

#[test]
fn damaged_files_are_refused_or_sound() {
    let good = write(&input()).unwrap();
    for at in 0..good.len() {
        for flip in [1, 0x10, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            let Ok(contents) = read(&bytes) else { continue };
            for section in &contents.sections {
                for reference in &section.references {
                    let end = reference.offset + reference.kind.bytes();
                    assert!(end <= section.bytes.len() as u64);
                    assert!(reference.symbol.0 < contents.symbols.len());
                }
            }
        }
    }
}

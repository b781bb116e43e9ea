//! Writes the object file.

use std::collections::BTreeMap;

use gimli::write::RelocationTarget;
use object::write::{
    Object, Relocation, SectionId, StandardSection, Symbol, SymbolId, SymbolSection,
};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope, elf,
};

use crate::input::{Anchor, ObjectInput, Table, Word};
use crate::recorder::Recorder;
use crate::{ObjectError, debug, unwind};

/// Writes an object file. The same input gives the same bytes.
pub fn write(input: &ObjectInput<'_>) -> Result<Vec<u8>, ObjectError> {
    let mut writer = Writer::new(input);
    writer.symbols(input);
    writer.code_references(input)?;
    writer.helpers(&input.helpers)?;
    writer.entries(&input.entries)?;
    writer.site(input)?;
    writer.debug_sections(input)?;
    writer.eh_frame(input)?;
    // Without this note some linkers make the stack executable.
    let note = b".note.GNU-stack".to_vec();
    writer
        .object
        .add_section(Vec::new(), note, SectionKind::Other);
    Ok(writer.object.write()?)
}

struct Writer {
    object: Object<'static>,
    text: SectionId,
    helpers: SectionId,
    entries: SectionId,
    data: SectionId,
    /// Symbols of the runtime that the object refers to.
    undefined: BTreeMap<String, SymbolId>,
}

impl Writer {
    fn new(input: &ObjectInput<'_>) -> Self {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        let mut section = |name: &str, kind, bytes: &[u8], align| {
            let section = object.add_section(Vec::new(), name.into(), kind);
            object.append_section_data(section, bytes, align);
            section
        };
        let addresses = SectionKind::ReadOnlyDataWithRel;
        Self {
            text: section(".text.zs_site", SectionKind::Text, input.text, 64),
            // A cache line, as tables in the data are read on every request.
            data: section(".rodata.zs_data", SectionKind::ReadOnlyData, input.data, 64),
            helpers: section(".data.rel.ro.zs_helpers", addresses, &[], 8),
            entries: section(".data.rel.ro.zs_entries", addresses, &[], 8),
            object,
            undefined: BTreeMap::new(),
        }
    }

    /// Names what the object defines, for debuggers and `inspect`.
    fn symbols(&mut self, input: &ObjectInput<'_>) {
        for function in &input.functions {
            self.object.add_symbol(Symbol {
                name: function.name.into(),
                value: function.range.start.into(),
                size: function.range.len() as u64,
                kind: SymbolKind::Text,
                scope: SymbolScope::Compilation,
                weak: false,
                section: SymbolSection::Section(self.text),
                flags: SymbolFlags::None,
            });
        }
        let anchors = [
            ("zs_site_data", self.data, input.data.len()),
            ("zs_site_helpers", self.helpers, input.helpers.len() * 8),
            ("zs_site_entries", self.entries, input.entries.len() * 8),
        ];
        for (name, section, size) in anchors {
            self.object.add_symbol(Symbol {
                name: name.into(),
                value: 0,
                size: size as u64,
                kind: SymbolKind::Data,
                scope: SymbolScope::Compilation,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            });
        }
    }

    fn code_references(&mut self, input: &ObjectInput<'_>) -> Result<(), ObjectError> {
        for reference in &input.table_references {
            let table = match reference.table {
                Table::Helpers => self.helpers,
                Table::Entries => self.entries,
            };
            let symbol = self.object.section_symbol(table);
            let place = (self.text, reference.offset.into());
            self.reference(place, symbol, reference.addend.into(), elf::R_X86_64_PC32)?;
        }
        Ok(())
    }

    fn helpers(&mut self, helpers: &[&str]) -> Result<(), ObjectError> {
        for helper in helpers {
            let symbol = self.undefined(helper);
            self.address_word(self.helpers, symbol, 0)?;
        }
        Ok(())
    }

    fn entries(&mut self, entries: &[u32]) -> Result<(), ObjectError> {
        let symbol = self.object.section_symbol(self.text);
        for entry in entries {
            self.address_word(self.entries, symbol, (*entry).into())?;
        }
        Ok(())
    }

    fn site(&mut self, input: &ObjectInput<'_>) -> Result<(), ObjectError> {
        let kind = SectionKind::ReadOnlyDataWithRel;
        let name = b".data.rel.ro.zs_site".to_vec();
        let section = self.object.add_section(Vec::new(), name, kind);
        for word in &input.site {
            match *word {
                Word::Constant(value) => {
                    let bytes = value.to_le_bytes();
                    self.object.append_section_data(section, &bytes, 8);
                }
                Word::Address(anchor, addend) => {
                    let anchor = match anchor {
                        Anchor::Text => self.text,
                        Anchor::Data => self.data,
                        Anchor::Helpers => self.helpers,
                        Anchor::Entries => self.entries,
                    };
                    let symbol = self.object.section_symbol(anchor);
                    self.address_word(section, symbol, addend)?;
                }
                Word::Symbol(name) => {
                    let symbol = self.undefined(name);
                    self.address_word(section, symbol, 0)?;
                }
            }
        }
        self.object.add_symbol(Symbol {
            name: input.site_symbol.into(),
            value: 0,
            size: input.site.len() as u64 * 8,
            kind: SymbolKind::Data,
            scope: SymbolScope::Linkage,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        });
        Ok(())
    }

    /// Appends eight bytes that hold an address.
    fn address_word(
        &mut self,
        section: SectionId,
        symbol: SymbolId,
        addend: i64,
    ) -> Result<(), ObjectError> {
        let offset = self.object.append_section_data(section, &[0; 8], 8);
        self.reference((section, offset), symbol, addend, elf::R_X86_64_64)
    }

    fn reference(
        &mut self,
        (section, offset): (SectionId, u64),
        symbol: SymbolId,
        addend: i64,
        r_type: elf::RelocationType,
    ) -> Result<(), ObjectError> {
        let relocation = Relocation {
            offset,
            symbol,
            addend,
            flags: RelocationFlags::Elf { r_type },
        };
        Ok(self.object.add_relocation(section, relocation)?)
    }

    /// A symbol of the runtime.
    fn undefined(&mut self, name: &str) -> SymbolId {
        if let Some(symbol) = self.undefined.get(name) {
            return *symbol;
        }
        let symbol = self.object.add_symbol(Symbol {
            name: name.into(),
            value: 0,
            size: 0,
            kind: SymbolKind::Unknown,
            scope: SymbolScope::Unknown,
            weak: false,
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        });
        self.undefined.insert(name.to_string(), symbol);
        symbol
    }

    fn debug_sections(&mut self, input: &ObjectInput<'_>) -> Result<(), ObjectError> {
        let sections = debug::sections(input)?;
        let mut written: BTreeMap<&str, SectionId> = BTreeMap::new();
        sections.for_each(|id, recorder: &Recorder| {
            if !recorder.bytes.slice().is_empty() {
                let kind = match id {
                    gimli::SectionId::DebugStr | gimli::SectionId::DebugLineStr => {
                        SectionKind::DebugString
                    }
                    _ => SectionKind::Debug,
                };
                let section = self.object.add_section(Vec::new(), id.name().into(), kind);
                self.object
                    .append_section_data(section, recorder.bytes.slice(), 1);
                written.insert(id.name(), section);
            }
            Ok::<(), ObjectError>(())
        })?;
        sections.for_each(|id, recorder: &Recorder| match written.get(id.name()) {
            Some(section) => self.recorded(*section, recorder, &written),
            None => Ok(()),
        })
    }

    fn eh_frame(&mut self, input: &ObjectInput<'_>) -> Result<(), ObjectError> {
        let recorder = unwind::eh_frame(&input.functions)?;
        let section = self.object.section_id(StandardSection::EhFrame);
        self.object
            .append_section_data(section, recorder.bytes.slice(), 8);
        self.recorded(section, &recorder, &BTreeMap::new())
    }

    /// Adds the references that were recorded while a section was written.
    fn recorded(
        &mut self,
        section: SectionId,
        recorder: &Recorder,
        sections: &BTreeMap<&str, SectionId>,
    ) -> Result<(), ObjectError> {
        for recorded in &recorder.references {
            let target = match recorded.target {
                RelocationTarget::Symbol(_) => self.text,
                RelocationTarget::Section(id) => match sections.get(id.name()) {
                    Some(section) => *section,
                    None => return Err(ObjectError(format!("{} is missing", id.name()))),
                },
            };
            let symbol = self.object.section_symbol(target);
            let relative = recorded
                .eh_pe
                .is_some_and(|encoding| encoding.application() == gimli::DW_EH_PE_pcrel);
            let r_type = match (relative, recorded.size) {
                (true, 4) => elf::R_X86_64_PC32,
                (false, 8) => elf::R_X86_64_64,
                (false, 4) => elf::R_X86_64_32,
                _ => return Err(ObjectError("reference of an odd size".into())),
            };
            let place = (section, recorded.offset as u64);
            self.reference(place, symbol, recorded.addend, r_type)?;
        }
        Ok(())
    }
}

//! Reads an object file as plain data, for `run`, which maps it itself.

use std::collections::BTreeMap;

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, elf};

use crate::ObjectError;

/// Place of a section in [`Contents::sections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionId(pub usize);

/// Place of a symbol in [`Contents::symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolId(pub usize);

/// What an object file puts into memory. Debug information is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Sections that become part of a process.
    pub sections: Vec<Section>,
    /// Symbols, defined in those sections or wanted from elsewhere.
    pub symbols: Vec<Symbol>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its bytes, references not filled in.
    pub bytes: Vec<u8>,
    /// What its address must be a multiple of.
    pub align: u64,
    /// Whether it holds code.
    pub executable: bool,
    /// Whether it must be writable while references are filled in, and may be
    /// made read-only then.
    pub writable: bool,
    /// The references in it.
    pub references: Vec<Reference>,
}

/// A symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name; empty for the start of a section.
    pub name: String,
    /// Where it is; `None` if it is wanted from elsewhere.
    pub place: Option<(SectionId, u64)>,
    /// Bytes that belong to it.
    pub size: u64,
}

/// Bytes that depend on the address of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where the bytes lie in the section.
    pub offset: u64,
    /// How they are made.
    pub kind: ReferenceKind,
    /// The symbol.
    pub symbol: SymbolId,
    /// What is added to its address.
    pub addend: i64,
}

/// How a reference is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// Eight bytes: the address.
    Absolute64,
    /// Four bytes: the address less that of the bytes.
    Relative32,
}

impl ReferenceKind {
    /// Bytes that are filled in.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Absolute64 => 8,
            Self::Relative32 => 4,
        }
    }
}

impl Contents {
    /// The section with this name.
    pub fn section(&self, name: &str) -> Option<SectionId> {
        let place = self
            .sections
            .iter()
            .position(|section| section.name == name);
        place.map(SectionId)
    }

    /// The symbol with this name.
    pub fn symbol(&self, name: &str) -> Option<SymbolId> {
        let place = self.symbols.iter().position(|symbol| symbol.name == name);
        place.map(SymbolId)
    }
}

/// Reads an object file. References and symbols lie within their sections.
///
/// # Errors
/// If it is not a relocatable file for x86-64, holds references of other kinds, or
/// something in it lies outside of its section.
pub fn read(bytes: &[u8]) -> Result<Contents, ObjectError> {
    let file = object::File::parse(bytes)?;
    if file.architecture() != object::Architecture::X86_64
        || file.kind() != object::ObjectKind::Relocatable
    {
        return Err(ObjectError("not a relocatable file for x86-64".into()));
    }
    let mut reader = Reader {
        contents: Contents::default(),
        sections: BTreeMap::new(),
        symbols: BTreeMap::new(),
    };
    for section in file.sections() {
        reader.section(&section)?;
    }
    for symbol in file.symbols() {
        reader.symbol(&symbol)?;
    }
    for section in file.sections() {
        reader.references(&section)?;
    }
    Ok(reader.contents)
}

struct Reader {
    contents: Contents,
    /// By the numbers that the file gives them.
    sections: BTreeMap<usize, SectionId>,
    symbols: BTreeMap<usize, SymbolId>,
}

impl Reader {
    fn section<'a>(&mut self, section: &impl ObjectSection<'a>) -> Result<(), ObjectError> {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            return Ok(());
        };
        if !sh_flags.contains(elf::SHF_ALLOC) {
            return Ok(());
        }
        let place = SectionId(self.contents.sections.len());
        self.sections.insert(section.index().0, place);
        self.contents.sections.push(Section {
            name: section.name()?.to_string(),
            bytes: section.uncompressed_data()?.into_owned(),
            align: section.align().max(1),
            executable: sh_flags.contains(elf::SHF_EXECINSTR),
            writable: sh_flags.contains(elf::SHF_WRITE),
            references: Vec::new(),
        });
        Ok(())
    }

    fn symbol<'a>(&mut self, symbol: &impl ObjectSymbol<'a>) -> Result<(), ObjectError> {
        let section = symbol.section_index();
        let place = match section.map(|index| self.sections.get(&index.0)) {
            Some(Some(section)) => {
                let Section { name, bytes, .. } = &self.contents.sections[section.0];
                let end = symbol.address().checked_add(symbol.size());
                if end.is_none_or(|end| end > bytes.len() as u64) {
                    return Err(ObjectError(format!("a symbol outside of {name}")));
                }
                Some((*section, symbol.address()))
            }
            None if symbol.is_undefined() => None,
            // In a section that is not loaded, or no address at all.
            _ => return Ok(()),
        };
        let number = SymbolId(self.contents.symbols.len());
        self.symbols.insert(symbol.index().0, number);
        self.contents.symbols.push(Symbol {
            name: symbol.name()?.to_string(),
            place,
            size: symbol.size(),
        });
        Ok(())
    }

    fn references<'a>(&mut self, section: &impl ObjectSection<'a>) -> Result<(), ObjectError> {
        let Some(place) = self.sections.get(&section.index().0) else {
            return Ok(());
        };
        for (offset, relocation) in section.relocations() {
            let symbol = match relocation.target() {
                RelocationTarget::Symbol(index) => self.symbols.get(&index.0),
                _ => None,
            };
            let symbol = symbol.ok_or_else(|| ObjectError("a reference to no symbol".into()))?;
            let reference = Reference {
                offset,
                kind: kind(relocation.flags())?,
                symbol: *symbol,
                addend: relocation.addend(),
            };
            let section = &mut self.contents.sections[place.0];
            let end = offset.checked_add(reference.kind.bytes());
            if end.is_none_or(|end| end > section.bytes.len() as u64) {
                let name = &section.name;
                return Err(ObjectError(format!("a reference outside of {name}")));
            }
            section.references.push(reference);
        }
        Ok(())
    }
}

fn kind(flags: object::RelocationFlags) -> Result<ReferenceKind, ObjectError> {
    match flags {
        object::RelocationFlags::Elf {
            r_type: elf::R_X86_64_64,
        } => Ok(ReferenceKind::Absolute64),
        object::RelocationFlags::Elf {
            r_type: elf::R_X86_64_PC32,
        } => Ok(ReferenceKind::Relative32),
        other => Err(ObjectError(format!(
            "reference of a kind not known: {other:?}"
        ))),
    }
}

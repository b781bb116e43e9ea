//! Makes the files of the runtime small before they are embedded.

use object::LittleEndian;
use object::elf::{self, FileHeader64, SectionHeader64};
use object::read::archive::ArchiveFile;
use object::read::elf::{FileHeader, SectionHeader};

/// Makes a file of the runtime small: debug information is emptied in place,
/// in an object or in every member of an archive. Offsets stay as they are; what
/// was emptied is zeros, which pack to nothing.
pub fn slim(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    if !name.ends_with(".a") {
        slim_object(&mut out);
        return out;
    }
    let archive = ArchiveFile::parse(bytes).expect("an archive");
    for member in archive.members() {
        let (start, len) = member.expect("a member").file_range();
        slim_object(&mut out[start as usize..(start + len) as usize]);
    }
    out
}

type Header = SectionHeader64<LittleEndian>;

/// A section that is to be changed.
struct Section {
    name: String,
    /// Where its header lies in the object.
    header_at: usize,
    /// Where its bytes lie in the object.
    start: usize,
    len: usize,
    /// For relocations: number of the section they are for.
    relocates: Option<usize>,
}

/// Members that are no ELF object (Rust's metadata) stay as they are.
fn slim_object(bytes: &mut [u8]) {
    if !bytes.starts_with(&elf::ELFMAG) {
        return;
    }
    let sections = sections(bytes);
    let debug = |section: &Section| {
        section.name.starts_with(".debug_") || section.name.starts_with(".rela.debug_")
    };
    for section in sections.iter().filter(|section| debug(section)) {
        empty(bytes, section);
    }
    for (number, section) in sections
        .iter()
        .enumerate()
        .filter(|(_, section)| is_symbolizer(section) || is_demangler(section))
    {
        return_at_once(bytes, section);
        for relocations in sections
            .iter()
            .filter(|other| other.relocates == Some(number))
        {
            empty(bytes, relocations);
        }
    }
}

fn sections(bytes: &[u8]) -> Vec<Section> {
    let endian = LittleEndian;
    let header = FileHeader64::<LittleEndian>::parse(bytes).expect("an ELF object");
    let table = header.sections(endian, bytes).expect("a table of sections");
    let first = header.e_shoff(endian) as usize;
    let describe = |(number, section): (usize, &Header)| {
        let name = table
            .section_name(endian, section)
            .expect("a section's name");
        let in_file = section.sh_type(endian) != elf::SHT_NOBITS;
        Section {
            name: String::from_utf8_lossy(name).into_owned(),
            header_at: first + number * size_of::<Header>(),
            start: section.sh_offset(endian) as usize,
            len: if in_file {
                section.sh_size(endian) as usize
            } else {
                0
            },
            relocates: (section.sh_type(endian) == elf::SHT_RELA)
                .then(|| section.sh_info(endian) as usize),
        }
    };
    table.iter().enumerate().map(describe).collect()
}

/// Where the size stands in a section's header (ELF-64).
const SIZE_AT: usize = 32;

fn empty(bytes: &mut [u8], section: &Section) {
    bytes[section.start..section.start + section.len].fill(0);
    let size = section.header_at + SIZE_AT;
    bytes[size..size + 8].fill(0);
}

/// Whether a section is the standard library's reader of debug information.
///
/// It is linked into every program, because a panic may print a backtrace, and
/// is a quarter of a small site. A site has no debug information of the
/// runtime, so it could only ever find nothing; addresses are printed all the same.
fn is_symbolizer(section: &Section) -> bool {
    section.name.starts_with(".text.")
        && section.name.contains("backtrace_rs9symbolize5gimli")
        && section.name.contains("5Cache11with_global")
}

/// Whether a section writes the names of functions that the reader of debug
/// information has found, which is none.
fn is_demangler(section: &Section) -> bool {
    section.name.starts_with(".text.")
        && section.name.contains("14rustc_demangle")
        && section.name.contains("7Display3fmt")
}

/// Makes a function return 0 at once. That is a right implementation of one
/// that takes a closure and returns nothing, and of one that writes a text: it
/// has written an empty one. Its length stays, because the unwind table names
/// it.
fn return_at_once(bytes: &mut [u8], section: &Section) {
    /// `xor eax, eax; ret`
    const RETURN: [u8; 3] = [0x31, 0xc0, 0xc3];
    const BREAKPOINT: u8 = 0xcc;
    let function = &mut bytes[section.start..section.start + section.len];
    function.fill(BREAKPOINT);
    function[..RETURN.len()].copy_from_slice(&RETURN);
}

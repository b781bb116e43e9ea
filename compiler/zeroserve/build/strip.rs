use object::build::elf::{Section, SectionData};
use object::read::archive::ArchiveFile;

/// Removes debug information from an object or from every member of an
/// archive, by the file's name.
pub fn strip(name: &str, bytes: &[u8]) -> Vec<u8> {
    if name.ends_with(".a") { strip_archive(bytes) } else { strip_object(bytes) }
}

fn strip_archive(bytes: &[u8]) -> Vec<u8> {
    let archive = ArchiveFile::parse(bytes).expect("an archive");
    let members: Vec<_> = archive
        .members()
        .map(|member| {
            let member = member.expect("a member");
            let name = String::from_utf8_lossy(member.name()).into_owned();
            let data = member.data(bytes).expect("a member's bytes");
            ar_archive_writer::NewArchiveMember {
                buf: Box::new(strip_object(data)),
                object_reader: &ar_archive_writer::DEFAULT_OBJECT_READER,
                member_name: name,
                mtime: 0,
                uid: 0,
                gid: 0,
                perms: 0o644,
            }
        })
        .collect();
    let mut out = std::io::Cursor::new(Vec::new());
    ar_archive_writer::write_archive_to_stream(
        &mut out,
        &members,
        ar_archive_writer::ArchiveKind::Gnu,
        false,
        None,
    )
    .expect("writing an archive to memory");
    out.into_inner()
}

/// Members that are no ELF object (Rust's metadata) stay as they are.
fn strip_object(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut object) = object::build::elf::Builder::read(bytes) else {
        return bytes.to_vec();
    };
    for section in &mut object.sections {
        let debug = section.name.starts_with(b".debug_")
            || section.name.starts_with(b".rela.debug_")
            || &section.name[..] == b".comment";
        section.delete = debug;
    }
    // Objects of LLVM keep names of sections and symbols in one section; the
    // writer wants two.
    let names = |section: &Section<'_>| matches!(section.data, SectionData::SectionString);
    if !object.sections.iter().any(names) {
        let section = object.sections.add();
        section.name = b".shstrtab"[..].into();
        section.sh_type = object::elf::SHT_STRTAB;
        section.data = SectionData::SectionString;
    }
    object.delete_orphans();
    let mut out = Vec::new();
    match object.write(&mut out) {
        Ok(()) => out,
        Err(error) => panic!("an object cannot be written again: {error}"),
    }
}

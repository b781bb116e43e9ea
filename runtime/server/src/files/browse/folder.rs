//! What a folder holds.

use std::ffi::OsStr;
use std::fs::{self, FileType, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::Job;
use crate::files::open::{self, Problem};

/// Seconds and nanoseconds since 1970.
pub(super) type Time = (i64, u32);

/// A folder's files.
pub(super) struct Folder {
    /// When it, or anything in it, was changed last.
    pub changed: Time,
    pub items: Vec<Item>,
    pub counts: Counts,
}

/// How much there is in a folder.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub folders: usize,
    pub files: usize,
    /// The size of the files together, with that of what links lead to.
    pub bytes: u64,
}

/// A file or folder in a folder.
#[derive(Debug)]
pub(super) struct Item {
    /// The name; that of a folder ends in a slash.
    pub name: Vec<u8>,
    /// The name in lower case, for comparing.
    pub lower: String,
    pub size: u64,
    pub changed: Time,
    /// Kind and permissions, as Go numbers them.
    pub mode: u32,
    pub is_folder: bool,
    pub is_link: bool,
    /// Where a link leads, if that is told.
    pub target: Option<Vec<u8>>,
}

/// Reads a folder.
pub(super) fn read(job: &Job) -> Result<Folder, Problem> {
    let path = Path::new(OsStr::from_bytes(&job.folder));
    let own = fs::metadata(path).map_err(|error| Problem::of(&error))?;
    let entries = fs::read_dir(path).map_err(|error| Problem::of(&error))?;
    let mut folder = Folder {
        changed: time_of(&own),
        items: Vec::new(),
        counts: Counts::default(),
    };
    for entry in entries.take(job.limit) {
        let entry = entry.map_err(|error| Problem::of(&error))?;
        let name = entry.file_name().into_vec();
        let whole = open::join(&job.folder, &name);
        if job.hidden.covers(&whole) {
            continue;
        }
        // What has gone since is left out.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let item = item(job, name, &whole, &metadata);
        folder.changed = folder.changed.max(item.changed);
        if item.is_folder {
            folder.counts.folders += 1;
        } else {
            folder.counts.files += 1;
            folder.counts.bytes += item.size;
        }
        folder.items.push(item);
    }
    Ok(folder)
}

fn item(job: &Job, mut name: Vec<u8>, whole: &[u8], metadata: &Metadata) -> Item {
    let is_link = metadata.file_type().is_symlink();
    // A link that leads nowhere is listed with its own size.
    let behind = is_link.then(|| open::look_at(whole)).flatten();
    let shown = behind.as_ref().unwrap_or(metadata);
    let is_folder = shown.is_dir();
    if is_folder {
        name.push(b'/');
    }
    let target = (is_link && job.reveals_links)
        .then(|| fs::read_link(Path::new(OsStr::from_bytes(whole))).ok())
        .flatten();
    Item {
        lower: String::from_utf8_lossy(&name).to_lowercase(),
        name,
        size: shown.len(),
        changed: time_of(metadata),
        mode: mode(metadata),
        is_folder,
        is_link,
        target: target.map(|target| target.into_os_string().into_vec()),
    }
}

fn time_of(metadata: &Metadata) -> Time {
    (metadata.mtime(), metadata.mtime_nsec() as u32)
}

/// Kind and permissions as Go's `os.FileMode` numbers them.
fn mode(metadata: &Metadata) -> u32 {
    let mode = metadata.mode();
    let is = |kind: fn(&FileType) -> bool, bits: u32| {
        if kind(&metadata.file_type()) { bits } else { 0 }
    };
    let has = |bit: u32, bits: u32| if mode & bit != 0 { bits } else { 0 };
    mode & 0o777
        | is(FileType::is_dir, 1 << 31)
        | is(FileType::is_symlink, 1 << 27)
        | is(FileType::is_block_device, 1 << 26)
        | is(FileType::is_fifo, 1 << 25)
        | is(FileType::is_socket, 1 << 24)
        | is(FileType::is_char_device, 1 << 26 | 1 << 21)
        | has(0o4000, 1 << 23)
        | has(0o2000, 1 << 22)
        | has(0o1000, 1 << 20)
}

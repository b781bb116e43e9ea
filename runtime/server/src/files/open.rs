//! Files of the machine, and what is known of them.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use zs_proto::path::{clean_into, is_clean};

use crate::limits::ETAG_FILE_BYTES_MAX;

/// A file or folder. One that may be looked at and not read has no descriptor.
#[derive(Debug)]
pub(super) struct Opened {
    file: Option<File>,
    metadata: Metadata,
}

/// Why there is nothing to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// There is no such file.
    Missing,
    /// It may not be looked at.
    Denied,
    /// The path cannot be one.
    Path,
    /// The machine has run out of something.
    Busy,
}

impl Problem {
    /// The status that Caddy answers with.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Missing => 404,
            Self::Denied => 403,
            Self::Path => 400,
            Self::Busy => 503,
        }
    }

    /// What a failure of the system comes to.
    pub(super) fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            // What lies below a file is not there either.
            Some(libc::ENOENT | libc::ENOTDIR) => Self::Missing,
            Some(libc::EACCES | libc::EPERM) => Self::Denied,
            Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM) => Self::Busy,
            _ => Self::Path,
        }
    }
}

/// Opens a file or folder to be read, without waiting for a device.
pub(super) fn open(path: &[u8]) -> Result<Opened, Problem> {
    // The C library would spend a further call on the flag of the descriptor.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let path = Path::new(OsStr::from_bytes(path));
    let looked = match opened.map(File::from).map_err(io::Error::from) {
        Ok(file) => file.metadata().map(|metadata| Opened {
            file: Some(file),
            metadata,
        }),
        // What may not be read, or is a socket, may still be looked at.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::ENXIO)) => {
            std::fs::metadata(path).map(|metadata| Opened {
                file: None,
                metadata,
            })
        }
        Err(error) => Err(error),
    };
    looked.map_err(|error| Problem::of(&error))
}

/// What is known of a file or folder.
pub(super) fn look_at(path: &[u8]) -> Option<Metadata> {
    std::fs::metadata(Path::new(OsStr::from_bytes(path))).ok()
}

/// The entity tag that a file holds: its bytes but for line ends.
pub(super) fn read_tag(path: &[u8]) -> Result<Vec<u8>, Problem> {
    let opened = open(path)?;
    let file = opened.file.ok_or(Problem::Denied)?;
    let mut tag = Vec::new();
    let read = file.take(ETAG_FILE_BYTES_MAX + 1).read_to_end(&mut tag);
    read.map_err(|error| Problem::of(&error))?;
    if tag.len() as u64 > ETAG_FILE_BYTES_MAX {
        return Err(Problem::Path);
    }
    tag.retain(|byte| *byte != b'\n');
    Ok(tag)
}

impl Opened {
    pub(super) fn is_folder(&self) -> bool {
        self.metadata.is_dir()
    }

    pub(super) fn is_file(&self) -> bool {
        self.metadata.is_file()
    }

    pub(super) fn can_be_read(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn size(&self) -> u64 {
        self.metadata.len()
    }

    /// The descriptor, if it could be had.
    pub(super) fn into_file(self) -> Option<File> {
        self.file
    }

    /// When it was changed last, in seconds since 1970, unless that is a time which archives write when they know none.
    pub(super) fn modified(&self) -> Option<i64> {
        let seconds = self.metadata.mtime();
        (seconds != 0 && seconds != 1).then_some(seconds)
    }

    /// The entity tag: time of change in nanoseconds and size, both to base 36. Empty when the time means nothing.
    pub(super) fn etag(&self) -> Vec<u8> {
        let Some(seconds) = self.modified() else {
            return Vec::new();
        };
        let nanoseconds =
            i128::from(seconds) * 1_000_000_000 + i128::from(self.metadata.mtime_nsec());
        let mut tag = Vec::with_capacity(ETAG_BYTES);
        tag.push(b'"');
        push_base36(&mut tag, nanoseconds);
        tag.push(b'-');
        push_base36(&mut tag, i128::from(self.size()));
        tag.push(b'"');
        tag
    }
}

/// As long as entity tags of files are at most.
const ETAG_BYTES: usize = 32;

fn push_base36(out: &mut Vec<u8>, number: i128) {
    if number < 0 {
        out.push(b'-');
    }
    let magnitude = number.unsigned_abs();
    match u64::try_from(magnitude) {
        Ok(short) => push_short_base36(out, short),
        Err(_) => {
            push_base36(out, (magnitude / BASE_36_HALF) as i128);
            let at = out.len();
            push_short_base36(out, (magnitude % BASE_36_HALF) as u64);
            let zeros = BASE_36_HALF_DIGITS - (out.len() - at);
            out.splice(at..at, std::iter::repeat_n(b'0', zeros));
        }
    }
}

/// Times of change beyond the year 2554 have more digits than a word.
const BASE_36_HALF_DIGITS: usize = 12;
const BASE_36_HALF: u128 = 36_u128.pow(BASE_36_HALF_DIGITS as u32);

fn push_short_base36(out: &mut Vec<u8>, number: u64) {
    let (mut digits, mut at, mut rest) = ([0; 13], 13, number);
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A folder and a path below it, cleaned, so that the path cannot lead out; a slash at the end stays.
pub(super) fn join(root: &[u8], below: &[u8]) -> Vec<u8> {
    if is_clean(root, true) && is_clean(below, true) {
        let root = root.strip_suffix(b"/").unwrap_or(root);
        let below = if below == b"/" && !root.is_empty() {
            b""
        } else {
            below
        };
        return [root, below].concat();
    }
    let mut rooted = Vec::with_capacity(below.len() + 1);
    rooted.push(b'/');
    rooted.extend_from_slice(below);
    let mut relative = Vec::with_capacity(rooted.len());
    clean_into(&rooted, true, &mut relative);
    let ends = below.len() > 1 && below.ends_with(b"/");
    let trimmed = relative.strip_suffix(b"/").unwrap_or(&relative);
    let mut joined = Vec::with_capacity(root.len() + trimmed.len() + 1);
    clean_into(root, true, &mut joined);
    if joined.len() > 1 && joined.ends_with(b"/") {
        joined.pop();
    }
    if !trimmed.is_empty() {
        match joined.as_slice() {
            b"/" => joined.clear(),
            // A path without a folder is the file's name.
            b"." => return finish(trimmed[1..].to_vec(), ends),
            _ => {}
        }
        joined.extend_from_slice(trimmed);
    }
    finish(joined, ends)
}

fn finish(mut path: Vec<u8>, slash: bool) -> Vec<u8> {
    if slash && path != b"/" {
        path.push(b'/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out() {
        for (root, below, joined) in [
            ("/srv", "/a", "/srv/a"),
            ("/srv/", "/a/", "/srv/a/"),
            ("/srv", "/", "/srv"),
            ("/srv", "", "/srv"),
            ("/srv", "/../../etc/passwd", "/srv/etc/passwd"),
            ("/srv", "/a/../../b", "/srv/b"),
            ("/srv", "..", "/srv"),
            ("/srv", "//a//b", "/srv/a/b"),
            ("/", "/a", "/a"),
            ("/", "/", "/"),
            (".", "/a", "a"),
            (".", "/a/", "a/"),
            (".", "/", "."),
            ("./public/", "/a", "public/a"),
            ("../x", "/a", "../x/a"),
        ] {
            let got = String::from_utf8(join(root.as_bytes(), below.as_bytes())).unwrap();
            assert_eq!(got, joined, "{root} {below}");
        }
    }

    #[test]
    fn base_36() {
        let mut out = Vec::new();
        push_base36(&mut out, 1_700_000_000_000_000_000);
        out.push(b' ');
        push_base36(&mut out, 0);
        out.push(b' ');
        push_base36(&mut out, -37);
        out.push(b' ');
        push_base36(&mut out, i128::from(u64::MAX));
        out.push(b' ');
        push_base36(&mut out, i128::from(u64::MAX) + 1);
        out.push(b' ');
        push_base36(&mut out, 36_i128.pow(14));
        let expected = "cwyvpelgpse8 0 -11 3w5e11264sgsf 3w5e11264sgsg 100000000000000";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

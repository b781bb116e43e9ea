//! Files that lines are written to: opened again when they were moved away, and rotated when they are long.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use zs_abi::tables::{LOG_KEPT_PLAIN, LogSink};
use zs_io::Clock;
use zs_proto::date::Civil;

use crate::log;

/// A file that is written to its end.
#[derive(Debug)]
pub(super) struct LogFile {
    file: File,
    size: u64,
    looked: Instant,
    rolling: Rolling,
}

/// How a file is opened and rotated.
#[derive(Clone, Debug)]
struct Rolling {
    path: PathBuf,
    mode: u32,
    /// Bytes that it may have; 0 for any number.
    bytes_max: u64,
    keep: usize,
    keep_days: u32,
    kept: u32,
}

impl LogFile {
    /// Opens a file, and makes its folder if there is none.
    pub(super) fn open(path: &[u8], record: &LogSink) -> io::Result<Self> {
        let rolling = Rolling {
            path: std::path::absolute(OsStr::from_bytes(path))?,
            mode: record.mode,
            bytes_max: u64::from(record.roll_megabytes) << 20,
            keep: record.keep as usize,
            keep_days: record.keep_days,
            kept: record.kept,
        };
        let (file, size) = rolling.open()?;
        Ok(Self {
            file,
            size,
            looked: Instant::now(),
            rolling,
        })
    }

    /// The file, rotated if so many more bytes were too many, and opened again if it is not where it was.
    pub(super) fn ready_for(&mut self, bytes: u64) -> io::Result<&mut File> {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.looked = Instant::now();
            if !self.is_in_place() {
                self.reopen()?;
            }
        }
        let max = self.rolling.bytes_max;
        if max > 0 && self.size > 0 && self.size + bytes > max {
            self.rolling.rotate()?;
            self.reopen()?;
        }
        self.size += bytes;
        Ok(&mut self.file)
    }

    /// Opens the file again.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        (self.file, self.size) = self.rolling.open()?;
        Ok(())
    }

    fn is_in_place(&self) -> bool {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let there = fs::metadata(&self.rolling.path).map(identity);
        let here = self.file.metadata().map(identity);
        matches!((there, here), (Ok(there), Ok(here)) if there == here)
    }
}

impl Rolling {
    fn open(&self) -> io::Result<(File, u64)> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(folder)?;
        }
        let mode = if self.mode == 0 { FILE_MODE } else { self.mode };
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(mode)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        if self.mode != 0 && metadata.mode() & 0o777 != self.mode & 0o777 {
            file.set_permissions(Permissions::from_mode(self.mode))?;
        }
        Ok((file, metadata.len()))
    }

    /// Moves the file aside, and has those that were moved before looked after.
    fn rotate(&self) -> io::Result<()> {
        let moved = self.free_name();
        fs::rename(&self.path, &moved)?;
        let rolling = self.clone();
        let tidying = thread::Builder::new().name("log-tidy".to_owned());
        tidying.spawn(move || {
            if let Err(error) = rolling.tidy(&moved) {
                let path = rolling.path.display();
                log::line(format_args!(
                    "cannot look after old logs of {path}: {error}"
                ));
            }
        })?;
        Ok(())
    }

    /// A name with the time that no file has.
    fn free_name(&self) -> PathBuf {
        let (seconds, nanos) = Clock::unix();
        let mut millis = seconds * 1000 + i64::from(nanos / 1_000_000);
        loop {
            let path = self.path.with_file_name(self.aside(millis));
            let taken = path.exists() || with(&path, ".gz").exists();
            if !taken {
                return path;
            }
            millis += 1;
        }
    }

    /// The file's name with a time in front of its extension, as Caddy's rotation writes it.
    fn aside(&self, millis: i64) -> PathBuf {
        let civil = Civil::from_unix(millis.div_euclid(1000));
        let Civil {
            year, month, day, ..
        } = civil;
        let (hour, minute, second) = (civil.hour, civil.minute, civil.second);
        let fraction = millis.rem_euclid(1000);
        let time = format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}.{fraction:03}"
        );
        let (stem, extension) = self.name_parts();
        let name = [&stem[..], b"-", time.as_bytes(), REASON, &extension].concat();
        PathBuf::from(std::ffi::OsString::from_vec(name))
    }

    /// The file's name, taken apart before the last dot.
    fn name_parts(&self) -> (Vec<u8>, Vec<u8>) {
        let name = self.path.file_name().unwrap_or_default().as_bytes();
        let dot = name.iter().rposition(|byte| *byte == b'.');
        let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
        (stem.to_vec(), extension.to_vec())
    }

    /// Compresses a file that was moved aside, and deletes those that are too many or too old.
    fn tidy(&self, moved: &Path) -> io::Result<()> {
        if self.kept != LOG_KEPT_PLAIN {
            self.compress(moved)?;
        }
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let mut old: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if self.is_aside(entry.file_name().as_bytes()) {
                old.push(entry.path());
            }
        }
        // The names hold the time, so that their order is that of age.
        old.sort_unstable_by(|one, other| other.cmp(one));
        let life = Duration::from_secs(u64::from(self.keep_days) * 24 * 3600);
        for (at, path) in old.iter().enumerate() {
            let changed = fs::metadata(path)?.modified()?;
            let age = SystemTime::now().duration_since(changed);
            if at >= self.keep || age.unwrap_or_default() > life {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Whether a name is one that rotation gave.
    fn is_aside(&self, name: &[u8]) -> bool {
        let (stem, extension) = self.name_parts();
        let plain = name.strip_suffix(b".gz").unwrap_or(name);
        let time = plain.strip_prefix(stem.as_slice());
        let time = time.and_then(|rest| rest.strip_prefix(b"-"));
        let time = time.and_then(|rest| rest.strip_suffix(extension.as_slice()));
        let time = time.and_then(|rest| rest.strip_suffix(REASON));
        time.is_some_and(|time| {
            let same = |(byte, form): (&u8, &u8)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == form,
            };
            time.len() == TIME_FORM.len() && time.iter().zip(TIME_FORM).all(same)
        })
    }

    /// Replaces a file by its compressed form, which gets its name last.
    fn compress(&self, moved: &Path) -> io::Result<()> {
        let compressed = with(moved, ".gz");
        let partial = with(&compressed, ".tmp");
        let mut from = File::open(moved)?;
        let mode = from.metadata()?.mode() & 0o777;
        let to = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&partial)?;
        let mut encoder = GzEncoder::new(to, Compression::default());
        io::copy(&mut from, &mut encoder)?;
        encoder.finish()?;
        fs::rename(&partial, &compressed)?;
        fs::remove_file(moved)
    }
}

/// A path with something behind it.
fn with(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}

/// How often it is looked whether the file is still in its place.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Only the server's user may read logs unless the configuration says otherwise.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Why a file was moved aside, as its name says.
const REASON: &[u8] = b"-size";

/// The form of the time in names, `0` for any digit.
const TIME_FORM: &[u8] = b"0000-00-00T00-00-00.000";

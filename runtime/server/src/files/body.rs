//! The bytes of a file, or of several parts of it, on their way to the client.

use std::fs::File;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use zs_proto::range::Part;

use crate::exchange::Source;
use crate::limits::FILE_READ_BYTES;
use crate::pipe::Pipe;

/// Parts of a file, each behind a text of its own, and a text at the end.
#[derive(Debug)]
pub(super) struct FileBody {
    file: File,
    /// In the order in which they are sent, the next one last.
    pieces: Vec<Piece>,
}

/// What is sent next.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes that are made here.
    Text(Vec<u8>),
    /// Bytes of the file.
    Part(Part),
}

impl FileBody {
    pub(super) fn new(file: File, mut pieces: Vec<Piece>) -> Self {
        pieces.reverse();
        Self { file, pieces }
    }
}

/// Appends bytes of a file, at most as many as are read at once. Returns how many.
fn read(file: &File, start: u64, length: u64, out: &mut Vec<u8>) -> Result<usize, Errno> {
    let most = length.min(FILE_READ_BYTES as u64) as usize;
    if most == 0 {
        return Ok(0);
    }
    let before = out.len();
    out.reserve_exact(most);
    rustix::io::pread(file, spare_capacity(out), start)?;
    // There may have been more room than that, and the file may be longer.
    out.truncate(before + most);
    Ok(out.len() - before)
}

/// Appends a part of a file that is short enough to be read at once.
pub(super) fn read_whole(file: &File, part: Part, out: &mut Vec<u8>) -> Result<(), Errno> {
    let count = read(file, part.start, part.length, out)?;
    // The file has become shorter meanwhile.
    (count as u64 == part.length).then_some(()).ok_or(Errno::IO)
}

impl Source for FileBody {
    fn fill(&mut self, pipe: &mut Pipe) {
        while pipe.len() < FILE_READ_BYTES {
            match self.pieces.pop() {
                None => return pipe.end(),
                Some(Piece::Text(text)) => pipe.push(&text),
                Some(Piece::Part(Part { start, length })) => {
                    // A file that has become shorter cannot give what was promised.
                    let count = match read(&self.file, start, length, pipe.all()) {
                        Ok(count) if count > 0 || length == 0 => count,
                        Ok(_) | Err(_) => return pipe.fail(),
                    };
                    let rest = length - count as u64;
                    if rest > 0 {
                        let start = start + count as u64;
                        let length = rest;
                        self.pieces.push(Piece::Part(Part { start, length }));
                    }
                }
            }
        }
        if self.pieces.is_empty() {
            pipe.end();
        }
    }
}

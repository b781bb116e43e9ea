//! The bytes of a file, or of several parts of it, on their way to the client.

use std::fs::File;
use std::os::unix::fs::FileExt;

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
    buffer: Vec<u8>,
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
        Self {
            file,
            pieces,
            buffer: Vec::new(),
        }
    }
}

impl Source for FileBody {
    fn fill(&mut self, pipe: &mut Pipe) {
        while pipe.len() < FILE_READ_BYTES {
            match self.pieces.pop() {
                None => return pipe.end(),
                Some(Piece::Text(text)) => pipe.push(&text),
                Some(Piece::Part(Part { start, length })) => {
                    let most = length.min(FILE_READ_BYTES as u64) as usize;
                    self.buffer.resize(most, 0);
                    // A file that has become shorter cannot give what was promised.
                    let count = match self.file.read_at(&mut self.buffer, start) {
                        Ok(count) if count > 0 || length == 0 => count,
                        Ok(_) | Err(_) => return pipe.fail(),
                    };
                    pipe.push(&self.buffer[..count]);
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

//! The chunked transfer coding (RFC 9112 §7.1), read exactly as specified.

use crate::ascii;

/// Reads chunks from bytes that arrive in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// Bytes of the current line or trailer section, to bound them.
    line: usize,
    /// The trailer section without its final empty line.
    trailer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before or within a chunk size; digits read so far and their value.
    #[default]
    SizeStart,
    Size {
        digits: u8,
        value: u64,
    },
    Extension {
        value: u64,
    },
    SizeLf {
        value: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    TrailerStart,
    TrailerLine,
    TrailerLf,
    EndLf,
    Done,
}

/// What a piece of the coding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes of the body.
    Data(&'a [u8]),
    /// The body has ended; what follows belongs to the next message.
    End,
    /// The input is used up.
    More,
}

/// The coding is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// Something stands where it may not.
    Syntax,
    /// An extension or the trailer section is longer than the limit.
    TooLong,
}

/// Longest chunk extension, in bytes; nothing uses them, so that a longer one
/// is an attempt to make the server work for no data.
pub const EXTENSION_BYTES_MAX: usize = 256;

/// Longest trailer section, in bytes; as little as one page of fields.
pub const TRAILER_BYTES_MAX: usize = 8192;

impl Decoder {
    /// A decoder at the start of a body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next piece; returns how many bytes of `input` it used and
    /// what they held. Call again with the rest until [`Piece::More`] or
    /// [`Piece::End`].
    ///
    /// # Errors
    /// If the coding is malformed; the message then has no end that both
    /// sides agree on, and the connection cannot be used further.
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Piece<'a>), ChunkError> {
        let mut at = 0;
        while at < input.len() {
            if let State::Data { left } = self.state {
                let len = (input.len() - at).min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - len as u64;
                self.state = if left == 0 {
                    State::DataCr
                } else {
                    State::Data { left }
                };
                return Ok((at + len, Piece::Data(&input[at..at + len])));
            }
            if self.state == State::Done {
                break;
            }
            self.step(input[at])?;
            at += 1;
        }
        if self.state == State::Done {
            return Ok((at, Piece::End));
        }
        Ok((at, Piece::More))
    }

    /// Whether the last chunk and the trailer section have been read.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The lines of the trailer section, each with its CRLF.
    pub fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    fn step(&mut self, byte: u8) -> Result<(), ChunkError> {
        self.state = match (self.state, byte) {
            (State::SizeStart, _) => State::Size {
                digits: 1,
                value: hex(byte)?,
            },
            (State::Size { value, .. }, b'\r') => State::SizeLf { value },
            (State::Size { value, .. }, b';' | b' ' | b'\t') => {
                self.line = 0;
                State::Extension { value }
            }
            (State::Size { digits, value }, _) => {
                if digits >= 16 || value >> 59 != 0 {
                    return Err(ChunkError::Syntax);
                }
                State::Size {
                    digits: digits + 1,
                    value: value << 4 | hex(byte)?,
                }
            }
            (State::Extension { value }, b'\r') => State::SizeLf { value },
            (State::Extension { value }, _) if ascii::is_field_value(byte) => {
                self.line += 1;
                if self.line > EXTENSION_BYTES_MAX {
                    return Err(ChunkError::TooLong);
                }
                State::Extension { value }
            }
            (State::SizeLf { value: 0 }, b'\n') => State::TrailerStart,
            (State::SizeLf { value }, b'\n') => State::Data { left: value },
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::SizeStart,
            (State::TrailerStart, b'\r') => State::EndLf,
            (State::TrailerStart | State::TrailerLine, _) => return self.trailer_byte(byte),
            (State::TrailerLf, b'\n') => {
                self.trailer.extend_from_slice(b"\r\n");
                State::TrailerStart
            }
            (State::EndLf, b'\n') => State::Done,
            _ => return Err(ChunkError::Syntax),
        };
        Ok(())
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<(), ChunkError> {
        if byte == b'\r' {
            self.state = State::TrailerLf;
            return Ok(());
        }
        // A line that begins with a blank would continue the one before it.
        let folded = self.state == State::TrailerStart && !ascii::is_token(byte);
        if folded || !ascii::is_field_value(byte) {
            return Err(ChunkError::Syntax);
        }
        if self.trailer.len() >= TRAILER_BYTES_MAX {
            return Err(ChunkError::TooLong);
        }
        self.trailer.push(byte);
        self.state = State::TrailerLine;
        Ok(())
    }
}

/// Appends one chunk; an empty one is left out, because it would end the body.
pub fn push_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let digits = (u64::BITS - (data.len() as u64).leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        let nibble = (data.len() >> (digit * 4)) as u8 & 15;
        out.push(b"0123456789abcdef"[nibble as usize]);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Ends a body that has no trailer section.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn hex(byte: u8) -> Result<u64, ChunkError> {
    match byte {
        b'0'..=b'9' => Ok(u64::from(byte - b'0')),
        b'a'..=b'f' => Ok(u64::from(byte - b'a' + 10)),
        b'A'..=b'F' => Ok(u64::from(byte - b'A' + 10)),
        _ => Err(ChunkError::Syntax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, Vec<u8>), ChunkError> {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        let mut rest = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            loop {
                let (used, found) = decoder.next(input)?;
                input = &input[used..];
                match found {
                    Piece::Data(data) => out.extend_from_slice(data),
                    Piece::More => break,
                    Piece::End => {
                        rest.extend_from_slice(input);
                        break;
                    }
                }
            }
        }
        Ok((out, decoder.is_done(), rest))
    }

    #[test]
    fn any_split_gives_the_same() {
        let raw = b"5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nA: b\r\n\r\nNEXT";
        for split in 0..raw.len() {
            let (body, done, rest) = decode(&[&raw[..split], &raw[split..]]).unwrap();
            assert_eq!(body, b"hello world", "{split}");
            assert!(done);
            assert!(rest.ends_with(b"NEXT") || split > raw.len() - 4);
        }
    }

    #[test]
    fn malformed() {
        for raw in [
            &b"\r\n"[..],
            b"g\r\n",
            b"5\nhello",
            b"5\r\nhelloX",
            b"-5\r\n",
            b"0x5\r\n",
            b" 5\r\n",
            b"11111111111111111\r\n",
            b"ffffffffffffffff\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nA: b\n\r\n",
            b"5;a\x00\r\n",
        ] {
            assert!(decode(&[raw]).is_err(), "{}", raw.escape_ascii());
        }
        let mut long = b"1;".to_vec();
        long.resize(EXTENSION_BYTES_MAX + 8, b'x');
        assert_eq!(decode(&[&long]).unwrap_err(), ChunkError::TooLong);
    }

    #[test]
    fn round_trip() {
        let mut out = Vec::new();
        let big = vec![7; 70_000];
        for data in [&b"a"[..], &big, b"", &big[..16]] {
            push_chunk(&mut out, data);
        }
        out.extend_from_slice(LAST_CHUNK);
        let (body, done, _) = decode(&[&out]).unwrap();
        assert!(done);
        assert_eq!(body.len(), 1 + 70_000 + 16);
    }
}

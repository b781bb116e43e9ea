//! The site data: one block of read-only bytes that holds every constant and
//! table of a site.
//!
//! The block begins with a [`MAGIC`] and a directory of tables. A table is an
//! array of records, a record an array of little-endian `u32` words, so that
//! reading one is safe code whatever the bytes are. The block is also what a
//! guest window shows at [`crate::layout::CONST_BASE`].

use crate::tables::Table;

/// First bytes of every site data block; `inspect` finds the block by them.
pub const MAGIC: [u8; 16] = *b"\x7fzeroserve data\n";

/// Bytes before the first table or text: magic, hash of the contract, total
/// length, a reserved word, then offset and record count for each table.
pub const HEADER_BYTES: usize = 16 + 8 + 4 + 4 + Table::COUNT * 8;

/// A text in the site data: where it lies and how long it is; or, as an *open*
/// text, the number of an [`crate::tables::OpenText`], whose bytes are known
/// when the server has started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    /// Offset from the start of the site data; [`Self::OPEN`] for open texts.
    pub offset: u32,
    /// Length in bytes, or the number of the open text.
    pub len: u32,
}

impl Text {
    /// The text without bytes.
    pub const EMPTY: Self = Self { offset: 0, len: 0 };

    /// The offset of open texts, where no text lies.
    pub const OPEN: u32 = u32::MAX;

    /// The open text of a number.
    pub const fn open(number: u32) -> Self {
        Self {
            offset: Self::OPEN,
            len: number,
        }
    }

    /// Guest address of the text's first byte. Open texts have none.
    pub const fn guest(self) -> u32 {
        crate::layout::CONST_BASE + self.offset
    }
}

/// A value that is stored as a fixed number of words.
pub trait Words: Sized {
    /// How many words the value takes.
    const WORDS: usize;
    /// Reads the value from exactly [`Self::WORDS`] words.
    fn read(next: &mut impl FnMut() -> u32) -> Self;
    /// Passes the value's words on, in order.
    fn write(&self, put: &mut impl FnMut(u32));
}

impl Words for u32 {
    const WORDS: usize = 1;
    fn read(next: &mut impl FnMut() -> u32) -> Self {
        next()
    }
    fn write(&self, put: &mut impl FnMut(u32)) {
        put(*self);
    }
}

impl Words for Text {
    const WORDS: usize = 2;
    fn read(next: &mut impl FnMut() -> u32) -> Self {
        Self {
            offset: next(),
            len: next(),
        }
    }
    fn write(&self, put: &mut impl FnMut(u32)) {
        put(self.offset);
        put(self.len);
    }
}

impl<const N: usize> Words for [u32; N] {
    const WORDS: usize = N;
    fn read(next: &mut impl FnMut() -> u32) -> Self {
        core::array::from_fn(|_| next())
    }
    fn write(&self, put: &mut impl FnMut(u32)) {
        for word in self {
            put(*word);
        }
    }
}

/// A record of one of the site's tables.
pub trait Record: Words {
    /// The table it belongs to.
    const TABLE: Table;
}

/// What is wrong with a block that should be site data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataError {
    /// It does not begin with [`MAGIC`].
    Magic,
    /// It was made for another contract, with this hash.
    Contract(u64),
    /// The header or a table reaches past the end.
    Length,
}

/// A site data block whose header and directory have been checked.
#[derive(Clone, Copy, Debug)]
pub struct SiteData<'a> {
    bytes: &'a [u8],
    /// The bytes of open texts by number; none before they are read.
    open: &'a [&'a [u8]],
}

impl<'a> SiteData<'a> {
    /// Checks the header of a block. `bytes` may be longer than the block.
    ///
    /// # Errors
    /// If the block is not site data of this contract.
    pub fn new(bytes: &'a [u8]) -> Result<Self, DataError> {
        if bytes.len() < HEADER_BYTES {
            return Err(DataError::Length);
        }
        if bytes[..16] != MAGIC {
            return Err(DataError::Magic);
        }
        let hash = u64::from(word(bytes, 16)) | u64::from(word(bytes, 20)) << 32;
        if hash != crate::CONTRACT_HASH {
            return Err(DataError::Contract(hash));
        }
        let len = word(bytes, 24) as usize;
        let bytes = bytes.get(..len).ok_or(DataError::Length)?;
        if len < HEADER_BYTES {
            return Err(DataError::Length);
        }
        let data = Self { bytes, open: &[] };
        for table in Table::ALL {
            let (offset, count) = data.directory(*table);
            let end = (count as usize)
                .checked_mul(table.words() * 4)
                .and_then(|size| size.checked_add(offset as usize));
            if end.is_none_or(|end| end > len) {
                return Err(DataError::Length);
            }
        }
        Ok(data)
    }

    /// The same block with the bytes of its open texts, by number.
    pub const fn with_open(self, open: &'a [&'a [u8]]) -> Self {
        Self { open, ..self }
    }

    /// All bytes of the block.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes of a text; empty if it reaches past the end.
    pub fn text(self, text: Text) -> &'a [u8] {
        if text.offset == Text::OPEN {
            return self.open.get(text.len as usize).copied().unwrap_or(&[]);
        }
        let start = text.offset as usize;
        self.bytes
            .get(start..start.saturating_add(text.len as usize))
            .unwrap_or(&[])
    }

    /// How many records a table holds.
    pub fn count<R: Record>(self) -> u32 {
        self.directory(R::TABLE).1
    }

    /// The record with this number, if there is one.
    pub fn record<R: Record>(self, number: u32) -> Option<R> {
        let (offset, count) = self.directory(R::TABLE);
        if number >= count {
            return None;
        }
        let mut at = offset as usize + number as usize * R::WORDS * 4;
        Some(R::read(&mut || {
            let value = word(self.bytes, at);
            at += 4;
            value
        }))
    }

    /// The records of a range, in order; those past the end are left out.
    pub fn range<R: Record>(self, range: Range) -> impl Iterator<Item = R> + use<'a, R> {
        let end = range
            .first
            .saturating_add(range.count)
            .min(self.count::<R>());
        (range.first..end).filter_map(move |number| self.record(number))
    }

    /// All records of a table, in order.
    pub fn all<R: Record>(self) -> impl Iterator<Item = R> + use<'a, R> {
        self.range(Range {
            first: 0,
            count: u32::MAX,
        })
    }

    fn directory(self, table: Table) -> (u32, u32) {
        let at = 32 + table as usize * 8;
        (word(self.bytes, at), word(self.bytes, at + 4))
    }
}

/// Consecutive records of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// Number of the first record.
    pub first: u32,
    /// How many there are.
    pub count: u32,
}

impl Words for Range {
    const WORDS: usize = 2;
    fn read(next: &mut impl FnMut() -> u32) -> Self {
        Self {
            first: next(),
            count: next(),
        }
    }
    fn write(&self, put: &mut impl FnMut(u32)) {
        put(self.first);
        put(self.count);
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(b) => u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        None => 0,
    }
}

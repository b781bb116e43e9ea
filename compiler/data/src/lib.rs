//! Writes the site data block: texts, guest tables and record tables.
//!
//! What goes in twice is stored once: equal texts share their bytes, equal
//! values of the shared kinds their number. The block is a function of what was added and in
//! which order.

mod open;

use std::collections::BTreeMap;

use zs_abi::CONTRACT_HASH;
use zs_abi::data::{HEADER_BYTES, MAGIC, Range, Record, Text};
use zs_abi::tables::Table;

pub use open::Open;

/// A site data block being written.
#[derive(Debug, Default)]
pub struct DataBuilder {
    /// Texts and guest tables, which begin right after the header.
    body: Vec<u8>,
    texts: BTreeMap<Vec<u8>, Text>,
    tables: BTreeMap<Table, TableWords>,
    open: Open,
}

#[derive(Debug, Default)]
struct TableWords {
    count: u32,
    words: Vec<u32>,
}

impl DataBuilder {
    /// A block without content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a text and returns where it lies; equal texts share their bytes.
    /// An open value in it is misplaced: for those see [`Self::open_text`].
    pub fn text(&mut self, bytes: impl AsRef<[u8]>) -> Text {
        let bytes = bytes.as_ref();
        if bytes.is_empty() || self.misplaces(bytes) {
            return Text::EMPTY;
        }
        if let Some(text) = self.texts.get(bytes) {
            return *text;
        }
        let text = self.place(bytes, 1);
        self.texts.insert(bytes.to_vec(), text);
        text
    }

    /// Stores bytes that guest code reads as a table, aligned to `align` bytes
    /// (a power of two, at most 8); equal tables share their bytes.
    pub fn guest_table(&mut self, bytes: &[u8], align: usize) -> Text {
        if self.misplaces(bytes) {
            return Text::EMPTY;
        }
        if let Some(text) = self
            .texts
            .get(bytes)
            .filter(|text| (text.offset as usize).is_multiple_of(align))
        {
            return *text;
        }
        let text = self.place(bytes, align);
        self.texts.insert(bytes.to_vec(), text);
        text
    }

    /// Appends a record to its table and returns its number.
    pub fn push<R: Record>(&mut self, record: &R) -> u32 {
        let table = self.tables.entry(R::TABLE).or_default();
        let number = table.count;
        record.write(&mut |word| table.words.push(word));
        table.count += 1;
        number
    }

    /// Appends records to their table and returns the range they form.
    pub fn extend<R: Record>(&mut self, records: &[R]) -> Range {
        let first = self.count::<R>();
        for record in records {
            self.push(record);
        }
        Range {
            first,
            count: records.len() as u32,
        }
    }

    /// A record that was pushed before, if there is one with this number.
    pub fn record<R: Record>(&self, number: u32) -> Option<R> {
        let table = self.tables.get(&R::TABLE)?;
        let at = number as usize * R::WORDS;
        let mut words = table.words.get(at..at + R::WORDS)?.iter().copied();
        Some(R::read(&mut || words.next().unwrap_or_default()))
    }

    /// The records of a range, in order.
    pub fn range<R: Record>(&self, range: Range) -> impl Iterator<Item = R> + '_ {
        (range.first..range.first + range.count).filter_map(|number| self.record(number))
    }

    /// How many records a table holds by now.
    pub fn count<R: Record>(&self) -> u32 {
        self.tables.get(&R::TABLE).map_or(0, |table| table.count)
    }

    /// Overwrites a record that was pushed before.
    ///
    /// # Panics
    /// If there is no record with this number.
    pub fn replace<R: Record>(&mut self, number: u32, record: &R) {
        let table = self
            .tables
            .get_mut(&R::TABLE)
            .expect("the table holds records");
        let mut at = number as usize * R::WORDS;
        record.write(&mut |word| {
            table.words[at] = word;
            at += 1;
        });
    }

    /// The finished block.
    pub fn finish(&self) -> Vec<u8> {
        let mut out = vec![0; HEADER_BYTES];
        out.extend_from_slice(&self.body);
        out.resize(out.len().next_multiple_of(8), 0);
        for table in Table::ALL {
            let Some(rows) = self.tables.get(table) else {
                continue;
            };
            let at = 32 + *table as usize * 8;
            let offset = out.len() as u32;
            put(&mut out, at, offset);
            put(&mut out, at + 4, rows.count);
            out.extend(rows.words.iter().flat_map(|word| word.to_le_bytes()));
        }
        out.resize(out.len().next_multiple_of(8), 0);
        let len = out.len() as u32;
        out[..16].copy_from_slice(&MAGIC);
        out[16..24].copy_from_slice(&CONTRACT_HASH.to_le_bytes());
        put(&mut out, 24, len);
        out
    }

    /// Whether bytes hold open values, which are misplaced then.
    fn misplaces(&mut self, bytes: &[u8]) -> bool {
        if self.open.values().is_empty() {
            return false;
        }
        let text = String::from_utf8_lossy(bytes);
        self.open.misplace(&text);
        zs_open::is_open(&text)
    }

    fn place(&mut self, bytes: &[u8], align: usize) -> Text {
        let start = (HEADER_BYTES + self.body.len()).next_multiple_of(align);
        self.body.resize(start - HEADER_BYTES, 0);
        self.body.extend_from_slice(bytes);
        Text {
            offset: start as u32,
            len: bytes.len() as u32,
        }
    }
}

fn put(out: &mut [u8], at: usize, word: u32) {
    out[at..at + 4].copy_from_slice(&word.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use zs_abi::SiteData;
    use zs_abi::tables::{Entry, Variable};

    #[test]
    fn what_goes_in_comes_out() {
        let mut builder = DataBuilder::new();
        let hello = builder.text("hello");
        assert_eq!(hello, builder.text("hello"));
        let table = builder.guest_table(&[1, 2, 3, 4], 8);
        assert_eq!(table.offset % 8, 0);
        builder.push(&Variable { name: hello });
        let range = builder.extend(&[Entry { name: hello }, Entry { name: Text::EMPTY }]);
        builder.replace(1, &Entry { name: hello });
        assert_eq!(builder.record(1), Some(Entry { name: hello }));
        assert_eq!(builder.record::<Entry>(2), None);
        let block = builder.finish();
        let data = SiteData::new(&block).expect("a finished block is valid");
        assert_eq!(data.count::<Entry>(), 2);
        let names: Vec<_> = data
            .range::<Entry>(range)
            .map(|entry| data.text(entry.name))
            .collect();
        assert_eq!(names, [b"hello", b"hello"]);
        assert_eq!(data.record::<Variable>(1), None);
        assert!(SiteData::new(&block[..block.len() - 1]).is_err());
    }
}

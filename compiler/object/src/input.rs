//! What goes into an object file.

use std::ops::Range;

/// What goes into an object file. Offsets into the code count from its start.
#[derive(Clone, Debug, Default)]
pub struct ObjectInput<'a> {
    /// Machine code, addresses of tables not filled in.
    pub text: &'a [u8],
    /// Its functions, in rising order.
    pub functions: Vec<FunctionSymbol<'a>>,
    /// Where the code refers to the tables.
    pub table_references: Vec<TableReference>,
    /// Which lines the code comes from, in rising order of offsets.
    pub lines: Vec<LineRow>,
    /// Names of the files that `lines` refers to, as a debugger shall look for
    /// them; the first names the compilation unit.
    pub files: Vec<&'a str>,
    /// The directory that relative file names start from.
    pub directory: &'a str,
    /// Symbols of the helpers, in the order of their slots.
    pub helpers: Vec<&'a str>,
    /// Offsets of the entry functions, in the order of their numbers.
    pub entries: Vec<u32>,
    /// Site data.
    pub data: &'a [u8],
    /// Name of the site descriptor's symbol.
    pub site_symbol: &'a str,
    /// The words of the site descriptor.
    pub site: Vec<Word<'a>>,
}

/// A function of the code.
#[derive(Clone, Debug)]
pub struct FunctionSymbol<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its bytes.
    pub range: Range<u32>,
    /// Depth of the machine stack, in rising order of offsets; 0 at first.
    pub stack: Vec<StackDepth>,
    /// Registers it saves.
    pub saved: Vec<Saved>,
}

/// How much is on the machine stack from an offset on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackDepth {
    /// The offset.
    pub offset: u32,
    /// Bytes below the return address.
    pub bytes: u32,
}

/// From an offset on, a register of the caller is on the machine stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The offset.
    pub offset: u32,
    /// The register's number in machine code.
    pub register: u8,
    /// How far below the return address it lies, in bytes.
    pub bytes: u32,
}

/// A table of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Of helpers.
    Helpers,
    /// Of entry functions.
    Entries,
}

/// Four bytes of code that hold the distance from themselves to `table + addend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableReference {
    /// Where the bytes lie.
    pub offset: u32,
    /// Which table.
    pub table: Table,
    /// What is added.
    pub addend: i32,
}

/// Which line the code from an offset on comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// The offset.
    pub offset: u32,
    /// Place in [`ObjectInput::files`].
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where only the line is known.
    pub column: u32,
}

/// Eight bytes of the site descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// A number.
    Constant(u64),
    /// An address in this object, and what is added to it.
    Address(Anchor, i64),
    /// The address of a symbol of the runtime.
    Symbol(&'a str),
}

/// Something in the object that has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The code.
    Text,
    /// The site data.
    Data,
    /// The table of helpers.
    Helpers,
    /// The table of entry functions.
    Entries,
}

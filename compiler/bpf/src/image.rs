//! Functions, before linking ([`Module`]) and after it ([`Image`]).

use std::fmt;

pub use zs_abi::tables::EntryId;

use crate::insn::Insn;

/// Number of a helper, as `zs_abi` assigns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HelperId(pub u32);

/// Place of a function in an [`Image`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub u32);

impl FunctionId {
    /// As an index into [`Image::functions`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Place of a file name in [`Module::files`] or [`Image::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

macro_rules! display {
    ($($id:ty = $name:literal),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($name, "{}"), self.0)
            }
        }
    )*};
}

display!(FunctionId = "function", FileId = "file");

impl From<zs_abi::Helper> for HelperId {
    fn from(helper: zs_abi::Helper) -> Self {
        Self(helper as u32)
    }
}

impl fmt::Display for HelperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match zs_abi::Helper::from_number(self.0) {
            Some(helper) => f.write_str(helper.name()),
            None => write!(f, "helper{}", self.0),
        }
    }
}

/// Place in a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loc {
    /// Which file.
    pub file: FileId,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where only the line is known.
    pub column: u32,
}

/// A local call that names its callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// Slot of the call.
    pub at: u32,
    /// Name of the function called.
    pub callee: String,
}

/// One function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name, unique in the image.
    pub name: String,
    /// Its instructions. In an [`Image`] the immediate of a local call is the
    /// callee's [`FunctionId`].
    pub insns: Vec<Insn>,
    /// From which slot on which place is meant, in rising order of slots.
    pub lines: Vec<(u32, Loc)>,
    /// Its number, if the runtime may enter it.
    pub entry: Option<EntryId>,
    /// Calls that wait for the linker; empty in an [`Image`].
    pub calls: Vec<CallSite>,
}

impl Function {
    /// The place that slot `at` comes from, if one is known.
    pub fn loc_at(&self, at: usize) -> Option<Loc> {
        let after = self.lines.partition_point(|(slot, _)| *slot as usize <= at);
        after.checked_sub(1).map(|before| self.lines[before].1)
    }
}

/// Functions that are not linked yet: what code generation and the assembler
/// give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The functions.
    pub functions: Vec<Function>,
    /// Names of the files that locations refer to.
    pub files: Vec<String>,
}

impl Module {
    /// The number of the file with this name, which is added if it is new.
    pub fn file(&mut self, name: &str) -> FileId {
        let known = self.files.iter().position(|file| file == name);
        let place = known.unwrap_or_else(|| {
            self.files.push(name.to_string());
            self.files.len() - 1
        });
        FileId(place as u32)
    }
}

/// A linked program. Entries come first, in the order of their numbers, then
/// what they call; nothing else is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The functions.
    pub functions: Vec<Function>,
    /// Helpers that are called, each once, in rising order.
    pub helpers: Vec<HelperId>,
    /// Names of the files that locations refer to.
    pub files: Vec<String>,
}

impl Image {
    /// How many entries there are; they have the numbers below it.
    pub fn entry_count(&self) -> u32 {
        self.functions.iter().filter(|f| f.entry.is_some()).count() as u32
    }

    /// The function with this entry number.
    pub fn entry(&self, entry: EntryId) -> Option<FunctionId> {
        let place = self.functions.iter().position(|f| f.entry == Some(entry));
        place.map(|place| FunctionId(place as u32))
    }

    /// The function with this name.
    pub fn function(&self, name: &str) -> Option<FunctionId> {
        let place = self.functions.iter().position(|f| f.name == name);
        place.map(|place| FunctionId(place as u32))
    }
}

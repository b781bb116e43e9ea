//! The compact form of a module, in which assembled routines are embedded.
//!
//! All numbers are LEB128 unless a size is said. In order: the magic, the files
//! (count, then texts), the functions (count, then each: name, entry number + 1 or
//! 0, instructions as 8-byte slots behind their count, line rows, call sites). A
//! text is its length and its bytes. Positions in rows are distances from the row
//! before.

use std::fmt;

use crate::image::{CallSite, EntryId, FileId, Function, Loc, Module};
use crate::insn::Insn;

/// Bytes that are no module, or one of another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAModule;

impl fmt::Display for NotAModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these bytes are no eBPF module")
    }
}

impl std::error::Error for NotAModule {}

const MAGIC: &[u8] = b"zsbpf\x01";

impl Module {
    /// The compact form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put(&mut bytes, self.files.len() as u64);
        for file in &self.files {
            put_text(&mut bytes, file);
        }
        put(&mut bytes, self.functions.len() as u64);
        for function in &self.functions {
            put_function(&mut bytes, function);
        }
        bytes
    }

    /// Reads the compact form. What it reads is as well-formed as what was
    /// written: linking and verification check it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAModule> {
        let mut reader = Reader(bytes.strip_prefix(MAGIC).ok_or(NotAModule)?);
        let mut module = Self::default();
        for _ in 0..reader.number()? {
            module.files.push(reader.text()?);
        }
        for _ in 0..reader.number()? {
            module.functions.push(reader.function()?);
        }
        reader.0.is_empty().then_some(module).ok_or(NotAModule)
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn put_function(bytes: &mut Vec<u8>, function: &Function) {
    put_text(bytes, &function.name);
    put(
        bytes,
        function.entry.map_or(0, |entry| u64::from(entry.0) + 1),
    );
    put(bytes, function.insns.len() as u64);
    for insn in &function.insns {
        bytes.extend_from_slice(&insn.to_bytes());
    }
    put(bytes, function.lines.len() as u64);
    let mut before = 0;
    for (at, loc) in &function.lines {
        put(bytes, u64::from(at.wrapping_sub(before)));
        before = *at;
        for value in [loc.file.0, loc.line, loc.column] {
            put(bytes, value.into());
        }
    }
    put(bytes, function.calls.len() as u64);
    before = 0;
    for call in &function.calls {
        put(bytes, u64::from(call.at.wrapping_sub(before)));
        before = call.at;
        put_text(bytes, &call.callee);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], NotAModule> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(NotAModule)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, NotAModule> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(NotAModule)
    }

    fn number_u32(&mut self) -> Result<u32, NotAModule> {
        u32::try_from(self.number()?).map_err(|_| NotAModule)
    }

    fn text(&mut self) -> Result<String, NotAModule> {
        let len = self.number()? as usize;
        let bytes = self.take(len)?.to_vec();
        String::from_utf8(bytes).map_err(|_| NotAModule)
    }

    fn function(&mut self) -> Result<Function, NotAModule> {
        let mut function = Function {
            name: self.text()?,
            ..Function::default()
        };
        function.entry = self.number_u32()?.checked_sub(1).map(EntryId);
        for _ in 0..self.number()? {
            let mut slot = [0; Insn::BYTES];
            slot.copy_from_slice(self.take(Insn::BYTES)?);
            function.insns.push(Insn::from_bytes(slot));
        }
        let mut at = 0_u32;
        for _ in 0..self.number()? {
            at = at.wrapping_add(self.number_u32()?);
            let file = FileId(self.number_u32()?);
            let (line, column) = (self.number_u32()?, self.number_u32()?);
            function.lines.push((at, Loc { file, line, column }));
        }
        at = 0;
        for _ in 0..self.number()? {
            at = at.wrapping_add(self.number_u32()?);
            let callee = self.text()?;
            function.calls.push(CallSite { at, callee });
        }
        Ok(function)
    }
}

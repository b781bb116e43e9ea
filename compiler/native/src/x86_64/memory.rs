//! Loads and stores.

use dynasmrt::{DynasmApi, dynasm};
use zs_bpf::{Reg, Size, Source, Width};

use super::{Machine, R11, Translation, machine};

/// An instruction with one access to guest memory, its displacement in the
/// shortest form. `@` stands for the address.
macro_rules! with_address {
    ($self:ident, $address:expr, [$($before:tt)*] [$($after:tt)*]) => {{
        let Address { index, offset } = $address;
        let index = index.0;
        match (offset, i8::try_from(offset)) {
            (0, _) => {
                dynasm!($self.sink ; .arch x64 ; $($before)* [r12 + Rq(index)] $($after)*);
            }
            (_, Ok(offset)) => {
                dynasm!($self.sink ; .arch x64 ; $($before)* [BYTE r12 + Rq(index) + offset] $($after)*);
            }
            (offset, Err(_)) => {
                dynasm!($self.sink ; .arch x64 ; $($before)* [DWORD r12 + Rq(index) + i32::from(offset)] $($after)*);
            }
        }
    }};
}

pub(super) use with_address;

/// A guest address: an index that is zero-extended, and a displacement.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub index: Machine,
    pub offset: i16,
}

impl Translation<'_> {
    /// The address `base + offset`; truncates the base unless that is known to
    /// change nothing.
    fn address(&mut self, base: Reg, offset: i16) -> Address {
        let index = machine(base);
        if self.known().contains(base) {
            return Address { index, offset };
        }
        self.truncated_address(base, offset)
    }

    /// The address `base + offset`, in a register of its own.
    pub(super) fn truncated_address(&mut self, base: Reg, offset: i16) -> Address {
        self.copy(Width::W32, R11, machine(base));
        Address { index: R11, offset }
    }

    pub(super) fn load(&mut self, size: Size, signed: bool, dst: Reg, base: Reg, offset: i16) {
        let address = self.address(base, offset);
        let dst = machine(dst).0;
        match (size, signed) {
            (Size::B, false) => with_address!(self, address, [movzx Rd(dst), BYTE] []),
            (Size::H, false) => with_address!(self, address, [movzx Rd(dst), WORD] []),
            (Size::W, false) => with_address!(self, address, [mov Rd(dst), DWORD] []),
            (Size::D, _) => with_address!(self, address, [mov Rq(dst), QWORD] []),
            (Size::B, true) => with_address!(self, address, [movsx Rq(dst), BYTE] []),
            (Size::H, true) => with_address!(self, address, [movsx Rq(dst), WORD] []),
            (Size::W, true) => with_address!(self, address, [movsxd Rq(dst), DWORD] []),
        }
    }

    pub(super) fn store(&mut self, size: Size, base: Reg, offset: i16, src: Source) {
        let address = self.address(base, offset);
        match src {
            Source::Reg(src) => self.store_register(size, address, machine(src)),
            Source::Imm(imm) => self.store_constant(size, address, imm),
        }
    }

    fn store_register(&mut self, size: Size, address: Address, src: Machine) {
        let src = src.0;
        match size {
            Size::B => with_address!(self, address, [mov BYTE] [, Rb(src)]),
            Size::H => with_address!(self, address, [mov WORD] [, Rw(src)]),
            Size::W => with_address!(self, address, [mov DWORD] [, Rd(src)]),
            Size::D => with_address!(self, address, [mov QWORD] [, Rq(src)]),
        }
    }

    fn store_constant(&mut self, size: Size, address: Address, imm: i32) {
        match size {
            Size::B => with_address!(self, address, [mov BYTE] [, BYTE imm as i8]),
            Size::H => with_address!(self, address, [mov WORD] [, WORD imm as i16]),
            Size::W => with_address!(self, address, [mov DWORD] [, DWORD imm]),
            Size::D => with_address!(self, address, [mov QWORD] [, DWORD imm]),
        }
    }
}

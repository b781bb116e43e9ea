//! Arithmetic, moves and byte swaps.

use dynasmrt::{DynasmApi, dynasm};
use zs_bpf::{AluOp, Reg, Size, Source, Swap, SwapBits, Width};

use super::{Machine, R11, RCX, Translation, machine};
use crate::facts::narrows;

/// An instruction with two operands, in both widths, on registers or with a
/// constant in its shortest form.
macro_rules! two_operands {
    ($self:ident, $op:ident, $width:expr, $dst:expr, $src:expr) => {{
        let dst = machine($dst).0;
        match ($width, $src) {
            (Width::W64, Source::Reg(src)) => {
                dynasm!($self.sink ; .arch x64 ; $op Rq(dst), Rq(machine(src).0));
            }
            (Width::W32, Source::Reg(src)) => {
                dynasm!($self.sink ; .arch x64 ; $op Rd(dst), Rd(machine(src).0));
            }
            (width, Source::Imm(imm)) => match (width, i8::try_from(imm)) {
                (Width::W64, Ok(imm)) => {
                    dynasm!($self.sink ; .arch x64 ; $op Rq(dst), BYTE imm);
                }
                (Width::W32, Ok(imm)) => {
                    dynasm!($self.sink ; .arch x64 ; $op Rd(dst), BYTE imm);
                }
                (Width::W64, Err(_)) => {
                    dynasm!($self.sink ; .arch x64 ; $op Rq(dst), imm);
                }
                (Width::W32, Err(_)) => {
                    dynasm!($self.sink ; .arch x64 ; $op Rd(dst), imm);
                }
            },
        }
    }};
}

/// A shift by a constant, or by `cl`.
macro_rules! shift {
    ($self:ident, $op:ident, $width:expr, $dst:expr, $count:expr) => {
        match ($width, $count) {
            (Width::W64, Some(count)) => {
                dynasm!($self.sink ; .arch x64 ; $op Rq($dst), BYTE count);
            }
            (Width::W32, Some(count)) => {
                dynasm!($self.sink ; .arch x64 ; $op Rd($dst), BYTE count);
            }
            (Width::W64, None) => {
                dynasm!($self.sink ; .arch x64 ; $op Rq($dst), cl);
            }
            (Width::W32, None) => {
                dynasm!($self.sink ; .arch x64 ; $op Rd($dst), cl);
            }
        }
    };
}

impl Translation<'_> {
    pub(super) fn alu(&mut self, width: Width, op: AluOp, dst: Reg, src: Source) {
        let width = match width {
            Width::W64 if narrows(op, dst, src, self.known()) => Width::W32,
            other => other,
        };
        match op {
            AluOp::Mov => self.mov(width, dst, src),
            AluOp::Add => two_operands!(self, add, width, dst, src),
            AluOp::Sub => two_operands!(self, sub, width, dst, src),
            AluOp::And => two_operands!(self, and, width, dst, src),
            AluOp::Or => two_operands!(self, or, width, dst, src),
            AluOp::Xor => two_operands!(self, xor, width, dst, src),
            AluOp::Mul => self.multiply(width, dst, src),
            AluOp::Lsh | AluOp::Rsh | AluOp::Arsh => self.shift(width, op, dst, src),
            AluOp::Div => self.divide(width, false, false, dst, src),
            AluOp::Mod => self.divide(width, false, true, dst, src),
            AluOp::SignedDiv => self.divide(width, true, false, dst, src),
            AluOp::SignedMod => self.divide(width, true, true, dst, src),
        }
    }

    fn mov(&mut self, width: Width, dst: Reg, src: Source) {
        match src {
            Source::Reg(src) => self.copy(width, machine(dst), machine(src)),
            Source::Imm(imm) => {
                let value = match width {
                    Width::W64 => imm as i64 as u64,
                    Width::W32 => imm as u32 as u64,
                };
                self.constant(machine(dst), value);
            }
        }
    }

    pub(super) fn copy(&mut self, width: Width, dst: Machine, src: Machine) {
        match width {
            Width::W64 => dynasm!(self.sink ; .arch x64 ; mov Rq(dst.0), Rq(src.0)),
            Width::W32 => dynasm!(self.sink ; .arch x64 ; mov Rd(dst.0), Rd(src.0)),
        }
    }

    /// Loads a constant with the shortest instruction.
    pub(super) fn constant(&mut self, dst: Machine, value: u64) {
        let dst = dst.0;
        if value == 0 {
            dynasm!(self.sink ; .arch x64 ; xor Rd(dst), Rd(dst));
        } else if let Ok(value) = u32::try_from(value) {
            dynasm!(self.sink ; .arch x64 ; mov Rd(dst), DWORD value as i32);
        } else if let Ok(value) = i32::try_from(value as i64) {
            dynasm!(self.sink ; .arch x64 ; mov Rq(dst), DWORD value);
        } else {
            dynasm!(self.sink ; .arch x64 ; mov Rq(dst), QWORD value as i64);
        }
    }

    fn multiply(&mut self, width: Width, dst: Reg, src: Source) {
        let dst = machine(dst).0;
        match (width, src) {
            (Width::W64, Source::Reg(src)) => {
                dynasm!(self.sink ; .arch x64 ; imul Rq(dst), Rq(machine(src).0));
            }
            (Width::W32, Source::Reg(src)) => {
                dynasm!(self.sink ; .arch x64 ; imul Rd(dst), Rd(machine(src).0));
            }
            (Width::W64, Source::Imm(imm)) => {
                dynasm!(self.sink ; .arch x64 ; imul Rq(dst), Rq(dst), DWORD imm);
            }
            (Width::W32, Source::Imm(imm)) => {
                dynasm!(self.sink ; .arch x64 ; imul Rd(dst), Rd(dst), DWORD imm);
            }
        }
    }

    fn shift(&mut self, width: Width, op: AluOp, dst: Reg, src: Source) {
        match src {
            Source::Imm(count) => {
                let mask = match width {
                    Width::W64 => 63,
                    Width::W32 => 31,
                };
                match (count & mask, width) {
                    // A 32-bit result is zero-extended even if nothing is shifted.
                    (0, width @ Width::W32) => self.copy(width, machine(dst), machine(dst)),
                    (0, Width::W64) => {}
                    (count, _) => self.shift_by(width, op, machine(dst), Some(count as i8)),
                }
            }
            // The processor takes counts from `cl` only, and masks them as eBPF
            // does.
            Source::Reg(count) if machine(count) == RCX => {
                self.shift_by(width, op, machine(dst), None);
            }
            Source::Reg(count) => {
                self.copy(Width::W64, R11, RCX);
                self.copy(Width::W32, RCX, machine(count));
                if machine(dst) == RCX {
                    self.shift_by(width, op, R11, None);
                    self.copy(width, RCX, R11);
                } else {
                    self.shift_by(width, op, machine(dst), None);
                    self.copy(Width::W64, RCX, R11);
                }
            }
        }
    }

    fn shift_by(&mut self, width: Width, op: AluOp, dst: Machine, count: Option<i8>) {
        let dst = dst.0;
        match op {
            AluOp::Lsh => shift!(self, shl, width, dst, count),
            AluOp::Rsh => shift!(self, shr, width, dst, count),
            _ => shift!(self, sar, width, dst, count),
        }
    }

    pub(super) fn negate(&mut self, width: Width, dst: Reg) {
        let dst = machine(dst).0;
        match width {
            Width::W64 => dynasm!(self.sink ; .arch x64 ; neg Rq(dst)),
            Width::W32 => dynasm!(self.sink ; .arch x64 ; neg Rd(dst)),
        }
    }

    pub(super) fn sign_extend(&mut self, width: Width, from: Size, dst: Reg, src: Reg) {
        let (dst, src) = (machine(dst).0, machine(src).0);
        match (from, width) {
            (Size::B, Width::W64) => dynasm!(self.sink ; .arch x64 ; movsx Rq(dst), Rb(src)),
            (Size::B, Width::W32) => dynasm!(self.sink ; .arch x64 ; movsx Rd(dst), Rb(src)),
            (Size::H, Width::W64) => dynasm!(self.sink ; .arch x64 ; movsx Rq(dst), Rw(src)),
            (Size::H, Width::W32) => dynasm!(self.sink ; .arch x64 ; movsx Rd(dst), Rw(src)),
            (Size::W | Size::D, _) => dynasm!(self.sink ; .arch x64 ; movsxd Rq(dst), Rd(src)),
        }
    }

    pub(super) fn swap(&mut self, swap: Swap, bits: SwapBits, dst: Reg) {
        let dst = machine(dst).0;
        match (swap, bits) {
            (Swap::ToLe, SwapBits::B16) => {
                dynasm!(self.sink ; .arch x64 ; movzx Rd(dst), Rw(dst));
            }
            (Swap::ToLe, SwapBits::B32) => {
                dynasm!(self.sink ; .arch x64 ; mov Rd(dst), Rd(dst));
            }
            (Swap::ToLe, SwapBits::B64) => {}
            (_, SwapBits::B16) => dynasm!(self.sink
                ; .arch x64
                ; rol Rw(dst), 8
                ; movzx Rd(dst), Rw(dst)
            ),
            (_, SwapBits::B32) => dynasm!(self.sink ; .arch x64 ; bswap Rd(dst)),
            (_, SwapBits::B64) => dynasm!(self.sink ; .arch x64 ; bswap Rq(dst)),
        }
    }
}

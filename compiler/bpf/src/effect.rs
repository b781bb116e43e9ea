//! Which registers an instruction reads and writes.

use crate::op::{AluOp, AtomicOp, Op, Source};
use crate::reg::{Reg, RegSet};

impl Op {
    /// Registers whose value matters to the instruction itself. What a callee
    /// needs of its arguments is not known here.
    pub fn reads(&self) -> RegSet {
        let source = |source: Source| match source {
            Source::Reg(reg) => RegSet::of(reg),
            Source::Imm(_) => RegSet::EMPTY,
        };
        match *self {
            Self::Alu {
                op: AluOp::Mov,
                src,
                ..
            } => source(src),
            Self::Alu { dst, src, .. } => RegSet::of(dst).union(source(src)),
            Self::Neg { dst, .. } | Self::Swap { dst, .. } => RegSet::of(dst),
            Self::SignExtend { src, .. } => RegSet::of(src),
            Self::LoadImm64 { .. } => RegSet::EMPTY,
            Self::Load { base, .. } => RegSet::of(base),
            Self::Store { base, src, .. } => RegSet::of(base).union(source(src)),
            Self::Atomic { op, base, src, .. } => {
                let read = RegSet::of(base).union(RegSet::of(src));
                match op {
                    AtomicOp::CompareExchange => read.union(RegSet::of(Reg::R0)),
                    _ => read,
                }
            }
            Self::Jump { .. } | Self::CallHelper(_) | Self::CallLocal(_) => RegSet::EMPTY,
            Self::JumpIf { dst, src, .. } => RegSet::of(dst).union(source(src)),
            Self::TailCall { index, .. } => RegSet::of(index),
            Self::Exit => RegSet::of(Reg::R0),
        }
    }

    /// Registers that hold a new value afterwards, apart from [`Op::clobbers`].
    pub fn writes(&self) -> RegSet {
        match *self {
            Self::Alu { dst, .. }
            | Self::Neg { dst, .. }
            | Self::Swap { dst, .. }
            | Self::SignExtend { dst, .. }
            | Self::LoadImm64 { dst, .. }
            | Self::Load { dst, .. } => RegSet::of(dst),
            Self::Atomic { op, src, .. } => match op {
                AtomicOp::Exchange
                | AtomicOp::Add { fetch: true }
                | AtomicOp::Or { fetch: true }
                | AtomicOp::And { fetch: true }
                | AtomicOp::Xor { fetch: true } => RegSet::of(src),
                AtomicOp::CompareExchange => RegSet::of(Reg::R0),
                _ => RegSet::EMPTY,
            },
            Self::CallHelper(_) | Self::CallLocal(_) => RegSet::of(Reg::R0),
            Self::Store { .. }
            | Self::Jump { .. }
            | Self::JumpIf { .. }
            | Self::TailCall { .. }
            | Self::Exit => RegSet::EMPTY,
        }
    }

    /// Registers that hold no meaningful value afterwards.
    pub fn clobbers(&self) -> RegSet {
        match self {
            Self::CallHelper(_) | Self::CallLocal(_) => RegSet::ARGUMENTS,
            _ => RegSet::EMPTY,
        }
    }
}

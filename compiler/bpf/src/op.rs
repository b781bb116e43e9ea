//! The meaning of instructions: one enum that everything else matches on.

use crate::image::{FunctionId, HelperId};
use crate::reg::Reg;

/// Operand width of arithmetic and comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// The low half; an arithmetic result is zero-extended.
    W32,
    /// The whole register.
    W64,
}

/// Size of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One byte.
    B,
    /// Two bytes.
    H,
    /// Four bytes.
    W,
    /// Eight bytes.
    D,
}

impl Size {
    /// Bytes that the access touches.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::B => 1,
            Self::H => 2,
            Self::W => 4,
            Self::D => 8,
        }
    }
}

/// Two-operand arithmetic, `dst = dst op src`; `Mov` is `dst = src`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the names are those of RFC 9669 and say it all"
)]
pub enum AluOp {
    Add,
    Sub,
    Mul,
    Div,
    SignedDiv,
    Or,
    And,
    Lsh,
    Rsh,
    Mod,
    SignedMod,
    Xor,
    Mov,
    Arsh,
}

/// Condition of a jump, `dst cond src`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the names are those of RFC 9669; S means signed"
)]
pub enum Cond {
    Eq,
    Gt,
    Ge,
    /// Any common bit.
    Set,
    Ne,
    SGt,
    SGe,
    Lt,
    Le,
    SLt,
    SLe,
}

impl Cond {
    /// The condition that holds exactly when this one does not; there is none
    /// for [`Cond::Set`].
    pub const fn inverse(self) -> Option<Self> {
        Some(match self {
            Self::Eq => Self::Ne,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
            Self::Set => return None,
            Self::Ne => Self::Eq,
            Self::SGt => Self::SLe,
            Self::SGe => Self::SLt,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::SLt => Self::SGe,
            Self::SLe => Self::SGt,
        })
    }
}

/// Second operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A register.
    Reg(Reg),
    /// A constant, sign-extended to the operand width.
    Imm(i32),
}

impl From<Reg> for Source {
    fn from(reg: Reg) -> Self {
        Self::Reg(reg)
    }
}

impl From<i32> for Source {
    fn from(imm: i32) -> Self {
        Self::Imm(imm)
    }
}

/// Which byte order a [`Op::Swap`] converts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// To little-endian: truncates, as the machine is little-endian.
    ToLe,
    /// To big-endian: reverses and truncates.
    ToBe,
    /// Reverses and truncates whatever the machine.
    Reverse,
}

/// How many bits a [`Op::Swap`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the number is the meaning")]
pub enum SwapBits {
    B16,
    B32,
    B64,
}

impl SwapBits {
    /// The number of bits.
    pub const fn bits(self) -> i32 {
        match self {
            Self::B16 => 16,
            Self::B32 => 32,
            Self::B64 => 64,
        }
    }
}

/// What an atomic operation does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtomicOp {
    /// `*m += src`; with `fetch`, `src` becomes the old value.
    Add {
        /// Whether the old value is wanted.
        fetch: bool,
    },
    /// `*m |= src`; see `Add`.
    Or {
        /// Whether the old value is wanted.
        fetch: bool,
    },
    /// `*m &= src`; see `Add`.
    And {
        /// Whether the old value is wanted.
        fetch: bool,
    },
    /// `*m ^= src`; see `Add`.
    Xor {
        /// Whether the old value is wanted.
        fetch: bool,
    },
    /// Swaps `*m` and `src`.
    Exchange,
    /// Stores `src` if `*m` equals `r0`; `r0` becomes the old value.
    CompareExchange,
}

/// One decoded instruction. Jump distances count slots from the next
/// instruction, as in RFC 9669.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `dst = dst op src`.
    Alu {
        /// Operand width.
        width: Width,
        /// Operation.
        op: AluOp,
        /// First operand and result.
        dst: Reg,
        /// Second operand.
        src: Source,
    },
    /// `dst = -dst`.
    Neg {
        /// Operand width.
        width: Width,
        /// Operand and result.
        dst: Reg,
    },
    /// `dst = (signed from) src`, extended to the width.
    SignExtend {
        /// Width that is extended to.
        width: Width,
        /// Size that is extended from; `W` only with `W64`.
        from: Size,
        /// Result.
        dst: Reg,
        /// Operand.
        src: Reg,
    },
    /// Byte order conversion of the low bits; the result is zero-extended.
    Swap {
        /// Direction.
        swap: Swap,
        /// Bits kept.
        bits: SwapBits,
        /// Operand and result.
        dst: Reg,
    },
    /// `dst = value`; takes two slots.
    LoadImm64 {
        /// Result.
        dst: Reg,
        /// The constant.
        value: u64,
    },
    /// `dst = *(base + offset)`.
    Load {
        /// Bytes read.
        size: Size,
        /// Whether the value is sign-extended; not with `D`.
        signed: bool,
        /// Result.
        dst: Reg,
        /// Address.
        base: Reg,
        /// Displacement in bytes.
        offset: i16,
    },
    /// `*(base + offset) = src`, the low bytes of it.
    Store {
        /// Bytes written.
        size: Size,
        /// Address.
        base: Reg,
        /// Displacement in bytes.
        offset: i16,
        /// What is stored.
        src: Source,
    },
    /// Atomic operation on `*(base + offset)`.
    Atomic {
        /// Operation.
        op: AtomicOp,
        /// `W` or `D`.
        size: Size,
        /// Address.
        base: Reg,
        /// Displacement in bytes.
        offset: i16,
        /// Operand, and the old value where it is fetched.
        src: Reg,
    },
    /// Unconditional jump; `long` tells the 32-bit form (`gotol`).
    Jump {
        /// Slots from the next instruction.
        distance: i32,
        /// Whether the distance stands in the immediate.
        long: bool,
    },
    /// Conditional jump.
    JumpIf {
        /// Operand width.
        width: Width,
        /// Condition.
        cond: Cond,
        /// First operand.
        dst: Reg,
        /// Second operand.
        src: Source,
        /// Slots from the next instruction.
        distance: i16,
    },
    /// `r0 = helper(r1, …, r5)`.
    CallHelper(HelperId),
    /// Calls a function of the image in a new frame. Before linking the number
    /// is meaningless and a [`CallSite`](crate::CallSite) names the callee.
    CallLocal(FunctionId),
    /// Leaves for the entry whose number is in `index`, in the same frame and
    /// with the same arguments; traps unless the number is below `count`.
    TailCall {
        /// Register that holds the entry's number, unsigned, its low 32 bits.
        index: Reg,
        /// Entries that the image has.
        count: u32,
    },
    /// Returns `r0`.
    Exit,
}

impl Op {
    /// Slots that the instruction takes: 2 for a 64-bit immediate, else 1.
    pub const fn slots(&self) -> usize {
        match self {
            Self::LoadImm64 { .. } => 2,
            _ => 1,
        }
    }

    /// Where a jump at slot `at` goes, if this is a jump.
    pub fn target(&self, at: usize) -> Option<i64> {
        let distance = match *self {
            Self::Jump { distance, .. } => i64::from(distance),
            Self::JumpIf { distance, .. } => i64::from(distance),
            _ => return None,
        };
        Some(at as i64 + 1 + distance)
    }

    /// Whether control never reaches the next instruction.
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Jump { .. } | Self::TailCall { .. } | Self::Exit)
    }
}

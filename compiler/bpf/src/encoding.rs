//! Instructions as slots and back (RFC 9669 §3 to §5).

use std::fmt;

use crate::image::{FunctionId, HelperId};
use crate::insn::Insn;
use crate::op::{AluOp, AtomicOp, Cond, Op, Size, Source, Swap, SwapBits, Width};
use crate::reg::Reg;

/// Why eight bytes are not an instruction of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Slot of the instruction.
    pub at: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.at, self.message)
    }
}

impl std::error::Error for DecodeError {}

impl Op {
    /// Appends the encoded instruction.
    pub fn encode_into(&self, insns: &mut Vec<Insn>) {
        insns.push(self.first_slot());
        if let Self::LoadImm64 { value, .. } = *self {
            insns.push(slot(0, 0, 0, 0, (value >> 32) as i32));
        }
    }

    /// Decodes the instruction at slot `at`. Fields that the instruction does
    /// not use must be zero (RFC 9669 §3), as their meaning may be defined later.
    pub fn decode(insns: &[Insn], at: usize) -> Result<Self, DecodeError> {
        let error = |message: String| DecodeError { at, message };
        let Some(&insn) = insns.get(at) else {
            return Err(error("lies behind the function's end".into()));
        };
        let op = match insn.opcode & 7 {
            class::LD => decode_wide(insn, insns.get(at + 1)),
            class::LDX | class::ST | class::STX => decode_memory(insn),
            class::ALU => decode_alu(insn, Width::W32),
            class::ALU64 => decode_alu(insn, Width::W64),
            class::JMP => decode_jump(insn, Width::W64),
            _ => decode_jump(insn, Width::W32),
        };
        let op = op.map_err(|message| error(message.to_string()))?;
        let mut again = Vec::with_capacity(2);
        op.encode_into(&mut again);
        if again[0] != insn {
            return Err(error("a field that it does not use is not zero".into()));
        }
        Ok(op)
    }

    fn first_slot(&self) -> Insn {
        match *self {
            Self::Alu {
                width,
                op,
                dst,
                src,
            } => {
                let (code, offset) = op.code();
                let (bit, src, imm) = source_fields(src);
                slot(
                    alu_class(width) | code | bit,
                    dst.number(),
                    src,
                    offset,
                    imm,
                )
            }
            Self::Neg { width, dst } => slot(alu_class(width) | 0x80, dst.number(), 0, 0, 0),
            Self::SignExtend {
                width,
                from,
                dst,
                src,
            } => slot(
                alu_class(width) | 0xb0 | SOURCE_REG,
                dst.number(),
                src.number(),
                from.bytes() as i16 * 8,
                0,
            ),
            Self::Swap { swap, bits, dst } => {
                let opcode = 0xd0
                    | match swap {
                        Swap::ToLe => class::ALU,
                        Swap::ToBe => class::ALU | SOURCE_REG,
                        Swap::Reverse => class::ALU64,
                    };
                slot(opcode, dst.number(), 0, 0, bits.bits())
            }
            Self::LoadImm64 { dst, value } => slot(LOAD_IMM64, dst.number(), 0, 0, value as i32),
            Self::Load { .. } | Self::Store { .. } | Self::Atomic { .. } => self.memory_slot(),
            Self::Jump {
                distance,
                long: false,
            } => slot(class::JMP, 0, 0, distance as i16, 0),
            Self::Jump {
                distance,
                long: true,
            } => slot(class::JMP32, 0, 0, 0, distance),
            Self::JumpIf {
                width,
                cond,
                dst,
                src,
                distance,
            } => {
                let class = match width {
                    Width::W32 => class::JMP32,
                    Width::W64 => class::JMP,
                };
                let (bit, src, imm) = source_fields(src);
                slot(class | cond.code() | bit, dst.number(), src, distance, imm)
            }
            Self::CallHelper(helper) => slot(CALL, 0, 0, 0, helper.0 as i32),
            Self::CallLocal(function) => slot(CALL, 0, 1, 0, function.0 as i32),
            Self::TailCall { index, count } => slot(TAIL_CALL, index.number(), 0, 0, count as i32),
            Self::Exit => slot(EXIT, 0, 0, 0, 0),
        }
    }

    fn memory_slot(&self) -> Insn {
        match *self {
            Self::Load {
                size,
                signed,
                dst,
                base,
                offset,
            } => {
                let mode = if signed { mode::MEM_SIGNED } else { mode::MEM };
                let opcode = class::LDX | mode | size.code();
                slot(opcode, dst.number(), base.number(), offset, 0)
            }
            Self::Store {
                size,
                base,
                offset,
                src,
            } => {
                let (class, src, imm) = match src {
                    Source::Reg(src) => (class::STX, src.number(), 0),
                    Source::Imm(imm) => (class::ST, 0, imm),
                };
                let opcode = class | mode::MEM | size.code();
                slot(opcode, base.number(), src, offset, imm)
            }
            Self::Atomic {
                op,
                size,
                base,
                offset,
                src,
            } => {
                let opcode = class::STX | mode::ATOMIC | size.code();
                slot(opcode, base.number(), src.number(), offset, op.code())
            }
            _ => unreachable!("not an access to memory"),
        }
    }
}

fn slot(opcode: u8, dst: u8, src: u8, offset: i16, imm: i32) -> Insn {
    Insn {
        opcode,
        dst,
        src,
        offset,
        imm,
    }
}

fn alu_class(width: Width) -> u8 {
    match width {
        Width::W32 => class::ALU,
        Width::W64 => class::ALU64,
    }
}

fn source_fields(src: Source) -> (u8, u8, i32) {
    match src {
        Source::Reg(reg) => (SOURCE_REG, reg.number(), 0),
        Source::Imm(imm) => (0, 0, imm),
    }
}

type Decoded = Result<Op, &'static str>;

fn register(number: u8) -> Result<Reg, &'static str> {
    Reg::new(number).ok_or("no such register")
}

fn source(insn: Insn) -> Result<Source, &'static str> {
    if insn.opcode & SOURCE_REG == 0 {
        Ok(Source::Imm(insn.imm))
    } else {
        register(insn.src).map(Source::Reg)
    }
}

fn decode_wide(insn: Insn, next: Option<&Insn>) -> Decoded {
    if insn.opcode != LOAD_IMM64 {
        return Err("legacy packet access is not supported");
    }
    if insn.src != 0 {
        return Err("64-bit immediates of kernel objects are not supported");
    }
    let Some(next) = next else {
        return Err("second half of a 64-bit immediate is missing");
    };
    if (next.opcode, next.dst, next.src, next.offset) != (0, 0, 0, 0) {
        return Err("second half of a 64-bit immediate is malformed");
    }
    let value = (next.imm as u32 as u64) << 32 | insn.imm as u32 as u64;
    Ok(Op::LoadImm64 {
        dst: register(insn.dst)?,
        value,
    })
}

fn decode_memory(insn: Insn) -> Decoded {
    let size = Size::from_code(insn.opcode & 0x18);
    let (dst, offset) = (register(insn.dst)?, insn.offset);
    match (insn.opcode & 7, insn.opcode & 0xe0) {
        (class::LDX, found @ (mode::MEM | mode::MEM_SIGNED)) => {
            let signed = found == mode::MEM_SIGNED;
            if signed && size == Size::D {
                return Err("an 8-byte load has no sign to extend");
            }
            Ok(Op::Load {
                size,
                signed,
                dst,
                base: register(insn.src)?,
                offset,
            })
        }
        (class::ST, mode::MEM) => Ok(Op::Store {
            size,
            base: dst,
            offset,
            src: Source::Imm(insn.imm),
        }),
        (class::STX, mode::MEM) => Ok(Op::Store {
            size,
            base: dst,
            offset,
            src: Source::Reg(register(insn.src)?),
        }),
        (class::STX, mode::ATOMIC) => {
            if !matches!(size, Size::W | Size::D) {
                return Err("atomics have 4 or 8 bytes");
            }
            Ok(Op::Atomic {
                op: AtomicOp::from_code(insn.imm).ok_or("no such atomic operation")?,
                size,
                base: dst,
                offset,
                src: register(insn.src)?,
            })
        }
        _ => Err("no such addressing mode"),
    }
}

fn decode_alu(insn: Insn, width: Width) -> Decoded {
    let dst = register(insn.dst)?;
    match insn.opcode & 0xf0 {
        0x80 => Ok(Op::Neg { width, dst }),
        0xb0 if insn.offset != 0 => {
            let from = match (insn.offset, width) {
                (8, _) => Size::B,
                (16, _) => Size::H,
                (32, Width::W64) => Size::W,
                _ => return Err("no such sign extension"),
            };
            if insn.opcode & SOURCE_REG == 0 {
                return Err("sign extension of a constant");
            }
            Ok(Op::SignExtend {
                width,
                from,
                dst,
                src: register(insn.src)?,
            })
        }
        0xd0 => {
            let swap = match (width, insn.opcode & SOURCE_REG != 0) {
                (Width::W32, false) => Swap::ToLe,
                (Width::W32, true) => Swap::ToBe,
                (Width::W64, false) => Swap::Reverse,
                (Width::W64, true) => return Err("no such byte swap"),
            };
            let bits = match insn.imm {
                16 => SwapBits::B16,
                32 => SwapBits::B32,
                64 => SwapBits::B64,
                _ => return Err("a byte swap has 16, 32 or 64 bits"),
            };
            Ok(Op::Swap { swap, bits, dst })
        }
        code => Ok(Op::Alu {
            width,
            op: AluOp::from_code(code, insn.offset).ok_or("no such arithmetic operation")?,
            dst,
            src: source(insn)?,
        }),
    }
}

fn decode_jump(insn: Insn, width: Width) -> Decoded {
    match (insn.opcode, insn.src) {
        (class::JMP, _) => Ok(Op::Jump {
            distance: insn.offset.into(),
            long: false,
        }),
        (class::JMP32, _) => Ok(Op::Jump {
            distance: insn.imm,
            long: true,
        }),
        (CALL, 0) => Ok(Op::CallHelper(HelperId(insn.imm as u32))),
        (CALL, 1) => Ok(Op::CallLocal(FunctionId(insn.imm as u32))),
        (CALL, _) => Err("calls of kernel functions are not supported"),
        (TAIL_CALL, _) => Ok(Op::TailCall {
            index: register(insn.dst)?,
            count: insn.imm as u32,
        }),
        (EXIT, _) => Ok(Op::Exit),
        _ => Ok(Op::JumpIf {
            width,
            cond: Cond::from_code(insn.opcode & 0xf0).ok_or("no such jump")?,
            dst: register(insn.dst)?,
            src: source(insn)?,
            distance: insn.offset,
        }),
    }
}

impl Size {
    const fn code(self) -> u8 {
        match self {
            Self::W => 0x00,
            Self::H => 0x08,
            Self::B => 0x10,
            Self::D => 0x18,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            0x00 => Self::W,
            0x08 => Self::H,
            0x10 => Self::B,
            _ => Self::D,
        }
    }
}

impl AluOp {
    /// Every operation.
    pub const ALL: [Self; 14] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::SignedDiv,
        Self::Or,
        Self::And,
        Self::Lsh,
        Self::Rsh,
        Self::Mod,
        Self::SignedMod,
        Self::Xor,
        Self::Mov,
        Self::Arsh,
    ];

    /// Opcode bits, and the offset field that tells the signed forms.
    const fn code(self) -> (u8, i16) {
        match self {
            Self::Add => (0x00, 0),
            Self::Sub => (0x10, 0),
            Self::Mul => (0x20, 0),
            Self::Div => (0x30, 0),
            Self::SignedDiv => (0x30, 1),
            Self::Or => (0x40, 0),
            Self::And => (0x50, 0),
            Self::Lsh => (0x60, 0),
            Self::Rsh => (0x70, 0),
            Self::Mod => (0x90, 0),
            Self::SignedMod => (0x90, 1),
            Self::Xor => (0xa0, 0),
            Self::Mov => (0xb0, 0),
            Self::Arsh => (0xc0, 0),
        }
    }

    fn from_code(code: u8, offset: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.code() == (code, offset))
    }
}

impl Cond {
    /// Every condition.
    pub const ALL: [Self; 11] = [
        Self::Eq,
        Self::Gt,
        Self::Ge,
        Self::Set,
        Self::Ne,
        Self::SGt,
        Self::SGe,
        Self::Lt,
        Self::Le,
        Self::SLt,
        Self::SLe,
    ];

    const fn code(self) -> u8 {
        match self {
            Self::Eq => 0x10,
            Self::Gt => 0x20,
            Self::Ge => 0x30,
            Self::Set => 0x40,
            Self::Ne => 0x50,
            Self::SGt => 0x60,
            Self::SGe => 0x70,
            Self::Lt => 0xa0,
            Self::Le => 0xb0,
            Self::SLt => 0xc0,
            Self::SLe => 0xd0,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|cond| cond.code() == code)
    }
}

impl AtomicOp {
    /// Every operation.
    pub const ALL: [Self; 10] = [
        Self::Add { fetch: false },
        Self::Or { fetch: false },
        Self::And { fetch: false },
        Self::Xor { fetch: false },
        Self::Add { fetch: true },
        Self::Or { fetch: true },
        Self::And { fetch: true },
        Self::Xor { fetch: true },
        Self::Exchange,
        Self::CompareExchange,
    ];

    const fn code(self) -> i32 {
        match self {
            Self::Add { fetch } => fetch as i32,
            Self::Or { fetch } => 0x40 | fetch as i32,
            Self::And { fetch } => 0x50 | fetch as i32,
            Self::Xor { fetch } => 0xa0 | fetch as i32,
            Self::Exchange => 0xe1,
            Self::CompareExchange => 0xf1,
        }
    }

    fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.code() == code)
    }
}

mod class {
    pub const LD: u8 = 0;
    pub const LDX: u8 = 1;
    pub const ST: u8 = 2;
    pub const STX: u8 = 3;
    pub const ALU: u8 = 4;
    pub const JMP: u8 = 5;
    pub const JMP32: u8 = 6;
    pub const ALU64: u8 = 7;
}

mod mode {
    pub const MEM: u8 = 0x60;
    pub const MEM_SIGNED: u8 = 0x80;
    pub const ATOMIC: u8 = 0xc0;
}

const SOURCE_REG: u8 = 0x08;
const LOAD_IMM64: u8 = 0x18;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const TAIL_CALL: u8 = 0xf5;

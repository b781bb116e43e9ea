//! Random programs that verification accepts.

use zs_abi::layout::SLOT_BASE;
use zs_bpf::{
    AluOp, AtomicOp, Cond, EntryId, Function, FunctionBuilder, Label, Module, Op, Reg, Size,
    Source, Swap, SwapBits, Width,
};

use super::MIX;

/// A small generator of pseudo-random numbers (xorshift64*): the same programs on
/// every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end
    }

    pub fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A number that is often at an edge.
    pub fn value(&mut self) -> u64 {
        let edge = self.pick(&[
            0,
            1,
            2,
            10,
            0x7f,
            0x80,
            0xff,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0x1_0000_0000,
            0x7fff_ffff_ffff_ffff,
            0x8000_0000_0000_0000,
            u64::MAX,
            u64::MAX - 1,
        ]);
        match self.below(3) {
            0 => edge,
            1 => edge.wrapping_add(self.below(5)).wrapping_sub(2),
            _ => self.next(),
        }
    }

    pub fn imm(&mut self) -> i32 {
        self.value() as i32
    }

    pub fn reg(&mut self) -> Reg {
        Reg::new(self.below(10) as u8).unwrap()
    }

    pub fn source(&mut self) -> Source {
        match self.below(8) {
            0..4 => Source::Reg(self.reg()),
            4 => Source::Reg(Reg::R10),
            _ => Source::Imm(self.imm()),
        }
    }

    pub fn width(&mut self) -> Width {
        self.pick(&[Width::W32, Width::W64])
    }
}

const ENTRIES: u32 = 3;
const LOCALS: u64 = 3;

/// A program of three entries and three local functions.
pub fn program(random: &mut Random) -> Module {
    let mut module = Module::default();
    for entry in 0..ENTRIES {
        let mut function = FunctionBuilder::new(format!("entry{entry}"));
        function.entry(EntryId(entry));
        module.functions.push(body(random, function));
    }
    for local in 0..LOCALS {
        let function = FunctionBuilder::new(format!("local{local}"));
        module.functions.push(body(random, function));
    }
    module
}

fn body(random: &mut Random, mut f: FunctionBuilder) -> Function {
    for reg in 0..10 {
        if reg != 1 && reg != 2 {
            f.mov_imm(Reg::new(reg).unwrap(), random.value());
        }
    }
    let blocks: Vec<Label> = (0..1 + random.below(6)).map(|_| f.label()).collect();
    for label in &blocks {
        f.bind(*label);
        for _ in 0..random.below(12) {
            instruction(random, &mut f, &blocks);
        }
    }
    // Everything that the run computed becomes part of the result.
    for reg in 1..10 {
        f.alu(AluOp::Mul, Reg::R0, 31);
        f.alu(AluOp::Xor, Reg::R0, Reg::new(reg).unwrap());
    }
    f.exit();
    f.finish().unwrap()
}

fn instruction(random: &mut Random, f: &mut FunctionBuilder, blocks: &[Label]) {
    let (dst, width) = (random.reg(), random.width());
    match random.below(24) {
        0..9 => {
            f.op(Op::Alu {
                width,
                op: random.pick(&AluOp::ALL),
                dst,
                src: random.source(),
            });
        }
        9 => {
            f.op(Op::Neg { width, dst });
        }
        10 => {
            let swap = random.pick(&[Swap::ToLe, Swap::ToBe, Swap::Reverse]);
            let bits = random.pick(&[SwapBits::B16, SwapBits::B32, SwapBits::B64]);
            f.swap(swap, bits, dst);
        }
        11 => {
            let from = random.pick(&[Size::B, Size::H, Size::W]);
            let width = if from == Size::W { Width::W64 } else { width };
            let src = random.reg();
            f.op(Op::SignExtend {
                width,
                from,
                dst,
                src,
            });
        }
        12 => {
            f.mov_imm(dst, random.value());
        }
        13..17 => access(random, f),
        17 => {
            let to = random.pick(blocks);
            f.jump_if_width(width, Cond::Ne, dst, Source::Imm(random.imm()), to);
        }
        18..21 => {
            let to = random.pick(blocks);
            let cond = random.pick(&Cond::ALL);
            f.jump_if_width(width, cond, dst, random.source(), to);
        }
        21 => call(random, f),
        22 => {
            if random.chance(8) {
                f.tail_call(dst, ENTRIES);
            }
        }
        _ => {
            if random.chance(3) {
                f.jump(random.pick(blocks));
            }
        }
    }
}

/// An access to the slot or the stack, now and then to anywhere.
fn access(random: &mut Random, f: &mut FunctionBuilder) {
    let mut base = random.reg();
    let mut offset = random.below(64) as i16;
    match random.below(8) {
        0..2 => {
            base = Reg::R10;
            offset = -8 * (1 + random.below(40) as i16);
        }
        2..7 => {
            f.alu(AluOp::And, base, 0xfff8);
            match random.below(3) {
                0 => f.alu32(AluOp::Or, base, SLOT_BASE as i32),
                1 => {
                    // The upper half is garbage, which an address ignores.
                    f.alu(AluOp::Add, base, SLOT_BASE as i32)
                }
                _ => {
                    let other = random.reg();
                    f.mov_imm(other, u64::from(SLOT_BASE));
                    f.alu(AluOp::Xor, base, other)
                }
            };
        }
        _ => {}
    }
    let size = random.pick(&[Size::B, Size::H, Size::W, Size::D]);
    match random.below(6) {
        0 | 1 => {
            let signed = size != Size::D && random.chance(2);
            let dst = random.reg();
            f.op(Op::Load {
                size,
                signed,
                dst,
                base,
                offset,
            });
        }
        2 => {
            f.store(size, base, offset, random.reg());
        }
        3 => {
            f.store(size, base, offset, random.imm());
        }
        _ => {
            let size = random.pick(&[Size::W, Size::D]);
            if !random.chance(20) {
                offset &= -8;
            }
            f.atomic(
                random.pick(&AtomicOp::ALL),
                size,
                base,
                offset,
                random.reg(),
            );
        }
    }
}

fn call(random: &mut Random, f: &mut FunctionBuilder) {
    match random.below(3) {
        0 => f.call_helper(MIX),
        _ => f.call(format!("local{}", random.below(LOCALS))),
    };
    for reg in [Reg::R1, Reg::R2, Reg::R3, Reg::R4, Reg::R5] {
        f.mov_imm(reg, random.value());
    }
}

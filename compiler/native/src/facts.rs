//! Which registers are known to be zero-extended before each instruction.
//!
//! Only what an instruction does to a register counts, on every path that leads
//! to it; conditions of branches do not, since a processor that speculates past a
//! branch does not honour them.

use zs_bpf::{AluOp, AtomicOp, Function, Op, Reg, RegSet, Size, Source, SwapBits, Width};

/// What is known at the start of a function: nothing but the frame pointer.
const START: RegSet = RegSet::of(Reg::R10);

/// Gives, for each slot, the registers whose upper half is zero before it.
/// `None` where control never comes, or inside of an instruction.
pub(crate) fn zero_extended(function: &Function) -> Vec<Option<RegSet>> {
    let mut known: Vec<Option<RegSet>> = vec![None; function.insns.len()];
    let mut waiting = vec![(0, START)];
    while let Some((at, coming)) = waiting.pop() {
        let met = known[at].map_or(coming, |known| known.intersection(coming));
        if known[at] == Some(met) {
            continue;
        }
        known[at] = Some(met);
        let op = Op::decode(&function.insns, at).expect("verified functions decode");
        let after = after(op, met);
        if let Some(target) = op.target(at) {
            waiting.push((target as usize, after));
        }
        if !op.ends() {
            waiting.push((at + op.slots(), after));
        }
    }
    known
}

/// What is known after an instruction.
pub(crate) fn after(op: Op, known: RegSet) -> RegSet {
    let mut after = known.without(op.writes()).without(op.clobbers());
    if uses_r0(op) {
        after = after.without(RegSet::of(Reg::R0));
    }
    if writes_low_half(op, known) {
        after = after.union(op.writes());
    }
    after
}

/// Whether what the instruction writes is zero-extended.
fn writes_low_half(op: Op, known: RegSet) -> bool {
    match op {
        Op::Alu {
            width: Width::W32, ..
        }
        | Op::Neg {
            width: Width::W32, ..
        }
        | Op::SignExtend {
            width: Width::W32, ..
        } => true,
        Op::Alu { op, dst, src, .. } => narrows(op, dst, src, known),
        Op::Swap { bits, .. } => bits != SwapBits::B64,
        Op::LoadImm64 { value, .. } => u32::try_from(value).is_ok(),
        Op::Load { size, signed, .. } => !signed && size != Size::D,
        Op::Atomic { size, .. } => size == Size::W,
        _ => false,
    }
}

/// Whether the instruction keeps `r0` on the machine stack meanwhile, where nothing
/// is known of it.
pub(crate) fn uses_r0(op: Op) -> bool {
    matches!(
        op,
        Op::Atomic {
            op: AtomicOp::And { fetch: true }
                | AtomicOp::Or { fetch: true }
                | AtomicOp::Xor { fetch: true },
            ..
        }
    )
}

/// Whether a 64-bit operation gives the same result when its 32-bit form is used
/// instead, given what is known of its operands.
pub(crate) fn narrows(op: AluOp, dst: Reg, src: Source, known: RegSet) -> bool {
    let src_known = match src {
        Source::Reg(reg) => known.contains(reg),
        Source::Imm(imm) => imm >= 0,
    };
    let dst_known = known.contains(dst);
    match op {
        AluOp::Mov => src_known,
        AluOp::And => match src {
            Source::Imm(imm) => imm >= 0,
            Source::Reg(_) => dst_known && src_known,
        },
        AluOp::Or | AluOp::Xor | AluOp::Div | AluOp::Mod => dst_known && src_known,
        AluOp::Rsh => dst_known && matches!(src, Source::Imm(count) if count & 63 < 32),
        _ => false,
    }
}

//! Which instructions there are, and what they do to registers.

use iced_x86::{
    Code, Instruction, InstructionInfo, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

/// Whether an instruction may be used at all, whatever its operands are.
pub(crate) fn is_listed(instruction: &Instruction) -> bool {
    use Mnemonic as M;
    let listed = matches!(
        instruction.mnemonic(),
        M::Mov
            | M::Movzx
            | M::Movsx
            | M::Movsxd
            | M::Lea
            | M::Add
            | M::Sub
            | M::And
            | M::Or
            | M::Xor
            | M::Cmp
            | M::Test
            | M::Imul
            | M::Neg
            | M::Div
            | M::Idiv
            | M::Cqo
            | M::Cdq
            | M::Shl
            | M::Shr
            | M::Sar
            | M::Rol
            | M::Bswap
            | M::Xadd
            | M::Xchg
            | M::Cmpxchg
    ) || matches!(
        instruction.code(),
        Code::Push_r64
            | Code::Pop_r64
            | Code::Retnq
            | Code::Call_rel32_64
            | Code::Call_rm64
            | Code::Jmp_rel8_64
            | Code::Jmp_rel32_64
            | Code::Jmp_rm64
    ) || instruction.is_jcc_short_or_near();
    let prefixed = instruction.has_rep_prefix()
        || instruction.has_repne_prefix()
        || instruction.segment_prefix() != Register::None;
    listed && !prefixed && (0..instruction.op_count()).all(|operand| plain(instruction, operand))
}

/// Registers are general ones, constants and addresses ordinary ones.
fn plain(instruction: &Instruction, operand: u32) -> bool {
    match instruction.op_kind(operand) {
        OpKind::Register => instruction.op_register(operand).is_gpr(),
        OpKind::Memory
        | OpKind::NearBranch64
        | OpKind::Immediate8
        | OpKind::Immediate16
        | OpKind::Immediate32
        | OpKind::Immediate64
        | OpKind::Immediate8to16
        | OpKind::Immediate8to32
        | OpKind::Immediate8to64
        | OpKind::Immediate32to64 => true,
        _ => false,
    }
}

/// What an instruction does to the machine's sixteen registers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    /// Registers written, in whole or in part; one bit each.
    pub written: u16,
    /// Registers whose upper half is zero afterwards.
    pub extended: u16,
    /// Registers whose upper half is unknown afterwards.
    pub unknown: u16,
}

/// The number of a register, whatever part of it is named.
pub(crate) fn number(register: Register) -> Option<u32> {
    let full = register.full_register();
    full.is_gpr64().then(|| full.number() as u32)
}

/// One bit for a register; none for what is no general register.
pub(crate) fn bit(register: Register) -> u16 {
    number(register).map_or(0, |number| 1 << number)
}

pub(crate) fn effect(factory: &mut InstructionInfoFactory, instruction: &Instruction) -> Effect {
    let info = factory.info(instruction);
    let mut effect = Effect::default();
    for used in info.used_registers() {
        if is_write(used.access()) {
            effect.written |= bit(used.register());
            // A write of a byte or a word leaves the upper half as it is.
            let register = used.register();
            if register.is_gpr32() || register.is_gpr64() {
                effect.unknown |= bit(register);
            }
        }
    }
    effect.extended = low_halves(instruction, info) & effect.written;
    effect.unknown &= !effect.extended;
    effect
}

fn is_write(access: OpAccess) -> bool {
    matches!(
        access,
        OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
    )
}

/// Registers whose low half is written for certain, as such a write clears the
/// upper half.
fn low_halves(instruction: &Instruction, info: &InstructionInfo) -> u16 {
    let written = (0..instruction.op_count())
        .filter(|operand| {
            matches!(
                info.op_access(*operand),
                OpAccess::Write | OpAccess::ReadWrite
            )
        })
        .filter(|operand| instruction.op_kind(*operand) == OpKind::Register)
        .map(|operand| instruction.op_register(operand))
        .filter(|register| register.is_gpr32())
        .fold(0, |bits, register| bits | bit(register));
    let implied = match instruction.code() {
        Code::Div_rm32 | Code::Idiv_rm32 => bit(Register::EAX) | bit(Register::EDX),
        Code::Cdq => bit(Register::EDX),
        _ => 0,
    };
    // `cmpxchg` writes its first operand only sometimes.
    match instruction.mnemonic() {
        Mnemonic::Cmpxchg => implied,
        _ => written | implied,
    }
}

//! The interpreter: the oracle that native code must agree with.

use std::fmt;

use zs_abi::Trap;
use zs_abi::layout::{FRAME_BYTES, FRAMES_MAX, STACK_TOP};

use crate::image::{EntryId, FunctionId, HelperId, Image};
use crate::memory::{BadAccess, GuestMemory};
use crate::op::{AluOp, AtomicOp, Cond, Op, Size, Source, Swap, SwapBits, Width};
use crate::reg::Reg;

/// What a program may call, and who looks on while it runs.
pub trait Helpers<M> {
    /// Calls a helper. `None` if there is no such helper.
    fn call(&mut self, helper: HelperId, arguments: [u64; 5], memory: &mut M) -> Option<u64>;

    /// The instruction at a slot of a function is about to run.
    fn arrive(&mut self, _function: FunctionId, _at: usize, _memory: &M) {}
}

/// No helpers at all.
pub struct NoHelpers;

impl<M> Helpers<M> for NoHelpers {
    fn call(&mut self, _: HelperId, _: [u64; 5], _: &mut M) -> Option<u64> {
        None
    }
}

/// Why a run ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It gave up.
    Trap(Trap),
    /// It touched memory that it may not.
    Memory(BadAccess),
    /// It called a helper that does not exist.
    NoHelper(HelperId),
    /// It came to something that verification refuses.
    Malformed,
}

/// Where and why a run ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub reason: StopReason,
    /// In which function.
    pub function: FunctionId,
    /// At which slot of it.
    pub at: usize,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            StopReason::Trap(trap) => f.write_str(trap.describe())?,
            StopReason::Memory(bad) => write!(f, "{bad}")?,
            StopReason::NoHelper(helper) => write!(f, "there is no {helper}")?,
            StopReason::Malformed => f.write_str("malformed program")?,
        }
        write!(f, " in {}, slot {}", self.function, self.at)
    }
}

impl std::error::Error for Stop {}

/// Runs the entry with `r1` and `r2` set, the other arguments zero, and gives
/// `r0`. `budget` says how often the run may repeat code (see the crate's page).
pub fn interpret<M: GuestMemory>(
    image: &Image,
    entry: EntryId,
    arguments: [u64; 2],
    budget: u64,
    memory: &mut M,
    helpers: &mut dyn Helpers<M>,
) -> Result<u64, Stop> {
    let Some(function) = image.entry(entry) else {
        return Err(Stop {
            reason: StopReason::Malformed,
            function: FunctionId(0),
            at: 0,
        });
    };
    let mut registers = [0; Reg::COUNT];
    registers[1..3].copy_from_slice(&arguments);
    registers[Reg::R10.index()] = STACK_TOP.into();
    let mut run = Run {
        image,
        memory,
        helpers,
        registers,
        budget,
        function,
        at: 0,
        callers: Vec::new(),
    };
    loop {
        run.helpers.arrive(run.function, run.at, run.memory);
        match run.step() {
            Ok(Some(result)) => return Ok(result),
            Ok(None) => {}
            Err(reason) => {
                return Err(Stop {
                    reason,
                    function: run.function,
                    at: run.at,
                });
            }
        }
    }
}

struct Run<'a, M> {
    image: &'a Image,
    memory: &'a mut M,
    helpers: &'a mut dyn Helpers<M>,
    registers: [u64; Reg::COUNT],
    budget: u64,
    function: FunctionId,
    at: usize,
    callers: Vec<Caller>,
}

/// What a return restores.
struct Caller {
    function: FunctionId,
    at: usize,
    saved: [u64; 4],
}

/// What registers hold after a helper that left its own values in them. Nothing
/// verified reads them.
const CLOBBERED: u64 = 0xdead_beef_dead_beef;

impl<M: GuestMemory> Run<'_, M> {
    /// Executes one instruction; gives the result when the entry returns.
    fn step(&mut self) -> Result<Option<u64>, StopReason> {
        let insns = &self.image.functions[self.function.index()].insns;
        let op = Op::decode(insns, self.at).map_err(|_| StopReason::Malformed)?;
        let next = self.at + op.slots();
        match op {
            Op::Alu {
                width,
                op,
                dst,
                src,
            } => {
                let value = alu(width, op, self.get(dst), self.source(src));
                self.set(dst, value);
            }
            Op::Neg { width, dst } => {
                let value = alu(width, AluOp::Sub, 0, self.get(dst));
                self.set(dst, value);
            }
            Op::SignExtend {
                width,
                from,
                dst,
                src,
            } => {
                let value = sign_extend(from, self.get(src));
                self.set(dst, narrow(width, value));
            }
            Op::Swap { swap, bits, dst } => {
                let value = swap_bytes(swap, bits, self.get(dst));
                self.set(dst, value);
            }
            Op::LoadImm64 { dst, value } => self.set(dst, value),
            Op::Load {
                size,
                signed,
                dst,
                base,
                offset,
            } => {
                let value = self.load(size, self.address(base, offset))?;
                let value = if signed {
                    sign_extend(size, value)
                } else {
                    value
                };
                self.set(dst, value);
            }
            Op::Store {
                size,
                base,
                offset,
                src,
            } => {
                let value = self.source(src);
                self.store(size, self.address(base, offset), value)?;
            }
            Op::Atomic {
                op,
                size,
                base,
                offset,
                src,
            } => self.atomic(op, size, self.address(base, offset), src)?,
            Op::Jump { .. } => return self.jump(op).map(|()| None),
            Op::JumpIf {
                width,
                cond,
                dst,
                src,
                ..
            } => {
                if holds(width, cond, self.get(dst), self.source(src)) {
                    return self.jump(op).map(|()| None);
                }
            }
            Op::CallHelper(helper) => self.call_helper(helper)?,
            Op::CallLocal(callee) => return self.call_local(callee, next).map(|()| None),
            Op::TailCall { index, count } => return self.tail_call(index, count).map(|()| None),
            Op::Exit => return Ok(self.exit()),
        }
        self.at = next;
        Ok(None)
    }

    fn get(&self, reg: Reg) -> u64 {
        self.registers[reg.index()]
    }

    fn set(&mut self, reg: Reg, value: u64) {
        self.registers[reg.index()] = value;
    }

    fn source(&self, source: Source) -> u64 {
        match source {
            Source::Reg(reg) => self.get(reg),
            Source::Imm(imm) => imm as i64 as u64,
        }
    }

    fn address(&self, base: Reg, offset: i16) -> i64 {
        i64::from(self.get(base) as u32) + i64::from(offset)
    }

    fn load(&self, size: Size, address: i64) -> Result<u64, StopReason> {
        let mut bytes = [0; 8];
        let wanted = &mut bytes[..size.bytes() as usize];
        let read = self.memory.read(address, wanted);
        read.map_err(StopReason::Memory)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn store(&mut self, size: Size, address: i64, value: u64) -> Result<(), StopReason> {
        let bytes = &value.to_le_bytes()[..size.bytes() as usize];
        let written = self.memory.write(address, bytes);
        written.map_err(StopReason::Memory)
    }

    fn atomic(
        &mut self,
        op: AtomicOp,
        size: Size,
        address: i64,
        src: Reg,
    ) -> Result<(), StopReason> {
        if address % i64::from(size.bytes()) != 0 {
            return Err(StopReason::Trap(Trap::Misaligned));
        }
        let old = self.load(size, address)?;
        let operand = self.get(src);
        let (new, fetched) = match op {
            AtomicOp::Add { fetch } => (old.wrapping_add(operand), fetch.then_some(src)),
            AtomicOp::Or { fetch } => (old | operand, fetch.then_some(src)),
            AtomicOp::And { fetch } => (old & operand, fetch.then_some(src)),
            AtomicOp::Xor { fetch } => (old ^ operand, fetch.then_some(src)),
            AtomicOp::Exchange => (operand, Some(src)),
            AtomicOp::CompareExchange => {
                let width = match size {
                    Size::D => Width::W64,
                    _ => Width::W32,
                };
                let equal = narrow(width, self.get(Reg::R0)) == old;
                (if equal { operand } else { old }, Some(Reg::R0))
            }
        };
        self.store(size, address, new)?;
        if let Some(reg) = fetched {
            self.set(reg, old);
        }
        Ok(())
    }

    /// Takes a jump; one that does not lead forwards pays.
    fn jump(&mut self, op: Op) -> Result<(), StopReason> {
        let target = op.target(self.at).ok_or(StopReason::Malformed)?;
        let target = usize::try_from(target).map_err(|_| StopReason::Malformed)?;
        if target <= self.at {
            self.pay()?;
        }
        self.at = target;
        Ok(())
    }

    fn pay(&mut self) -> Result<(), StopReason> {
        let rest = self.budget.checked_sub(1);
        self.budget = rest.ok_or(StopReason::Trap(Trap::Budget))?;
        Ok(())
    }

    fn call_helper(&mut self, helper: HelperId) -> Result<(), StopReason> {
        let mut arguments = [0; 5];
        arguments.copy_from_slice(&self.registers[1..6]);
        if helper == HelperId::from(zs_abi::Helper::Trap) {
            let trap = Trap::from_code(arguments[0]);
            return Err(trap.map_or(StopReason::NoHelper(helper), StopReason::Trap));
        }
        let result = self.helpers.call(helper, arguments, self.memory);
        self.registers[1..6].fill(CLOBBERED);
        self.set(Reg::R0, result.ok_or(StopReason::NoHelper(helper))?);
        Ok(())
    }

    fn call_local(&mut self, callee: FunctionId, next: usize) -> Result<(), StopReason> {
        if callee.index() >= self.image.functions.len() {
            return Err(StopReason::Malformed);
        }
        self.pay()?;
        if self.callers.len() as u32 + 1 >= FRAMES_MAX {
            return Err(StopReason::Trap(Trap::CallDepth));
        }
        let mut saved = [0; 4];
        saved.copy_from_slice(&self.registers[6..10]);
        self.callers.push(Caller {
            function: self.function,
            at: next,
            saved,
        });
        self.registers[Reg::R10.index()] -= u64::from(FRAME_BYTES);
        self.function = callee;
        self.at = 0;
        Ok(())
    }

    fn tail_call(&mut self, index: Reg, count: u32) -> Result<(), StopReason> {
        let index = self.get(index) as u32;
        self.pay()?;
        if index >= count {
            return Err(StopReason::Trap(Trap::TailCall));
        }
        let entry = self.image.entry(EntryId(index));
        self.function = entry.ok_or(StopReason::Malformed)?;
        self.at = 0;
        if let Some(caller) = self.callers.last() {
            // The entry returns to our caller, which finds its registers.
            self.registers[6..10].copy_from_slice(&caller.saved);
        }
        Ok(())
    }

    fn exit(&mut self) -> Option<u64> {
        let Some(caller) = self.callers.pop() else {
            return Some(self.get(Reg::R0));
        };
        self.registers[6..10].copy_from_slice(&caller.saved);
        self.registers[Reg::R10.index()] += u64::from(FRAME_BYTES);
        self.function = caller.function;
        self.at = caller.at;
        None
    }
}

fn narrow(width: Width, value: u64) -> u64 {
    match width {
        Width::W32 => value as u32 as u64,
        Width::W64 => value,
    }
}

fn sign_extend(size: Size, value: u64) -> u64 {
    match size {
        Size::B => value as i8 as u64,
        Size::H => value as i16 as u64,
        Size::W => value as i32 as u64,
        Size::D => value,
    }
}

fn swap_bytes(swap: Swap, bits: SwapBits, value: u64) -> u64 {
    match (swap, bits) {
        (Swap::ToLe, SwapBits::B16) => value as u16 as u64,
        (Swap::ToLe, SwapBits::B32) => value as u32 as u64,
        (Swap::ToLe, SwapBits::B64) => value,
        (_, SwapBits::B16) => (value as u16).swap_bytes() as u64,
        (_, SwapBits::B32) => (value as u32).swap_bytes() as u64,
        (_, SwapBits::B64) => value.swap_bytes(),
    }
}

/// `left op right` at a width (RFC 9669 §4.1).
fn alu(width: Width, op: AluOp, left: u64, right: u64) -> u64 {
    match width {
        Width::W64 => alu64(op, left, right),
        Width::W32 => alu32(op, left as u32, right as u32).into(),
    }
}

macro_rules! alu {
    ($name:ident, $unsigned:ty, $signed:ty) => {
        fn $name(op: AluOp, left: $unsigned, right: $unsigned) -> $unsigned {
            let (signed_left, signed_right) = (left as $signed, right as $signed);
            match op {
                AluOp::Add => left.wrapping_add(right),
                AluOp::Sub => left.wrapping_sub(right),
                AluOp::Mul => left.wrapping_mul(right),
                AluOp::Div => left.checked_div(right).unwrap_or(0),
                AluOp::SignedDiv if right == 0 => 0,
                AluOp::SignedDiv => signed_left.wrapping_div(signed_right) as $unsigned,
                AluOp::Or => left | right,
                AluOp::And => left & right,
                AluOp::Lsh => left.wrapping_shl(right as u32),
                AluOp::Rsh => left.wrapping_shr(right as u32),
                AluOp::Mod => left.checked_rem(right).unwrap_or(left),
                AluOp::SignedMod if right == 0 => left,
                AluOp::SignedMod => signed_left.wrapping_rem(signed_right) as $unsigned,
                AluOp::Xor => left ^ right,
                AluOp::Mov => right,
                AluOp::Arsh => signed_left.wrapping_shr(right as u32) as $unsigned,
            }
        }
    };
}

alu!(alu64, u64, i64);
alu!(alu32, u32, i32);

/// Whether `left cond right` at a width (RFC 9669 §4.3).
fn holds(width: Width, cond: Cond, left: u64, right: u64) -> bool {
    let (left, right) = (narrow(width, left), narrow(width, right));
    let signed = |value: u64| match width {
        Width::W32 => i64::from(value as i32),
        Width::W64 => value as i64,
    };
    match cond {
        Cond::Eq => left == right,
        Cond::Gt => left > right,
        Cond::Ge => left >= right,
        Cond::Set => left & right != 0,
        Cond::Ne => left != right,
        Cond::SGt => signed(left) > signed(right),
        Cond::SGe => signed(left) >= signed(right),
        Cond::Lt => left < right,
        Cond::Le => left <= right,
        Cond::SLt => signed(left) < signed(right),
        Cond::SLe => signed(left) <= signed(right),
    }
}

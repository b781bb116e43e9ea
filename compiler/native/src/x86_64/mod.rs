//! Translation of one function to x86-64.
//!
//! Instructions are translated one by one; registers map one to one. Two passes
//! over the function give the same code but for the length of jumps.

#![allow(
    clippy::useless_conversion,
    reason = "the assembler's macros convert register numbers"
)]

mod alu;
mod atomic;
mod control;
mod divide;
mod memory;

use dynasmrt::{DynasmApi, dynasm};
use zs_abi::Trap;
use zs_bpf::{Function, HelperId, Op, Reg, RegSet};

use crate::HelperSlots;
use crate::code::{Fact, LocalCall, Piece, Relocation, Table};
use crate::facts::{uses_r0, zero_extended};
use crate::sink::{Sink, Spot};

/// Translates a verified function.
pub(crate) fn translate(function: &Function, slots: &HelperSlots) -> Piece {
    let known = zero_extended(function);
    let short = {
        let mut measured = Translation::new(function, slots, &known, Vec::new());
        measured.emit();
        measured.sink.shortable()
    };
    let mut final_pass = Translation::new(function, slots, &known, short);
    final_pass.emit();
    final_pass.finish()
}

/// A machine register, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Machine(u8);

const RAX: Machine = Machine(0);
const RCX: Machine = Machine(1);
const RDX: Machine = Machine(2);
const R10: Machine = Machine(10);
const R11: Machine = Machine(11);

impl Machine {
    /// Bit in [`Fact::zero_extended`].
    const fn bit(self) -> u16 {
        1 << self.0
    }
}

/// The machine register of an eBPF register.
const fn machine(reg: Reg) -> Machine {
    const MACHINE: [u8; Reg::COUNT] = [0, 7, 6, 2, 1, 8, 3, 13, 14, 15, 5];
    Machine(MACHINE[reg.index()])
}

/// Condition codes of x86, by their number in opcodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Condition(u8);

impl Condition {
    const BELOW: Self = Self(2);
    const ABOVE_OR_EQUAL: Self = Self(3);
    const EQUAL: Self = Self(4);
    const NOT_EQUAL: Self = Self(5);
    const BELOW_OR_EQUAL: Self = Self(6);
    const ABOVE: Self = Self(7);
    const LESS: Self = Self(12);
    const GREATER_OR_EQUAL: Self = Self(13);
    const LESS_OR_EQUAL: Self = Self(14);
    const GREATER: Self = Self(15);

    const fn inverse(self) -> Self {
        Self(self.0 ^ 1)
    }
}

struct Translation<'a> {
    function: &'a Function,
    slots: &'a HelperSlots,
    known: &'a [Option<RegSet>],
    sink: Sink,
    frame: Frame,
    /// A spot for each slot that a jump leads to.
    targets: Vec<Option<Spot>>,
    /// Traps that are emitted behind the function: where they begin, why, and
    /// the slot that they belong to.
    traps: Vec<(Spot, Trap, usize)>,
    /// Slot of the instruction being translated.
    at: usize,
    piece: Piece,
}

/// What lies on the machine stack below the return address: saved registers,
/// then words for our own use. An odd number of words, so that calls are aligned.
struct Frame {
    saved: Vec<Reg>,
    words: u32,
}

/// Offset of the word that keeps a register while an atomic operation uses it; the
/// word at offset 0 keeps the budget while a helper runs.
const ATOMIC_WORD: i8 = 8;

impl Frame {
    fn new(function: &Function) -> Self {
        let (mut written, mut calls, mut words) = (RegSet::EMPTY, false, 0);
        for (_, op) in ops(function) {
            written = written.union(op.writes());
            match op {
                Op::CallHelper(_) => (calls, words) = (true, words.max(1)),
                Op::CallLocal(_) => calls = true,
                op if uses_r0(op) => words = 2,
                _ => {}
            }
        }
        let saved = [Reg::R6, Reg::R7, Reg::R8, Reg::R9].into_iter();
        let saved: Vec<_> = saved.filter(|reg| written.contains(*reg)).collect();
        if calls && (saved.len() as u32 + words).is_multiple_of(2) {
            words += 1;
        }
        Self { saved, words }
    }
}

/// The instructions of a verified function with their slots.
fn ops(function: &Function) -> impl Iterator<Item = (usize, Op)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let op = Op::decode(&function.insns, at).ok()?;
        let here = at;
        at += op.slots();
        Some((here, op))
    })
}

impl<'a> Translation<'a> {
    fn new(
        function: &'a Function,
        slots: &'a HelperSlots,
        known: &'a [Option<RegSet>],
        short: Vec<bool>,
    ) -> Self {
        let mut sink = Sink::new(short);
        let mut targets = vec![None; function.insns.len()];
        for (at, op) in ops(function) {
            if let Some(target) = op.target(at) {
                targets[target as usize].get_or_insert_with(|| sink.spot());
            }
        }
        Self {
            function,
            slots,
            known,
            sink,
            frame: Frame::new(function),
            targets,
            traps: Vec::new(),
            at: 0,
            piece: Piece {
                text: Vec::new(),
                relocations: Vec::new(),
                calls: Vec::new(),
                lines: Vec::new(),
                facts: Vec::new(),
                stack: Vec::new(),
                saved: Vec::new(),
            },
        }
    }

    fn finish(mut self) -> Piece {
        self.piece.text = self.sink.finish();
        self.piece
    }

    fn emit(&mut self) {
        self.line();
        self.prologue();
        for (at, op) in ops(self.function) {
            if self.known[at].is_none() {
                // Control never comes here.
                continue;
            }
            self.at = at;
            if let Some(target) = self.targets[at] {
                self.sink.bind(target);
                self.fact(self.known(), 0);
            }
            self.line();
            self.op(op);
        }
        for (spot, trap, at) in std::mem::take(&mut self.traps) {
            self.at = at;
            self.sink.bind(spot);
            self.line();
            self.trap_here(trap);
        }
    }

    fn op(&mut self, op: Op) {
        match op {
            Op::Alu {
                width,
                op,
                dst,
                src,
            } => self.alu(width, op, dst, src),
            Op::Neg { width, dst } => self.negate(width, dst),
            Op::SignExtend {
                width,
                from,
                dst,
                src,
            } => self.sign_extend(width, from, dst, src),
            Op::Swap { swap, bits, dst } => self.swap(swap, bits, dst),
            Op::LoadImm64 { dst, value } => self.constant(machine(dst), value),
            Op::Load {
                size,
                signed,
                dst,
                base,
                offset,
            } => self.load(size, signed, dst, base, offset),
            Op::Store {
                size,
                base,
                offset,
                src,
            } => self.store(size, base, offset, src),
            Op::Atomic {
                op,
                size,
                base,
                offset,
                src,
            } => self.atomic(op, size, base, offset, src),
            Op::Jump { .. } => self.jump_always(op),
            Op::JumpIf {
                width,
                cond,
                dst,
                src,
                ..
            } => self.jump_if(op, width, cond, dst, src),
            Op::CallHelper(helper) => self.call_helper(helper),
            Op::CallLocal(callee) => self.call_local(callee),
            Op::TailCall { index, count } => self.tail_call(index, count),
            Op::Exit => self.exit(),
        }
    }

    /// The instruction being translated.
    fn present(&self) -> Op {
        Op::decode(&self.function.insns, self.at).expect("verified functions decode")
    }

    /// Registers known to be zero-extended before the present instruction.
    fn known(&self) -> RegSet {
        self.known[self.at].unwrap_or(RegSet::of(Reg::R10))
    }

    /// Notes what is known here, at a spot that jumps lead to: eBPF registers, and
    /// scratch registers besides.
    fn fact(&mut self, known: RegSet, scratch: u16) {
        let bits = known.iter();
        let zero_extended = bits.fold(scratch, |bits, reg| bits | machine(reg).bit());
        let offset = self.sink.here();
        match self.piece.facts.last_mut() {
            // Two spots at one place: jumps to either lead here.
            Some(fact) if fact.offset == offset => fact.zero_extended &= zero_extended,
            _ => self.piece.facts.push(Fact {
                offset,
                zero_extended,
            }),
        }
    }

    /// Notes the place that the present instruction comes from.
    fn line(&mut self) {
        let Some(loc) = self.function.loc_at(self.at) else {
            return;
        };
        let offset = self.sink.here();
        match self.piece.lines.last_mut() {
            Some((_, last)) if *last == loc => {}
            Some((at, last)) if *at == offset => *last = loc,
            _ => self.piece.lines.push((offset, loc)),
        }
    }

    /// Emits a jump on a condition.
    fn branch(&mut self, code: Condition, to: Spot) {
        self.sink.jump(0x70 | code.0, &[0x0f, 0x80 | code.0], to);
    }

    /// Emits a jump.
    fn branch_always(&mut self, to: Spot) {
        self.sink.jump(0xeb, &[0xe9], to);
    }

    /// Jumps to a trap if the condition holds.
    fn trap_if(&mut self, code: Condition, trap: Trap) {
        let spot = self.sink.spot();
        self.traps.push((spot, trap, self.at));
        self.branch(code, spot);
    }

    /// Gives up the run.
    fn trap_here(&mut self, trap: Trap) {
        dynasm!(self.sink
            ; .arch x64
            ; mov edi, trap as i32
        );
        self.call_slot(crate::TRAP);
    }

    /// Calls through the table of helpers.
    fn call_slot(&mut self, helper: HelperId) {
        dynasm!(self.sink
            ; .arch x64
            ; call QWORD [rip + 0]
        );
        self.relocate(Table::Helpers, self.slots.offset(helper));
    }

    /// Notes that the last four bytes hold the distance to a table.
    fn relocate(&mut self, table: Table, offset: i32) {
        self.piece.relocations.push(Relocation {
            offset: self.sink.here() - 4,
            table,
            addend: offset - 4,
        });
    }

    /// Notes that the last four bytes hold the distance to a function.
    fn relocate_call(&mut self, callee: zs_bpf::FunctionId) {
        let offset = self.sink.here() - 4;
        self.piece.calls.push(LocalCall { offset, callee });
    }
}

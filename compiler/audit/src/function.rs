//! The pass over one function.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic,
    OpKind, Register,
};
use zs_abi::layout::{FRAME_BYTES, FRAMES_MAX, STACK_TOP};

use crate::instruction::{Effect, bit, effect, is_listed};
use crate::state::{Compared, Next, State};
use crate::{Placed, Report, Rule, Violation};

/// Displacements of window accesses: what eBPF can encode. The guards are wider.
const DISPLACEMENT: Range<i64> = -(1 << 15)..1 << 15;

/// The frame pointer must be above this for another frame to fit.
const DEEPEST: u32 = STACK_TOP - (FRAMES_MAX - 1) * FRAME_BYTES;

/// Registers that a function must leave as they were, besides the reserved ones.
const CALLEE_SAVED: [Register; 4] = [Register::RBX, Register::R13, Register::R14, Register::R15];

type Checked = Result<(), Violation>;

/// Checks one function.
pub(crate) fn check(
    placed: &Placed<'_>,
    starts: &BTreeSet<u32>,
    range: Range<u32>,
    ignored: Option<Rule>,
    report: &mut Report,
) -> Checked {
    let mut pass = Pass {
        placed,
        starts,
        range: range.clone(),
        ignored,
        report,
        factory: InstructionInfoFactory::new(),
        saved: Vec::new(),
        words: 0,
        in_start: true,
        state: Some(State::with(0, 0, 0)),
        arrivals: BTreeMap::new(),
        awaited: BTreeMap::new(),
        at: range.start,
    };
    let code = &placed.text[range.start as usize..range.end as usize];
    let address = placed.address.wrapping_add(range.start.into());
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    while decoder.can_decode() {
        let instruction = decoder.decode();
        pass.at = instruction.ip().wrapping_sub(placed.address) as u32;
        if instruction.is_invalid() {
            return Err(pass.broken(Rule::Decode, "no instruction"));
        }
        pass.arrive()?;
        pass.instruction(&instruction)?;
        pass.report.instructions += 1;
    }
    pass.end()
}

struct Pass<'a> {
    placed: &'a Placed<'a>,
    starts: &'a BTreeSet<u32>,
    range: Range<u32>,
    /// A rule that is not enforced.
    ignored: Option<Rule>,
    report: &'a mut Report,
    factory: InstructionInfoFactory,
    /// Registers that the function's start pushed, in order.
    saved: Vec<Register>,
    /// Bytes that it reserved besides.
    words: u32,
    /// Whether only pushes were seen so far.
    in_start: bool,
    /// What is known; `None` where control does not come from above.
    state: Option<State>,
    /// Places above where jumps may arrive, with what was relied on there.
    arrivals: BTreeMap<u32, u16>,
    /// Places below that jumps lead to.
    awaited: BTreeMap<u32, Awaited>,
    /// Offset of the instruction.
    at: u32,
}

/// What is known of all jumps to a place below.
#[derive(Clone, Copy)]
struct Awaited {
    zero_extended: u16,
    /// A jump comes with an exhausted budget: the place must be a trap.
    exhausted: bool,
}

impl Pass<'_> {
    fn broken(&self, rule: Rule, detail: impl Into<String>) -> Violation {
        rule.violated(self.at, detail)
    }

    fn require(&self, holds: bool, rule: Rule, detail: &str) -> Checked {
        if holds || self.ignored == Some(rule) {
            return Ok(());
        }
        Err(self.broken(rule, detail))
    }

    /// Where jumps may arrive, goes on with what is claimed, after proving it.
    fn arrive(&mut self) -> Checked {
        let hints = self.placed.hints;
        let hint = hints.binary_search_by_key(&self.at, |hint| hint.offset);
        let claimed = hint.ok().map(|place| hints[place].zero_extended);
        let awaited = self.awaited.remove(&self.at);
        if claimed.is_none() && awaited.is_none() {
            if self.state.is_none() {
                // Dead code; it is checked as if it were reached with nothing
                // known.
                self.state = Some(State::with(0, self.saved.len(), self.words));
            }
            return Ok(());
        }
        // The start ends here, as a jump would repeat it.
        self.in_start = false;
        let claimed = claimed.unwrap_or(0) & !bit(Register::RBP);
        let mut proved = awaited.map_or(u16::MAX, |jumps| jumps.zero_extended);
        let exhausted = awaited.is_some_and(|jumps| jumps.exhausted);
        if let Some(state) = self.state {
            self.require(
                state.next == Next::Any,
                Rule::JumpTarget,
                "a jump leads into a sequence",
            )?;
            self.at_rest(&state)?;
            proved &= state.zero_extended;
        }
        self.require(
            claimed & !proved == 0,
            Rule::Claim,
            "what is claimed here is not so for all ways here",
        )?;
        self.arrivals.insert(self.at, claimed);
        let mut state = State::with(claimed, self.saved.len(), self.words);
        if exhausted {
            state.next = Next::TrapCode;
        }
        self.state = Some(state);
        Ok(())
    }

    /// The frame is as the function's start left it.
    fn at_rest(&self, state: &State) -> Checked {
        let at_rest = (state.saved, state.words) == (self.saved.len(), self.words);
        self.require(at_rest, Rule::Stack, "the frame is taken down in part")
    }

    fn instruction(&mut self, instruction: &Instruction) -> Checked {
        let listed = is_listed(instruction);
        self.require(listed, Rule::Instruction, "not a listed instruction")?;
        let Some(mut state) = self.state else {
            return Err(self.broken(Rule::Decode, "control does not come here"));
        };
        let (next, compared) = (state.next, state.compared);
        state.next = Next::Any;
        state.compared = Compared::Nothing;
        self.follows(next, instruction)?;
        self.operands(&state, instruction)?;
        let effect = effect(&mut self.factory, instruction);
        let starts_frame = self.starts_frame(&mut state, instruction);
        self.in_start &= starts_frame;
        if starts_frame {
            self.state = Some(state);
            return Ok(());
        }
        let known = state;
        self.registers(&mut state, instruction, &effect, next)?;
        match instruction.mnemonic() {
            Mnemonic::Call => self.call(&mut state, instruction, next)?,
            Mnemonic::Ret => self.ret(&mut state)?,
            Mnemonic::Jmp if instruction.code() == Code::Jmp_rm64 => {
                self.tail_call(&state, instruction, next)?;
                self.state = None;
                return Ok(());
            }
            Mnemonic::Jmp => {
                self.jump(&known, instruction, false, false)?;
                self.state = None;
                return Ok(());
            }
            _ if instruction.is_jcc_short_or_near() => {
                self.branch(&mut state, instruction, next, compared)?;
            }
            _ => self.notices(&mut state, instruction, next),
        }
        if instruction.mnemonic() == Mnemonic::Ret || self.gives_up(instruction) {
            self.state = None;
        } else {
            self.state = Some(state);
        }
        Ok(())
    }

    /// Sequences are complete and in order.
    fn follows(&self, next: Next, instruction: &Instruction) -> Checked {
        let budget = Register::R9;
        let holds = match next {
            Next::Any => true,
            Next::BudgetBranch => instruction.is_jcc_short_or_near(),
            Next::TrapCode => {
                instruction.code() == Code::Mov_r32_imm32
                    && instruction.op0_register() == Register::EDI
            }
            Next::TrapCall => self.gives_up(instruction),
            Next::LocalCall => instruction.code() == Code::Call_rel32_64,
            Next::RaiseFrame => is_constant(instruction, Mnemonic::Add, Register::RBP, FRAME_BYTES),
            Next::HelperCall => {
                instruction.code() == Code::Call_rm64 && !self.gives_up(instruction)
            }
            Next::TailCall => instruction.code() == Code::Jmp_rm64,
            Next::RestoreBudget => {
                instruction.mnemonic() == Mnemonic::Mov
                    && instruction.op0_register() == budget
                    && is_budget_word(instruction)
            }
        };
        let rule = match next {
            Next::Any => Rule::Instruction,
            Next::BudgetBranch | Next::TrapCode | Next::TrapCall => Rule::Budget,
            Next::LocalCall | Next::RaiseFrame => Rule::CallDepth,
            Next::HelperCall | Next::RestoreBudget => Rule::Helper,
            Next::TailCall => Rule::IndirectJump,
        };
        self.require(holds, rule, "the sequence is not complete")
    }

    /// Memory operands have an allowed form.
    fn operands(&mut self, state: &State, instruction: &Instruction) -> Checked {
        let operands = 0..instruction.op_count();
        let memory = operands
            .into_iter()
            .any(|operand| instruction.op_kind(operand) == OpKind::Memory);
        self.hidden(instruction)?;
        if !memory || instruction.mnemonic() == Mnemonic::Lea {
            return Ok(());
        }
        if matches!(instruction.code(), Code::Call_rm64 | Code::Jmp_rm64) {
            // Their own rules look at the address.
            return Ok(());
        }
        match instruction.memory_base() {
            Register::R12 => self.window_access(state, instruction),
            Register::RSP => self.stack_access(state, instruction),
            _ => self.require(
                false,
                Rule::Access,
                "an address outside of window and frame",
            ),
        }
    }

    /// Addresses of the host are used, but never become numbers of the program.
    fn hidden(&self, instruction: &Instruction) -> Checked {
        let host = |register| {
            [Register::RSP, Register::R12]
                .map(bit)
                .contains(&bit(register))
        };
        let mut operands = 0..instruction.op_count();
        let moves_stack = matches!(instruction.mnemonic(), Mnemonic::Add | Mnemonic::Sub)
            && instruction.op0_register() == Register::RSP
            && is_immediate(instruction);
        let named = operands.any(|operand| {
            instruction.op_kind(operand) == OpKind::Register
                && host(instruction.op_register(operand))
        });
        let computed = instruction.mnemonic() == Mnemonic::Lea
            && (host(instruction.memory_base()) || host(instruction.memory_index()));
        let hides = (!named || moves_stack) && !computed;
        self.require(
            hides,
            Rule::Reserved,
            "an address of the host becomes visible",
        )?;
        if instruction.mnemonic() == Mnemonic::Lea && instruction.is_ip_rel_memory_operand() {
            let entries = instruction.ip_rel_memory_address() == self.placed.entries_address
                && instruction.op0_register() == Register::R10;
            self.require(
                entries,
                Rule::IndirectJump,
                "an address other than the table's",
            )?;
        }
        Ok(())
    }

    fn window_access(&mut self, state: &State, instruction: &Instruction) -> Checked {
        self.report.accesses += 1;
        let displacement = instruction.memory_displacement64() as i64;
        let size = instruction.memory_size().size() as i64;
        let index = instruction.memory_index();
        let formed = DISPLACEMENT.contains(&displacement)
            && (1..=8).contains(&size)
            && instruction.memory_index_scale() == 1
            && (index == Register::None || index.is_gpr64());
        self.require(formed, Rule::Access, "a window access of no allowed form")?;
        if index == Register::RBP {
            let within = -i64::from(FRAME_BYTES) <= displacement && displacement + size <= 0;
            return self.require(within, Rule::GuestFrame, "an access beyond the guest frame");
        }
        let proved = index == Register::None || state.is_extended(index);
        self.require(
            proved,
            Rule::Index,
            "an index that may have more than 32 bits",
        )
    }

    fn stack_access(&self, state: &State, instruction: &Instruction) -> Checked {
        self.at_rest(state)?;
        let displacement = instruction.memory_displacement64() as i64;
        let size = instruction.memory_size().size() as i64;
        let within = displacement >= 0 && displacement + size <= i64::from(self.words);
        let plain = instruction.memory_index() == Register::None && size > 0;
        self.require(
            within && plain,
            Rule::Stack,
            "an access beyond the function's own words",
        )
    }

    /// The function's start: pushes, then room for words.
    fn starts_frame(&mut self, state: &mut State, instruction: &Instruction) -> bool {
        if !self.in_start || self.words > 0 {
            return false;
        }
        let register = instruction.op0_register();
        if instruction.code() == Code::Push_r64
            && CALLEE_SAVED.contains(&register)
            && !self.saved.contains(&register)
        {
            self.saved.push(register);
            state.saved += 1;
            return true;
        }
        let words = (8..=64)
            .step_by(8)
            .find(|words| is_constant(instruction, Mnemonic::Sub, Register::RSP, *words));
        self.words = words.unwrap_or(0);
        state.words = self.words;
        words.is_some()
    }

    /// Registers change only as agreed.
    fn registers(
        &self,
        state: &mut State,
        instruction: &Instruction,
        effect: &Effect,
        next: Next,
    ) -> Checked {
        self.reserved_registers(state, instruction, effect, next)?;
        self.stack_pointer(state, instruction, effect)?;
        let popped = instruction.code() == Code::Pop_r64;
        for register in CALLEE_SAVED {
            let written = effect.written & bit(register) != 0 && !popped;
            let saved = self.saved[..state.saved].contains(&register);
            self.require(
                !written || saved,
                Rule::Saved,
                "a register of the caller changes",
            )?;
        }
        if effect.written & bit(Register::R11) != 0 {
            state.below = None;
        }
        let copied =
            instruction.code() == Code::Mov_r64_rm64 || instruction.code() == Code::Mov_rm64_r64;
        let copied = copied
            && instruction.op1_kind() == OpKind::Register
            && state.is_extended(instruction.op1_register());
        state.zero_extended &= !effect.unknown;
        state.zero_extended |= effect.extended;
        if copied && instruction.op0_kind() == OpKind::Register {
            state.zero_extended |= bit(instruction.op0_register());
        }
        state.zero_extended |= bit(Register::RBP);
        Ok(())
    }

    fn reserved_registers(
        &self,
        state: &mut State,
        instruction: &Instruction,
        effect: &Effect,
        next: Next,
    ) -> Checked {
        let writes = |register| effect.written & bit(register) != 0;
        let base = writes(Register::R12);
        self.require(!base, Rule::Reserved, "the window base changes")?;
        if writes(Register::RBP) {
            let lowers = is_constant(instruction, Mnemonic::Sub, Register::RBP, FRAME_BYTES);
            if lowers {
                let fits = state.frame_fits;
                self.require(fits, Rule::CallDepth, "a new frame without a check")?;
                state.next = Next::LocalCall;
            }
            let agreed = lowers || next == Next::RaiseFrame;
            self.require(agreed, Rule::Reserved, "the frame pointer changes")?;
        }
        if writes(Register::R9) {
            let pays = is_constant(instruction, Mnemonic::Sub, Register::R9, 1);
            if pays {
                state.next = Next::BudgetBranch;
            }
            let agreed = pays || next == Next::RestoreBudget;
            self.require(agreed, Rule::Reserved, "the budget changes")?;
        }
        Ok(())
    }

    /// The stack pointer moves only where a frame is taken down.
    fn stack_pointer(
        &self,
        state: &mut State,
        instruction: &Instruction,
        effect: &Effect,
    ) -> Checked {
        let writes = effect.written & bit(Register::RSP) != 0;
        if !writes || matches!(instruction.mnemonic(), Mnemonic::Call | Mnemonic::Ret) {
            return Ok(());
        }
        if state.words > 0 && is_constant(instruction, Mnemonic::Add, Register::RSP, state.words) {
            state.words = 0;
            return Ok(());
        }
        let top = self.saved[..state.saved].last();
        let pops = instruction.code() == Code::Pop_r64
            && state.words == 0
            && top == Some(&instruction.op0_register());
        state.saved -= usize::from(pops);
        self.require(pops, Rule::Stack, "the stack pointer changes")
    }

    fn call(&mut self, state: &mut State, instruction: &Instruction, next: Next) -> Checked {
        if self.gives_up(instruction) {
            return Ok(());
        }
        self.at_rest(state)?;
        let pushed = self.saved.len() as u32 * 8 + self.words + 8;
        self.require(
            pushed.is_multiple_of(16),
            Rule::Alignment,
            "the stack is not aligned",
        )?;
        if instruction.code() == Code::Call_rel32_64 {
            let target = self.offset(instruction.near_branch_target());
            let known = target.is_some_and(|target| self.starts.contains(&target));
            self.require(known, Rule::CallTarget, "no function begins there")?;
            let lowered = next == Next::LocalCall;
            self.require(lowered, Rule::CallDepth, "a call in the same frame")?;
            self.require(state.paid, Rule::Budget, "a call that is not paid for")?;
            (state.paid, state.frame_fits) = (false, false);
            state.next = Next::RaiseFrame;
        } else {
            let slot = self.helper_slot(instruction);
            self.require(slot.is_some(), Rule::Helper, "no slot of the table")?;
            let kept = next == Next::HelperCall;
            self.require(kept, Rule::Helper, "the budget is not kept")?;
            state.next = Next::RestoreBudget;
        }
        // The callee keeps what it must, and nothing else is known.
        let kept = CALLEE_SAVED
            .iter()
            .fold(bit(Register::RBP), |bits, kept| bits | bit(*kept));
        state.zero_extended &= kept;
        state.below = None;
        Ok(())
    }

    /// The slot of a call through the table of helpers.
    fn helper_slot(&self, instruction: &Instruction) -> Option<u64> {
        let code = instruction.code() == Code::Call_rm64;
        if !code
            || instruction.op0_kind() != OpKind::Memory
            || !instruction.is_ip_rel_memory_operand()
        {
            return None;
        }
        let address = instruction.ip_rel_memory_address();
        let offset = address.wrapping_sub(self.placed.helpers_address);
        let slot = offset / 8;
        let valid = offset.is_multiple_of(8) && slot < u64::from(self.placed.helper_count);
        valid.then_some(slot)
    }

    /// Whether the instruction calls the trap.
    fn gives_up(&self, instruction: &Instruction) -> bool {
        self.helper_slot(instruction) == Some(0)
    }

    fn ret(&self, state: &mut State) -> Checked {
        let empty = (state.saved, state.words) == (0, 0);
        self.require(empty, Rule::Stack, "a return with a frame on the stack")
    }

    fn tail_call(&self, state: &State, instruction: &Instruction, next: Next) -> Checked {
        let table = next == Next::TailCall
            && instruction.op0_kind() == OpKind::Memory
            && instruction.memory_base() == Register::R10
            && instruction.memory_index() == Register::R11
            && instruction.memory_index_scale() == 8
            && instruction.memory_displacement64() == 0;
        self.require(
            table,
            Rule::IndirectJump,
            "not through the table of entries",
        )?;
        let count = self.placed.entries.len() as u64;
        let bounded = state.below.is_some_and(|below| u64::from(below) <= count);
        self.require(bounded, Rule::IndirectJump, "the number is not checked")?;
        self.require(state.paid, Rule::Budget, "a tail call that is not paid for")?;
        let empty = (state.saved, state.words) == (0, 0);
        self.require(empty, Rule::Stack, "a tail call with a frame on the stack")
    }

    /// A conditional branch, and what it tells about the way past it.
    fn branch(
        &mut self,
        state: &mut State,
        instruction: &Instruction,
        next: Next,
        compared: Compared,
    ) -> Checked {
        let condition = instruction.condition_code();
        let known = *state;
        if next == Next::BudgetBranch {
            match condition {
                // Exhausted: the branch must lead to a trap.
                ConditionCode::b => {
                    state.paid = true;
                    return self.jump(&known, instruction, false, true);
                }
                // Not exhausted: what follows the branch must be a trap.
                ConditionCode::ae => {
                    state.next = Next::TrapCode;
                    return self.jump(&known, instruction, true, false);
                }
                _ => return Err(self.broken(Rule::Budget, "not a branch on the budget")),
            }
        }
        match (compared, condition) {
            (Compared::Frame, ConditionCode::be) => state.frame_fits = true,
            (Compared::Index(count), ConditionCode::ae) => state.below = Some(count),
            _ => {}
        }
        self.jump(&known, instruction, false, false)
    }

    /// A jump leads to an instruction of the function, where what is relied on
    /// must hold. Backwards only after payment.
    fn jump(
        &mut self,
        state: &State,
        instruction: &Instruction,
        paid: bool,
        exhausted: bool,
    ) -> Checked {
        self.at_rest(state)?;
        let target = self.offset(instruction.near_branch_target());
        let target = target.filter(|target| self.range.contains(target));
        let Some(target) = target else {
            return Err(self.broken(Rule::JumpTarget, "a jump out of the function"));
        };
        if target > self.at {
            let awaited = self.awaited.entry(target).or_insert(Awaited {
                zero_extended: u16::MAX,
                exhausted: false,
            });
            awaited.zero_extended &= state.zero_extended;
            awaited.exhausted |= exhausted;
            return Ok(());
        }
        self.require(paid, Rule::Budget, "a jump backwards that is not paid for")?;
        let Some(claimed) = self.arrivals.get(&target) else {
            return Err(self.broken(Rule::JumpTarget, "a jump to no known place"));
        };
        let holds = claimed & !state.zero_extended == 0;
        self.require(
            holds,
            Rule::Claim,
            "what is claimed at the target is not so",
        )
    }

    /// What other instructions tell.
    fn notices(&self, state: &mut State, instruction: &Instruction, next: Next) {
        if next == Next::TrapCode {
            state.next = Next::TrapCall;
        }
        if instruction.op0_kind() == OpKind::Memory
            && instruction.mnemonic() == Mnemonic::Mov
            && instruction.op1_register() == Register::R9
            && is_budget_word(instruction)
        {
            state.next = Next::HelperCall;
        }
        let left = instruction.op0_register();
        if instruction.mnemonic() == Mnemonic::Cmp && is_immediate(instruction) {
            let right = instruction.immediate32();
            state.compared = match left {
                Register::EBP if right == DEEPEST => Compared::Frame,
                Register::R11D if state.is_extended(Register::R11) => Compared::Index(right),
                _ => Compared::Nothing,
            };
        }
        if instruction.mnemonic() == Mnemonic::Lea && instruction.is_ip_rel_memory_operand() {
            state.next = Next::TailCall;
        }
    }

    /// The offset of an address in the text.
    fn offset(&self, address: u64) -> Option<u32> {
        u32::try_from(address.wrapping_sub(self.placed.address)).ok()
    }

    fn end(&mut self) -> Checked {
        if let Some((target, _)) = self.awaited.first_key_value() {
            self.at = *target;
            return Err(self.broken(Rule::JumpTarget, "a jump into an instruction"));
        }
        self.at = self.range.end;
        let ended = self.state.is_none();
        self.require(
            ended,
            Rule::FallThrough,
            "control runs off the function's end",
        )
    }
}

/// Whether the instruction is `mnemonic register, constant`.
fn is_constant(
    instruction: &Instruction,
    mnemonic: Mnemonic,
    register: Register,
    value: u32,
) -> bool {
    instruction.mnemonic() == mnemonic
        && instruction.op0_kind() == OpKind::Register
        && instruction.op0_register() == register
        && is_immediate(instruction)
        && instruction.immediate(1) == u64::from(value)
}

fn is_immediate(instruction: &Instruction) -> bool {
    matches!(
        instruction.op1_kind(),
        OpKind::Immediate8
            | OpKind::Immediate32
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

/// Whether the memory operand is the word that keeps the budget.
fn is_budget_word(instruction: &Instruction) -> bool {
    instruction.memory_base() == Register::RSP
        && instruction.memory_index() == Register::None
        && instruction.memory_displacement64() == 0
        && instruction.memory_size().size() == 8
}

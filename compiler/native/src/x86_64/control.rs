//! Jumps, calls, frames.

use dynasmrt::{DynasmApi, dynasm};
use zs_abi::Trap;
use zs_abi::layout::{FRAME_BYTES, FRAMES_MAX, STACK_TOP};
use zs_bpf::{Cond, FunctionId, HelperId, Op, Reg, Source, Width};

use super::{Condition, R11, Translation, machine};
use crate::code::Table;
use crate::sink::Spot;

impl Translation<'_> {
    /// Saves the registers that the function changes.
    pub(super) fn prologue(&mut self) {
        let mut bytes = 0;
        for place in 0..self.frame.saved.len() {
            let register = machine(self.frame.saved[place]).0;
            dynasm!(self.sink
                ; .arch x64
                ; push Rq(register)
            );
            bytes += 8;
            let here = self.sink.here();
            self.piece.stack.push((here, bytes));
            self.piece.saved.push((here, register, bytes));
        }
        if self.frame.words > 0 {
            let words = self.frame.words * 8;
            dynasm!(self.sink
                ; .arch x64
                ; sub rsp, BYTE words as i8
            );
            self.piece.stack.push((self.sink.here(), bytes + words));
        }
    }

    /// Undoes the prologue.
    fn epilogue(&mut self) {
        let mut bytes = self.frame.saved.len() as u32 * 8;
        if self.frame.words > 0 {
            let words = self.frame.words * 8;
            dynasm!(self.sink
                ; .arch x64
                ; add rsp, BYTE words as i8
            );
            self.piece.stack.push((self.sink.here(), bytes));
        }
        for place in (0..self.frame.saved.len()).rev() {
            let register = machine(self.frame.saved[place]).0;
            dynasm!(self.sink
                ; .arch x64
                ; pop Rq(register)
            );
            bytes -= 8;
            self.piece.stack.push((self.sink.here(), bytes));
        }
    }

    /// Behind a way out the frame is as in the body again.
    fn frame_again(&mut self) {
        let bytes = (self.frame.saved.len() as u32 + self.frame.words) * 8;
        if bytes > 0 {
            self.piece.stack.push((self.sink.here(), bytes));
        }
    }

    pub(super) fn exit(&mut self) {
        self.epilogue();
        dynasm!(self.sink
            ; .arch x64
            ; ret
        );
        self.frame_again();
    }

    pub(super) fn jump_always(&mut self, op: Op) {
        let (target, backwards) = self.target(op);
        if backwards {
            self.pay_and_jump(target);
        } else if op.target(self.at) != Some(self.at as i64 + 1) {
            self.branch_always(target);
        }
    }

    pub(super) fn jump_if(&mut self, op: Op, width: Width, cond: Cond, dst: Reg, src: Source) {
        let (target, backwards) = self.target(op);
        let code = self.compare(width, cond, dst, src);
        if backwards {
            let skip = self.sink.spot();
            self.branch(code.inverse(), skip);
            self.pay_and_jump(target);
            self.bind_inner(skip);
        } else {
            self.branch(code, target);
        }
    }

    /// Binds a spot within the translation of one instruction; what is known
    /// before the instruction is still known.
    pub(super) fn bind_inner(&mut self, spot: Spot) {
        self.sink.bind(spot);
        self.fact(self.known(), 0);
    }

    fn target(&self, op: Op) -> (Spot, bool) {
        let target = op.target(self.at).expect("a jump has a target") as usize;
        let spot = self.targets[target].expect("targets were collected");
        (spot, target <= self.at)
    }

    /// Pays for a jump backwards and takes it, or gives up.
    pub(super) fn pay_and_jump(&mut self, target: Spot) {
        dynasm!(self.sink
            ; .arch x64
            ; sub r9, BYTE 1
        );
        self.branch(Condition::ABOVE_OR_EQUAL, target);
        self.trap_here(Trap::Budget);
    }

    /// Pays for a call that may repeat code.
    fn pay(&mut self) {
        dynasm!(self.sink
            ; .arch x64
            ; sub r9, BYTE 1
        );
        self.trap_if(Condition::BELOW, Trap::Budget);
    }

    /// Compares, and tells the condition under which to jump.
    fn compare(&mut self, width: Width, cond: Cond, dst: Reg, src: Source) -> Condition {
        let known = self.known();
        let src_known = match src {
            Source::Reg(reg) => known.contains(reg),
            Source::Imm(imm) => imm >= 0,
        };
        let signed = matches!(cond, Cond::SGt | Cond::SGe | Cond::SLt | Cond::SLe);
        let narrow = known.contains(dst) && src_known && !signed;
        let width = if narrow { Width::W32 } else { width };
        let left = machine(dst).0;
        match (cond, src, width) {
            (Cond::Set, Source::Reg(src), Width::W64) => {
                dynasm!(self.sink ; .arch x64 ; test Rq(left), Rq(machine(src).0));
            }
            (Cond::Set, Source::Reg(src), Width::W32) => {
                dynasm!(self.sink ; .arch x64 ; test Rd(left), Rd(machine(src).0));
            }
            (Cond::Set, Source::Imm(imm), Width::W64) if imm < 0 => {
                dynasm!(self.sink ; .arch x64 ; test Rq(left), imm);
            }
            (Cond::Set, Source::Imm(imm), _) => {
                dynasm!(self.sink ; .arch x64 ; test Rd(left), imm);
            }
            (_, Source::Reg(src), Width::W64) => {
                dynasm!(self.sink ; .arch x64 ; cmp Rq(left), Rq(machine(src).0));
            }
            (_, Source::Reg(src), Width::W32) => {
                dynasm!(self.sink ; .arch x64 ; cmp Rd(left), Rd(machine(src).0));
            }
            (_, Source::Imm(imm), width) => self.compare_constant(width, left, imm),
        }
        code(cond)
    }

    pub(super) fn compare_constant(&mut self, width: Width, left: u8, imm: i32) {
        match (width, imm, i8::try_from(imm)) {
            // `test` sets the flags that `cmp` with zero does.
            (Width::W64, 0, _) => {
                dynasm!(self.sink ; .arch x64 ; test Rq(left), Rq(left));
            }
            (Width::W32, 0, _) => {
                dynasm!(self.sink ; .arch x64 ; test Rd(left), Rd(left));
            }
            (width, _, Ok(imm)) => self.compare_byte(width, left, imm),
            (Width::W64, imm, Err(_)) => {
                dynasm!(self.sink ; .arch x64 ; cmp Rq(left), imm);
            }
            (Width::W32, imm, Err(_)) => {
                dynasm!(self.sink ; .arch x64 ; cmp Rd(left), imm);
            }
        }
    }

    /// `cmp` with a constant of one byte, a form that the assembler never picks.
    fn compare_byte(&mut self, width: Width, left: u8, imm: i8) {
        let wide = u8::from(width == Width::W64) << 3;
        let rex = 0x40 | wide | left >> 3;
        if rex != 0x40 {
            self.sink.push(rex);
        }
        self.sink.extend([0x83, 0xf8 | left & 7, imm as u8]);
    }

    pub(super) fn call_helper(&mut self, helper: HelperId) {
        if helper == crate::TRAP {
            return self.call_slot(helper);
        }
        dynasm!(self.sink
            ; .arch x64
            ; mov [rsp], r9
        );
        self.call_slot(helper);
        dynasm!(self.sink
            ; .arch x64
            ; mov r9, [rsp]
        );
    }

    pub(super) fn call_local(&mut self, callee: FunctionId) {
        let deepest = STACK_TOP - (FRAMES_MAX - 1) * FRAME_BYTES;
        self.pay();
        dynasm!(self.sink
            ; .arch x64
            ; cmp ebp, deepest as i32
        );
        self.trap_if(Condition::BELOW_OR_EQUAL, Trap::CallDepth);
        dynasm!(self.sink
            ; .arch x64
            ; sub rbp, FRAME_BYTES as i32
            ; call 0
        );
        self.relocate_call(callee);
        dynasm!(self.sink
            ; .arch x64
            ; add rbp, FRAME_BYTES as i32
        );
    }

    pub(super) fn tail_call(&mut self, index: Reg, count: u32) {
        self.pay();
        dynasm!(self.sink
            ; .arch x64
            ; mov Rd(R11.0), Rd(machine(index).0)
            ; cmp Rd(R11.0), count as i32
        );
        self.trap_if(Condition::ABOVE_OR_EQUAL, Trap::TailCall);
        self.epilogue();
        dynasm!(self.sink
            ; .arch x64
            ; lea r10, [rip + 0]
        );
        self.relocate(Table::Entries, 0);
        dynasm!(self.sink
            ; .arch x64
            ; jmp QWORD [r10 + r11 * 8]
        );
        self.frame_again();
    }
}

const fn code(cond: Cond) -> Condition {
    match cond {
        Cond::Eq => Condition::EQUAL,
        Cond::Ne | Cond::Set => Condition::NOT_EQUAL,
        Cond::Gt => Condition::ABOVE,
        Cond::Ge => Condition::ABOVE_OR_EQUAL,
        Cond::Lt => Condition::BELOW,
        Cond::Le => Condition::BELOW_OR_EQUAL,
        Cond::SGt => Condition::GREATER,
        Cond::SGe => Condition::GREATER_OR_EQUAL,
        Cond::SLt => Condition::LESS,
        Cond::SLe => Condition::LESS_OR_EQUAL,
    }
}

//! Atomic operations (RFC 9669 §5.3). A misaligned address traps.

use dynasmrt::{DynasmApi, dynasm};
use zs_abi::Trap;
use zs_bpf::{AtomicOp, Reg, RegSet, Size, Width};

use super::memory::{Address, with_address};
use super::{ATOMIC_WORD, Condition, Machine, R10, R11, RAX, Translation, machine};

/// An instruction on a register and memory, in both widths.
macro_rules! locked {
    ($self:ident, $op:ident, $wide:expr, $address:expr, $src:expr) => {
        if $wide {
            with_address!($self, $address, [lock $op QWORD] [, Rq($src.0)])
        } else {
            with_address!($self, $address, [lock $op DWORD] [, Rd($src.0)])
        }
    };
}

impl Translation<'_> {
    pub(super) fn atomic(&mut self, op: AtomicOp, size: Size, base: Reg, offset: i16, src: Reg) {
        let wide = size == Size::D;
        let address = self.aligned_address(size, base, offset);
        let src = machine(src);
        match op {
            AtomicOp::Add { fetch: false } => locked!(self, add, wide, address, src),
            AtomicOp::Or { fetch: false } => locked!(self, or, wide, address, src),
            AtomicOp::And { fetch: false } => locked!(self, and, wide, address, src),
            AtomicOp::Xor { fetch: false } => locked!(self, xor, wide, address, src),
            AtomicOp::Add { fetch: true } => locked!(self, xadd, wide, address, src),
            // `xchg` with memory locks by itself.
            AtomicOp::Exchange if wide => {
                with_address!(self, address, [xchg QWORD] [, Rq(src.0)]);
            }
            AtomicOp::Exchange => {
                with_address!(self, address, [xchg DWORD] [, Rd(src.0)]);
            }
            AtomicOp::CompareExchange => {
                locked!(self, cmpxchg, wide, address, src);
                if !wide {
                    // A successful exchange leaves rax as it was, upper half too.
                    self.copy(Width::W32, RAX, RAX);
                }
            }
            AtomicOp::Or { fetch: true }
            | AtomicOp::And { fetch: true }
            | AtomicOp::Xor { fetch: true } => self.fetch_in_loop(op, wide, address, src),
        }
    }

    /// The address in a register of its own, after a check of its alignment.
    fn aligned_address(&mut self, size: Size, base: Reg, offset: i16) -> Address {
        let address = self.truncated_address(base, offset);
        let mask = size.bytes() as i8 - 1;
        if offset & i16::from(mask) == 0 {
            dynasm!(self.sink ; .arch x64 ; test Rb(R11.0), BYTE mask);
        } else {
            dynasm!(self.sink
                ; .arch x64
                ; lea Rd(R10.0), [Rq(R11.0) + i32::from(offset)]
                ; test Rb(R10.0), BYTE mask
            );
        }
        self.trap_if(Condition::NOT_EQUAL, Trap::Misaligned);
        address
    }

    /// `src = *address`, then `*address = src op *address`. The processor has no
    /// instruction that gives the old value, so this tries until nobody came in
    /// between.
    fn fetch_in_loop(&mut self, op: AtomicOp, wide: bool, address: Address, src: Machine) {
        let (again, done) = (self.sink.spot(), self.sink.spot());
        let known = self.known().without(RegSet::of(Reg::R0));
        dynasm!(self.sink ; .arch x64 ; mov [BYTE rsp + ATOMIC_WORD], rax);
        if wide {
            with_address!(self, address, [mov rax, QWORD] []);
        } else {
            with_address!(self, address, [mov eax, DWORD] []);
        }
        self.sink.bind(again);
        self.fact(known, R11.bit());
        self.copy(Width::W64, R10, RAX);
        self.combine(op, src);
        locked!(self, cmpxchg, wide, address, R10);
        self.branch(Condition::EQUAL, done);
        self.pay_and_jump(again);
        self.sink.bind(done);
        self.fact(known, R11.bit());
        let width = if wide { Width::W64 } else { Width::W32 };
        self.copy(width, src, RAX);
        if src != RAX {
            dynasm!(self.sink ; .arch x64 ; mov rax, [BYTE rsp + ATOMIC_WORD]);
        }
    }

    /// `r10 = r10 op src`; where `src` is rax, its value is in the frame by now.
    fn combine(&mut self, op: AtomicOp, src: Machine) {
        let (new, src) = (R10.0, (src != RAX).then_some(src.0));
        match (op, src) {
            (AtomicOp::And { .. }, Some(src)) => {
                dynasm!(self.sink ; .arch x64 ; and Rq(new), Rq(src));
            }
            (AtomicOp::Or { .. }, Some(src)) => {
                dynasm!(self.sink ; .arch x64 ; or Rq(new), Rq(src));
            }
            (_, Some(src)) => dynasm!(self.sink ; .arch x64 ; xor Rq(new), Rq(src)),
            (AtomicOp::And { .. }, None) => {
                dynasm!(self.sink ; .arch x64 ; and Rq(new), [BYTE rsp + ATOMIC_WORD]);
            }
            (AtomicOp::Or { .. }, None) => {
                dynasm!(self.sink ; .arch x64 ; or Rq(new), [BYTE rsp + ATOMIC_WORD]);
            }
            (_, None) => dynasm!(self.sink ; .arch x64 ; xor Rq(new), [BYTE rsp + ATOMIC_WORD]),
        }
    }
}

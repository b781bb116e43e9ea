//! Division and remainder (RFC 9669 §4.1): by zero they give 0 and the dividend,
//! and the smallest number by -1 overflows to itself and 0.

use dynasmrt::{DynasmApi, dynasm};
use zs_bpf::{Reg, Source, Width};

use super::{Condition, Machine, R10, R11, RAX, RDX, Translation, machine};

impl Translation<'_> {
    /// `dst = dst / src`, or the remainder.
    pub(super) fn divide(
        &mut self,
        width: Width,
        signed: bool,
        remainder: bool,
        dst: Reg,
        src: Source,
    ) {
        let dst = machine(dst);
        match src {
            Source::Imm(0) => self.divided_by_zero(width, remainder, dst),
            Source::Imm(-1) if signed => self.divided_by_minus_one(width, remainder, dst),
            Source::Imm(imm) => {
                if !signed && self.divided_by_power(width, remainder, dst, imm) {
                    return;
                }
                let value = match width {
                    Width::W64 => imm as i64 as u64,
                    Width::W32 => imm as u32 as u64,
                };
                self.constant(R11, value);
                self.divide_by(width, signed, remainder, dst, R11);
            }
            Source::Reg(src) => {
                // The divisor must survive the moves around the instruction.
                let mut divisor = machine(src);
                if divisor == RAX || divisor == RDX || divisor == dst {
                    self.copy(width, R11, divisor);
                    divisor = R11;
                }
                self.divide_checked(width, signed, remainder, dst, divisor);
            }
        }
    }

    fn divided_by_zero(&mut self, width: Width, remainder: bool, dst: Machine) {
        match (remainder, width) {
            (false, _) => self.constant(dst, 0),
            (true, Width::W32) => self.copy(width, dst, dst),
            (true, Width::W64) => {}
        }
    }

    fn divided_by_minus_one(&mut self, width: Width, remainder: bool, dst: Machine) {
        match (remainder, width) {
            (true, _) => self.constant(dst, 0),
            (false, Width::W64) => dynasm!(self.sink ; .arch x64 ; neg Rq(dst.0)),
            (false, Width::W32) => dynasm!(self.sink ; .arch x64 ; neg Rd(dst.0)),
        }
    }

    /// Unsigned division by a power of two; false if `imm` is none.
    fn divided_by_power(&mut self, width: Width, remainder: bool, dst: Machine, imm: i32) -> bool {
        if imm <= 0 || imm & (imm - 1) != 0 {
            return false;
        }
        let (mask, count) = (imm - 1, imm.trailing_zeros() as i8);
        match (remainder, width) {
            // The mask is positive, so the upper half becomes zero either way.
            (true, _) => dynasm!(self.sink ; .arch x64 ; and Rd(dst.0), mask),
            (false, Width::W64) => dynasm!(self.sink ; .arch x64 ; shr Rq(dst.0), BYTE count),
            (false, Width::W32) if count == 0 => self.copy(width, dst, dst),
            (false, Width::W32) => dynasm!(self.sink ; .arch x64 ; shr Rd(dst.0), BYTE count),
        }
        true
    }

    /// Divides by a register that may hold anything.
    fn divide_checked(
        &mut self,
        width: Width,
        signed: bool,
        remainder: bool,
        dst: Machine,
        divisor: Machine,
    ) {
        let (done, not_zero) = (self.sink.spot(), self.sink.spot());
        match width {
            Width::W64 => dynasm!(self.sink ; .arch x64 ; test Rq(divisor.0), Rq(divisor.0)),
            Width::W32 => dynasm!(self.sink ; .arch x64 ; test Rd(divisor.0), Rd(divisor.0)),
        }
        self.branch(Condition::NOT_EQUAL, not_zero);
        self.divided_by_zero(width, remainder, dst);
        self.branch_always(done);
        self.bind_with_divisor(not_zero, width, divisor);
        if signed {
            let ordinary = self.sink.spot();
            self.compare_constant(width, divisor.0, -1);
            self.branch(Condition::NOT_EQUAL, ordinary);
            self.divided_by_minus_one(width, remainder, dst);
            self.branch_always(done);
            self.bind_with_divisor(ordinary, width, divisor);
        }
        self.divide_by(width, signed, remainder, dst, divisor);
        self.sink.bind(done);
        let known = crate::facts::after(self.present(), self.known());
        self.fact(known, 0);
    }

    fn bind_with_divisor(&mut self, spot: crate::sink::Spot, width: Width, divisor: Machine) {
        self.sink.bind(spot);
        let copied = divisor == R11 && width == Width::W32;
        self.fact(self.known(), if copied { R11.bit() } else { 0 });
    }

    /// Divides by a register that is neither zero nor, for signed numbers, -1.
    ///
    /// The processor divides `rdx:rax` and gives the quotient in `rax` and the
    /// remainder in `rdx`. Whichever of them is not `dst` keeps its value.
    fn divide_by(
        &mut self,
        width: Width,
        signed: bool,
        remainder: bool,
        dst: Machine,
        divisor: Machine,
    ) {
        let result = if remainder { RDX } else { RAX };
        if dst == RAX || dst == RDX {
            let other = if dst == RAX { RDX } else { RAX };
            self.copy(Width::W64, R10, other);
            if dst == RDX {
                self.copy(width, RAX, RDX);
            }
            self.divide_instruction(width, signed, divisor);
            if result != dst {
                self.copy(width, dst, result);
            }
            self.copy(Width::W64, other, R10);
        } else {
            // The dividend moves to rax, so `dst` can keep rdx meanwhile.
            self.copy(Width::W64, R10, RAX);
            self.copy(width, RAX, dst);
            self.copy(Width::W64, dst, RDX);
            self.divide_instruction(width, signed, divisor);
            self.copy(width, R11, result);
            self.copy(Width::W64, RDX, dst);
            self.copy(Width::W64, RAX, R10);
            self.copy(width, dst, R11);
        }
    }

    fn divide_instruction(&mut self, width: Width, signed: bool, divisor: Machine) {
        let divisor = divisor.0;
        match (width, signed) {
            (Width::W64, false) => dynasm!(self.sink
                ; .arch x64
                ; xor edx, edx
                ; div Rq(divisor)
            ),
            (Width::W32, false) => dynasm!(self.sink
                ; .arch x64
                ; xor edx, edx
                ; div Rd(divisor)
            ),
            (Width::W64, true) => dynasm!(self.sink
                ; .arch x64
                ; cqo
                ; idiv Rq(divisor)
            ),
            (Width::W32, true) => dynasm!(self.sink
                ; .arch x64
                ; cdq
                ; idiv Rd(divisor)
            ),
        }
    }
}

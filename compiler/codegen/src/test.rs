//! Conditions as code: each goes on if it holds, else to a label.

use zs_abi::data::Text;
use zs_abi::tables::RegexId;
use zs_abi::{Helper, view};
use zs_bpf::{Cond, Label, Reg, Size};
use zs_ir::program::{IntRef, Test, TextRef};

use crate::compare::compare;
use crate::function::Writer;

impl Writer<'_, '_> {
    /// Writes a test: goes on if it holds, else to `miss`.
    pub fn test(&mut self, test: &Test, miss: Label) {
        match test {
            Test::Text {
                text,
                compare: how,
                with,
            } => {
                self.text(*text, Reg::R1, Reg::R2);
                compare(&mut self.code, self.data, *how, with, miss);
            }
            Test::Same { text, other } => {
                self.text(*text, Reg::R1, Reg::R3);
                self.text(*other, Reg::R2, Reg::R4);
                self.code.jump_if32(Cond::Ne, Reg::R3, Reg::R4, miss);
                self.code.call("bytes_equal");
                self.code.jump_if(Cond::Eq, Reg::R0, 0, miss);
            }
            Test::Path { .. } | Test::PathRegexp { .. } => {
                unreachable!("path tests are replaced before code is generated")
            }
            Test::Bit { set, bit } | Test::Group { set, bit } => {
                self.load_value(Reg::R1, *set);
                self.code.jump_if(Cond::Eq, Reg::R1, 0, miss);
                self.code.load(Size::B, Reg::R1, Reg::R1, (bit / 8) as i16);
                self.code.alu32(zs_bpf::AluOp::And, Reg::R1, 1 << (bit % 8));
                self.code.jump_if32(Cond::Eq, Reg::R1, 0, miss);
            }
            Test::PathEscaped { pattern } => {
                self.constant(pattern.as_bytes(), Reg::R1, Reg::R2);
                self.helper_holds(Helper::PathMatchEscaped, miss);
            }
            Test::Glob { pattern, text } => {
                self.constant(pattern.as_bytes(), Reg::R1, Reg::R2);
                self.text(*text, Reg::R3, Reg::R4);
                self.helper_holds(Helper::Glob, miss);
            }
            Test::Int { int, low, high } => self.int(*int, *low, *high, miss),
            Test::Any {
                list,
                compare: how,
                with,
            } => {
                self.load_value(Reg::R8, *list);
                self.any(miss, |this, next| {
                    compare(&mut this.code, this.data, *how, with, next)
                });
            }
            Test::AnySame { list, other } => {
                self.load_value(Reg::R8, *list);
                self.any(miss, |this, next| {
                    this.text(*other, Reg::R3, Reg::R4);
                    this.code.jump_if32(Cond::Ne, Reg::R2, Reg::R4, next);
                    this.code.mov(Reg::R2, Reg::R3);
                    this.code.mov(Reg::R3, Reg::R4);
                    this.code.call("bytes_equal");
                    this.code.jump_if(Cond::Eq, Reg::R0, 0, next);
                });
            }
            Test::Found { list } => {
                self.load_value(Reg::R1, *list);
                self.code.jump_if(Cond::Eq, Reg::R1, 0, miss);
            }
            Test::Accepts { table, text } => {
                self.text(*text, Reg::R2, Reg::R3);
                self.accepts(*table, miss);
            }
            Test::Regex { regex, text, store } => {
                self.text(*text, Reg::R2, Reg::R3);
                self.regex(*regex, *store, miss);
            }
            Test::AnyAccepts { list, table } => {
                self.load_value(Reg::R8, *list);
                self.any(miss, |this, next| {
                    this.second_and_third();
                    this.accepts(*table, next);
                });
            }
            Test::AnyRegex { list, regex, store } => {
                self.load_value(Reg::R8, *list);
                self.any(miss, |this, next| {
                    this.second_and_third();
                    this.regex(*regex, *store, next);
                });
            }
            Test::RegisterTruth { register, truth } => {
                self.call(Helper::RegisterTruth, &[register.0.into()]);
                self.code.jump_if32(Cond::Ne, Reg::R0, *truth as i32, miss);
            }
            Test::RegisterNext { iterator, variable } => {
                let places = [iterator.0, variable.0];
                self.call(Helper::RegisterNext, &places.map(u64::from));
                self.code.jump_if(Cond::Eq, Reg::R0, 0, miss);
            }
            Test::Address { of, ranges } => self.address(*of, ranges, miss),
            Test::ClientNext { client } => {
                self.call(Helper::ClientNext, &[client.0.into()]);
                self.code.jump_if(Cond::Eq, Reg::R0, 0, miss);
            }
        }
    }

    fn helper_holds(&mut self, helper: Helper, miss: Label) {
        self.helper(helper);
        self.code.jump_if(Cond::Eq, Reg::R0, 0, miss);
    }

    /// Moves a text from `r1` and `r2` to `r2` and `r3`.
    fn second_and_third(&mut self) {
        self.code.mov(Reg::R3, Reg::R2);
        self.code.mov(Reg::R2, Reg::R1);
    }

    /// Whether an automaton accepts the text in `r2` and `r3`.
    fn accepts(&mut self, table: Text, miss: Label) {
        self.code.mov_imm(Reg::R1, table.guest().into());
        self.code.call("automaton_walk");
        self.code.jump_if(Cond::Eq, Reg::R0, 0, miss);
    }

    /// Whether an expression matches the text in `r2` and `r3`.
    fn regex(&mut self, regex: RegexId, store: Option<u32>, miss: Label) {
        self.code.mov_imm(Reg::R1, regex.0.into());
        self.code
            .mov_imm(Reg::R4, store.map_or(0, |name| u64::from(name) + 1));
        self.helper_holds(Helper::RegexMatch, miss);
    }

    fn int(&mut self, int: IntRef, low: u32, high: u32, miss: Label) {
        match int {
            IntRef::View(field) => {
                self.code.load(Size::W, Reg::R1, Reg::R6, field.offset());
            }
            IntRef::Argument => {
                self.code.mov(Reg::R1, Reg::R7);
            }
            IntRef::Local(word) => {
                self.code
                    .load(Size::W, Reg::R1, Reg::R6, view::LOCALS + word as i16 * 4);
            }
            IntRef::Value(value) => self.load_value(Reg::R1, value),
        }
        if low == high {
            self.code.jump_if32(Cond::Ne, Reg::R1, low as i32, miss);
            return;
        }
        if low > 0 {
            self.code.jump_if32(Cond::Lt, Reg::R1, low as i32, miss);
        }
        if high < u32::MAX {
            self.code.jump_if32(Cond::Gt, Reg::R1, high as i32, miss);
        }
    }

    /// Walks the list whose address is in `r8`: goes on at the first value that
    /// the test holds for, to `miss` if there is none. The test finds the value
    /// in `r1` and `r2`.
    fn any(&mut self, miss: Label, test: impl FnOnce(&mut Self, Label)) {
        let (hit, next) = (self.code.label(), self.code.label());
        self.code.jump_if(Cond::Eq, Reg::R8, 0, miss);
        self.code.load(Size::W, Reg::R9, Reg::R8, 0);
        let again = self.code.here();
        self.code.jump_if32(Cond::Eq, Reg::R9, 0, miss);
        self.code.alu32(zs_bpf::AluOp::Add, Reg::R8, 8);
        self.code.alu32(zs_bpf::AluOp::Sub, Reg::R9, 1);
        self.code.load(Size::W, Reg::R1, Reg::R8, 0);
        self.code.load(Size::W, Reg::R2, Reg::R8, 4);
        test(self, next);
        self.code.jump(hit);
        self.code.bind(next);
        self.code.jump(again);
        self.code.bind(hit);
    }

    /// Loads address and length of a text.
    pub fn text(&mut self, text: TextRef, address: Reg, len: Reg) {
        match text {
            TextRef::View(field) => {
                self.code.load(Size::W, address, Reg::R6, field.offset());
                self.code.load(Size::W, len, Reg::R6, field.offset() + 4);
            }
            TextRef::Value(value) => {
                self.load_value(address, value);
                self.code.load(Size::W, len, address, 4);
                self.code.load(Size::W, address, address, 0);
            }
        }
    }
}

//! Conditions as jumps.

use zs_cel::{Comprehension, Constant, Expr, Function, Kind, Range, Type};

use super::{Lower, Ways, constant, texts};
use crate::program::{Op, Register, Test};
use zs_abi::value::{self, Truth};

impl Lower<'_, '_, '_> {
    /// Lowers a condition; registers from `at` on are free.
    pub(super) fn condition(&mut self, expr: &Expr, at: Register, ways: Ways) {
        self.code.at(expr.span);
        self.lowering.place = expr.span;
        if let Some(holds) = constant::truth(expr) {
            self.code.jump(if holds { ways.yes } else { ways.no });
            return;
        }
        if let Some(subject) = texts::test_of(expr) {
            self.text_test(&subject, ways);
            return;
        }
        match &expr.kind {
            Kind::And(parts) => self.all_of(parts, at, ways, true),
            Kind::Or(parts) => self.all_of(parts, at, ways, false),
            Kind::Call(Function::Not, parts) if parts.len() == 1 => {
                let Ways { yes, no, error } = ways;
                let turned = Ways {
                    yes: no,
                    no: yes,
                    error,
                };
                self.condition(&parts[0], at, turned);
            }
            Kind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                self.choose(condition, at, ways, |this, holds| {
                    this.condition(if holds { yes } else { no }, at, ways);
                });
            }
            Kind::Matcher(matcher, arguments) => {
                self.matcher(*matcher, arguments, expr.span, ways);
            }
            Kind::Comprehension(comprehension) => match &**comprehension {
                Comprehension::All(range, condition) => {
                    self.every(range, condition, at, ways, true);
                }
                Comprehension::Exists(range, condition) => {
                    self.every(range, condition, at, ways, false);
                }
                Comprehension::ExistsOne(range, condition) => {
                    self.exactly_one(range, condition, at, ways);
                }
                _ => self.value_condition(expr, at, ways),
            },
            Kind::Bind {
                variable,
                value,
                body,
            } => {
                self.value(value, at);
                self.variables.insert(*variable, at);
                let next = self.after(at, 1, expr.span);
                self.condition(body, next, ways);
            }
            _ => self.value_condition(expr, at, ways),
        }
    }

    fn value_condition(&mut self, expr: &Expr, at: Register, ways: Ways) {
        self.value(expr, at);
        self.decide(at, ways);
    }

    /// Lowers one of two bodies after a condition; an error of the condition
    /// is one of the whole.
    pub(super) fn choose(
        &mut self,
        condition: &Expr,
        at: Register,
        ways: Ways,
        mut body: impl FnMut(&mut Self, bool),
    ) {
        let (yes, no) = (self.code.block(), self.code.block());
        let error = ways.error;
        self.condition(condition, at, Ways { yes, no, error });
        self.code.go(yes);
        body(self, true);
        self.code.go(no);
        body(self, false);
    }

    /// `&&` over conditions, or `||`, which is the same with both truth values
    /// changed for each other: one part decides, whatever errors the others
    /// have.
    fn all_of(&mut self, parts: &[Expr], at: Register, ways: Ways, and: bool) {
        let Some((last, first)) = parts.split_last() else {
            return;
        };
        // An error waits in a register for what the parts behind it say.
        let waits = first.iter().any(can_fail);
        let inner = if waits {
            self.constant(at, &constant::encode(&Constant::Bool(false)));
            self.after(at, 1, last.span)
        } else {
            at
        };
        for part in first {
            let next = self.code.block();
            if can_fail(part) {
                let failed = self.code.block();
                self.condition(part, inner, part_ways(ways, next, failed, and));
                self.code.go(failed);
                self.constant(at, &constant::encode(&Constant::Bool(true)));
                self.code.jump(next);
            } else {
                self.condition(part, inner, part_ways(ways, next, ways.error, and));
            }
            self.code.go(next);
        }
        let end = if waits {
            self.code.block()
        } else {
            undecided(ways, and)
        };
        self.condition(last, inner, part_ways(ways, end, ways.error, and));
        if waits {
            self.code.go(end);
            self.waited(at, ways.error, undecided(ways, and));
        }
    }

    /// Goes on by whether an error waited in a register.
    fn waited(
        &mut self,
        register: Register,
        error: crate::program::BlockId,
        none: crate::program::BlockId,
    ) {
        let truth = Truth::True;
        self.code
            .branch(Test::RegisterTruth { register, truth }, error, none);
    }

    /// `all` over elements, or `exists`, as in [`Self::all_of`].
    fn every(&mut self, range: &Range, condition: &Expr, at: Register, ways: Ways, all: bool) {
        let waits = can_fail(condition);
        if waits {
            self.constant(at, &constant::encode(&Constant::Bool(false)));
        }
        let iterator = self.after(at, 1, range.over.span);
        let (again, end) = self.begin_loop(range, iterator, ways.error);
        let inner = self.after(iterator, 2, condition.span);
        if waits {
            let failed = self.code.block();
            self.condition(condition, inner, part_ways(ways, again, failed, all));
            self.code.go(failed);
            self.constant(at, &constant::encode(&Constant::Bool(true)));
            self.code.jump(again);
        } else {
            self.condition(condition, inner, part_ways(ways, again, ways.error, all));
        }
        self.code.go(end);
        if waits {
            self.waited(at, ways.error, undecided(ways, all));
        } else {
            self.code.jump(undecided(ways, all));
        }
    }

    /// `exists_one`: counts, and an error of any element is one of the whole.
    fn exactly_one(&mut self, range: &Range, condition: &Expr, at: Register, ways: Ways) {
        let int = |value| constant::encode(&Constant::Int(value));
        self.constant(at, &int(0));
        let one = self.after(at, 1, range.over.span);
        let iterator = self.after(one, 1, range.over.span);
        let (again, end) = self.begin_loop(range, iterator, ways.error);
        let inner = self.after(iterator, 2, condition.span);
        let count = self.code.block();
        let (yes, no, error) = (count, again, ways.error);
        self.condition(condition, inner, Ways { yes, no, error });
        self.code.go(count);
        self.constant(one, &int(1));
        self.call(value::Function::Add, at, 2);
        self.code.jump(again);
        self.code.go(end);
        self.constant(one, &int(1));
        self.call(value::Function::Equal, at, 2);
        self.decide(at, ways);
    }

    /// Begins a loop over a range and goes on in its body: the element is in
    /// the register behind the iterator. Gives where to go for the next
    /// element, and where the loop ends.
    pub(super) fn begin_loop(
        &mut self,
        range: &Range,
        iterator: Register,
        error: crate::program::BlockId,
    ) -> (crate::program::BlockId, crate::program::BlockId) {
        self.value(&range.over, iterator);
        self.begin_loop_over(range, iterator, error)
    }

    /// As [`Self::begin_loop`] over the value that the iterator's register has.
    pub(super) fn begin_loop_over(
        &mut self,
        range: &Range,
        iterator: Register,
        error: crate::program::BlockId,
    ) -> (crate::program::BlockId, crate::program::BlockId) {
        self.call(value::Function::Iterate, iterator, 1);
        let again = self.code.block();
        let truth = Truth::Error;
        let failed = Test::RegisterTruth {
            register: iterator,
            truth,
        };
        self.code.branch(failed, error, again);
        self.code.go(again);
        let variable = self.after(iterator, 1, range.over.span);
        self.variables.insert(range.variable, variable);
        let (body, end) = (self.code.block(), self.code.block());
        let next = Test::RegisterNext { iterator, variable };
        self.code.branch(next, body, end);
        self.code.go(body);
        (again, end)
    }

    pub(super) fn call(&mut self, function: value::Function, first: Register, count: u32) {
        self.code.op(Op::RegisterCall {
            function,
            first,
            count,
        });
    }
}

/// The ways of a part of `&&`, or of `||`: one truth value decides, after the
/// other one the next part is looked at.
fn part_ways(
    ways: Ways,
    next: crate::program::BlockId,
    error: crate::program::BlockId,
    and: bool,
) -> Ways {
    if and {
        Ways {
            yes: next,
            no: ways.no,
            error,
        }
    } else {
        Ways {
            yes: ways.yes,
            no: next,
            error,
        }
    }
}

/// Where it goes when no part decided.
fn undecided(ways: Ways, and: bool) -> crate::program::BlockId {
    if and { ways.yes } else { ways.no }
}

/// Whether a condition may have an error; true where that is not known.
pub fn can_fail(expr: &Expr) -> bool {
    if constant::truth(expr).is_some() || texts::test_of(expr).is_some() {
        return false;
    }
    match &expr.kind {
        Kind::Matcher(..) => false,
        Kind::And(parts) | Kind::Or(parts) => parts.iter().any(can_fail),
        Kind::Call(Function::Not, parts) => parts.iter().any(can_fail),
        Kind::Call(Function::Equal | Function::NotEqual, parts) => parts.iter().any(value_can_fail),
        Kind::Conditional(parts) => parts.iter().any(can_fail),
        Kind::Call(Function::In, parts) => match &parts[..] {
            [value, list] => {
                value_can_fail(value)
                    || value_can_fail(list)
                    || !matches!(list.ty, Type::List(_) | Type::Map(..))
            }
            _ => true,
        },
        _ => true,
    }
}

/// Whether the computation of a value may have an error.
fn value_can_fail(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Constant(_) | Kind::Placeholder(_) | Kind::Request | Kind::TypeName(_) => false,
        Kind::List(items) => items.iter().any(value_can_fail),
        Kind::Map(entries) => entries
            .iter()
            .any(|(key, value)| value_can_fail(key) || value_can_fail(value)),
        _ if expr.ty == Type::Bool => can_fail(expr),
        _ => true,
    }
}

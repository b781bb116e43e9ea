//! Values in registers.

use zs_abi::value;
use zs_cel::{Comprehension, Constant, Expr, Function, Kind, Range};

use super::{Lower, Ways, constant};
use crate::program::{BlockId, Op, Register};
use crate::template::{self, Piece, Unknown};

/// Elements of a list that are computed in registers of their own.
const LIST_REGISTERS: usize = 16;

impl Lower<'_, '_, '_> {
    /// Computes a value into a register; those behind it are free.
    pub(super) fn value(&mut self, expr: &Expr, at: Register) {
        self.code.at(expr.span);
        self.lowering.place = expr.span;
        match &expr.kind {
            Kind::Constant(constant) => self.constant(at, &constant::encode(constant)),
            Kind::Request => self.constant(at, &constant::request()),
            Kind::TypeName(ty) => self.constant(at, &constant::type_name(ty)),
            Kind::Placeholder(name) => self.placeholder(name, at),
            Kind::Variable(variable) => match self.variables.get(variable) {
                Some(from) => {
                    let from = *from;
                    self.code.op(Op::RegisterCopy { register: at, from });
                }
                None => unreachable!("{variable} is used where it is not declared"),
            },
            Kind::And(_) | Kind::Or(_) | Kind::Matcher(..) => self.truth_value(expr, at),
            Kind::Call(function, arguments) => self.function(*function, arguments, expr, at),
            Kind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                let (error, end) = (self.code.block(), self.code.block());
                let ways = Ways {
                    yes: end,
                    no: end,
                    error,
                };
                self.choose(condition, at, ways, |this, holds| {
                    this.value(if holds { yes } else { no }, at);
                    this.code.jump(end);
                });
                self.failed(error, at);
                self.code.jump(end);
                self.code.go(end);
            }
            Kind::Select(operand, field) => self.field(value::Function::Index, operand, field, at),
            Kind::Has(operand, field) => self.field(value::Function::Has, operand, field, at),
            Kind::List(items) => self.list(items, at),
            Kind::Map(entries) => {
                let parts: Vec<&Expr> = entries
                    .iter()
                    .flat_map(|(key, value)| [key, value])
                    .collect();
                self.row(&parts, at);
                self.call(value::Function::Map, at, parts.len() as u32);
            }
            Kind::Comprehension(comprehension) => self.comprehension(comprehension, expr, at),
            Kind::Bind {
                variable,
                value,
                body,
            } => {
                self.value(value, at);
                self.variables.insert(*variable, at);
                let next = self.after(at, 1, expr.span);
                self.value(body, next);
                self.code.op(Op::RegisterCopy {
                    register: at,
                    from: next,
                });
            }
            _ => self.refuse(expr.span, "this expression", "write it in another way"),
        }
    }

    /// Puts a constant into a register.
    pub(super) fn constant(&mut self, register: Register, bytes: &[u8]) {
        let constant = self.lowering.program.data.text(bytes);
        self.code.op(Op::RegisterConstant { register, constant });
    }

    /// Values in neighbouring registers.
    fn row(&mut self, parts: &[&Expr], at: Register) {
        for (number, part) in parts.iter().enumerate() {
            let place = self.after(at, number as u32, part.span);
            self.value(part, place);
        }
    }

    /// What a condition comes to, as a value.
    fn truth_value(&mut self, expr: &Expr, at: Register) {
        let end = self.code.block();
        let (yes, no, error) = (self.code.block(), self.code.block(), self.code.block());
        self.condition(expr, at, Ways { yes, no, error });
        for (block, holds) in [(yes, true), (no, false)] {
            self.code.go(block);
            self.constant(at, &constant::encode(&Constant::Bool(holds)));
            self.code.jump(end);
        }
        self.failed(error, at);
        self.code.jump(end);
        self.code.go(end);
    }

    /// In a block: an error as a value.
    fn failed(&mut self, block: BlockId, at: Register) {
        self.code.go(block);
        self.constant(at, &constant::error("no such overload"));
    }

    fn function(&mut self, function: Function, arguments: &[Expr], expr: &Expr, at: Register) {
        if function == Function::Not {
            self.truth_value(expr, at);
            return;
        }
        if function == Function::Matches {
            self.matches(arguments, expr, at);
            return;
        }
        let name = match function {
            Function::Negate => "negate",
            other => other.name(),
        };
        let Some(known) = value::Function::by_name(name) else {
            let what = format!("the function `{function}`");
            self.refuse(expr.span, &what, "write the condition without it");
            return;
        };
        if known.group() == value::Group::Time
            && let [_, zone] = arguments
            && constant::text(zone).is_none_or(|zone| !is_offset(&zone))
        {
            let help = "write an offset such as `'+02:00'`, or `'UTC'`";
            self.refuse(zone.span, "a named time zone", help);
            return;
        }
        self.row(&arguments.iter().collect::<Vec<_>>(), at);
        self.call(known, at, arguments.len() as u32);
    }

    /// `matches` with an expression that is known.
    fn matches(&mut self, arguments: &[Expr], expr: &Expr, at: Register) {
        let [text, pattern] = arguments else { return };
        let Some(pattern) = constant::text(pattern) else {
            let what = "a regular expression that is made at run time";
            self.refuse(pattern.span, what, "write the expression out");
            return;
        };
        self.value(text, at);
        let regex = self.lowering.regex("", &pattern, expr.span.into());
        self.code.op(Op::RegisterRegex {
            register: at,
            regex,
        });
    }

    fn field(&mut self, function: value::Function, operand: &Expr, field: &str, at: Register) {
        self.value(operand, at);
        let key = self.after(at, 1, operand.span);
        self.constant(key, &constant::encode(&Constant::String(field.to_owned())));
        self.call(function, at, 2);
    }

    fn list(&mut self, items: &[Expr], at: Register) {
        let (first, rest) = items.split_at(items.len().min(LIST_REGISTERS));
        self.row(&first.iter().collect::<Vec<_>>(), at);
        self.call(value::Function::List, at, first.len() as u32);
        for item in rest {
            let place = self.after(at, 1, item.span);
            self.value(item, place);
            self.call(value::Function::Append, at, 2);
        }
    }

    fn placeholder(&mut self, name: &Expr, at: Register) {
        let Some(text) = constant::text(name) else {
            let what = "a placeholder whose name is made at run time";
            self.refuse(name.span, what, "write the name out");
            return;
        };
        let pieces = template::pieces(
            &format!("{{{text}}}"),
            Unknown::Empty,
            &mut self.lowering.names(),
        );
        // What nobody knows is not there.
        if !matches!(pieces[..], [Piece::Placeholder(_)]) {
            self.constant(at, &constant::encode(&Constant::Null));
            return;
        }
        let template = template::store(&pieces, None, |_| 0, &mut self.lowering.program.data);
        self.code.op(Op::RegisterPlaceholder {
            register: at,
            template,
        });
    }

    fn comprehension(&mut self, comprehension: &Comprehension, expr: &Expr, at: Register) {
        match comprehension {
            Comprehension::Filter(range, condition) => {
                self.value(&range.over, self.iterator(at));
                self.collect(range, Some(condition), None, at);
            }
            Comprehension::Map(range, condition, value) => {
                self.value(&range.over, self.iterator(at));
                self.collect(range, condition.as_ref(), Some(value), at);
            }
            Comprehension::SortBy(range, key) => {
                self.value(&range.over, at);
                let keys = self.after(at, 1, expr.span);
                let iterator = self.iterator(keys);
                self.code.op(Op::RegisterCopy {
                    register: iterator,
                    from: at,
                });
                self.collect(range, None, Some(key), keys);
                self.call(value::Function::SortBy, at, 2);
            }
            _ => self.truth_value(expr, at),
        }
    }

    /// The iterator of a list that is collected in a register.
    fn iterator(&self, at: Register) -> Register {
        Register(at.0 + 2)
    }

    /// A list of what is made of the elements for which a condition holds. The
    /// list grows in `at`; an element to be added is behind it, then come the
    /// iterator and the variable.
    fn collect(
        &mut self,
        range: &Range,
        condition: Option<&Expr>,
        value: Option<&Expr>,
        at: Register,
    ) {
        let (error, done) = (self.code.block(), self.code.block());
        let item = self.after(at, 1, range.over.span);
        let iterator = self.iterator(at);
        let inner = self.after(iterator, 2, range.over.span);
        self.call(value::Function::List, at, 0);
        let (again, end) = self.begin_loop_over(range, iterator, error);
        if let Some(condition) = condition {
            let yes = self.code.block();
            let no = again;
            self.condition(condition, inner, Ways { yes, no, error });
            self.code.go(yes);
        }
        match value {
            Some(value) => {
                self.value(value, inner);
                self.code.op(Op::RegisterCopy {
                    register: item,
                    from: inner,
                });
            }
            None => {
                let from = self.after(iterator, 1, range.over.span);
                self.code.op(Op::RegisterCopy {
                    register: item,
                    from,
                });
            }
        }
        self.call(value::Function::Append, at, 2);
        self.code.jump(again);
        self.failed(error, at);
        self.code.jump(done);
        self.code.go(end);
        self.code.jump(done);
        self.code.go(done);
    }
}

/// Whether a time zone is one that needs no table of zones.
fn is_offset(zone: &str) -> bool {
    zone == "UTC" || zone.is_empty() || zone.contains(':')
}

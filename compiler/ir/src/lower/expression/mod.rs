//! Expressions: typed trees to tests, jumps and calls on registers.
//!
//! What decides about truth becomes jumps between blocks: `&&`, `||`, `!`,
//! `? :`, comprehensions that ask. A request matcher becomes what the matcher
//! of its name becomes. A comparison of a placeholder that always is a text
//! with a constant becomes a test of texts. All else is computed in registers
//! of the runtime, each operation a call of its function.
//!
//! A condition has three ways on: it holds, it does not, it has an error.

mod condition;
mod constant;
mod matchers;
mod texts;
mod values;

use std::collections::BTreeMap;

use zs_abi::value::{REGISTERS_MAX, Truth};
use zs_cel::{Expr, Kind, Matcher, Source, VariableId};
use zs_config::model::CelExpression;
use zs_diagnostics::{Sink, Span};

use super::Lowering;
use super::code::Code;
use super::matchers::form_of;
use crate::program::{Act, BlockId, Op, Register, Test};

/// Where a condition leads.
#[derive(Clone, Copy, Debug)]
struct Ways {
    /// It holds.
    yes: BlockId,
    /// It does not.
    no: BlockId,
    /// It has an error.
    error: BlockId,
}

/// An expression that is being lowered.
struct Lower<'l, 'a, 'c> {
    lowering: &'l mut Lowering<'a>,
    code: &'c mut Code,
    /// The matcher's name: captures are found under it.
    name: &'l str,
    /// Registers that hold the values of variables.
    variables: BTreeMap<VariableId, Register>,
}

impl Lowering<'_> {
    /// The tree of an expression; mistakes are reported, once.
    pub(super) fn tree(&mut self, expression: &CelExpression, span: Span) -> Option<Expr> {
        if expression.source.text().is_empty() {
            return zs_cel::compile(&Source::word(&expression.expr, span), self.sink);
        }
        zs_cel::compile(&expression.source, self.sink)
    }

    /// Prepares the forms of the path that an expression reads. Mistakes in it
    /// are told when it is lowered.
    pub(super) fn prepare_expression(&mut self, code: &mut Code, expression: &CelExpression) {
        let source = match expression.source.text() {
            "" => Source::word(&expression.expr, Span::default()),
            _ => expression.source.clone(),
        };
        let Some(tree) = zs_cel::compile(&source, &mut Sink::new()) else {
            return;
        };
        tree.visit(&mut |expr| {
            if let Kind::Matcher(Matcher::Path, arguments) = &expr.kind
                && let Ok(set) = matchers::set(Matcher::Path, arguments, "", expr.span)
            {
                for form in set
                    .path
                    .iter()
                    .flat_map(|patterns| patterns.iter())
                    .filter_map(|pattern| form_of(pattern))
                {
                    code.path(form);
                }
            }
        });
    }

    /// Goes on if an expression holds, else to `no`. An error raises one, with
    /// the status 500.
    pub(super) fn expression(
        &mut self,
        code: &mut Code,
        expression: &CelExpression,
        span: Span,
        no: BlockId,
    ) {
        let Some(tree) = self.tree(expression, span) else {
            return;
        };
        let (yes, error) = (code.block(), code.block());
        let mark = code.mark();
        code.op(Op::RegistersClear);
        let mut lower = Lower {
            lowering: self,
            code,
            name: &expression.name,
            variables: BTreeMap::new(),
        };
        lower.condition(&tree, Register(0), Ways { yes, no, error });
        if !code.uses_registers_since(&mark) {
            code.remove(&mark);
        }
        if condition::can_fail(&tree) {
            code.go(error);
            let number = self.plain_error("500");
            code.act(Act::Error(number));
        }
        code.go(yes);
    }
}

impl Lower<'_, '_, '_> {
    /// The register behind one; an expression that needs more than there are
    /// is refused.
    fn after(&mut self, register: Register, count: u32, span: Span) -> Register {
        let next = register.0 + count;
        if next >= REGISTERS_MAX {
            let what = format!("an expression of more than {REGISTERS_MAX} values at a time");
            self.lowering
                .unsupported(span, &what, "split it over several named matchers");
            return Register(0);
        }
        Register(next)
    }

    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        self.lowering.unsupported(span, what, help);
    }

    /// Ends a block by what a register says of a condition.
    fn decide(&mut self, register: Register, ways: Ways) {
        let next = self.code.block();
        let truth = |truth| Test::RegisterTruth { register, truth };
        self.code.branch(truth(Truth::True), ways.yes, next);
        self.code.go(next);
        self.code.branch(truth(Truth::Error), ways.error, ways.no);
    }
}

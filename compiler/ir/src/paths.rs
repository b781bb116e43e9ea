//! Turns path tests into code: a few become compares, many become one walk
//! over an automaton and tests of bits.

use crate::program::{Compare, End, Function, Op, Test, TextRef, Value, ViewText};
use crate::{automaton, groups, path_expressions};
use zs_abi::data::Text;
use zs_data::DataBuilder;

/// Most tests of one prepared path that are done by compares; beyond it one
/// walk over the path costs less than the compares.
const COMPARES_MAX: usize = 12;

/// Splits a path pattern into how it is compared and its literal; `None` for
/// patterns that need globbing (stars inside).
#[must_use]
pub fn simple(pattern: &str) -> Option<(Compare, &str)> {
    let (leading, rest) = match pattern.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (trailing, literal) = match rest.strip_suffix('*') {
        Some(literal) => (true, literal),
        None => (false, rest),
    };
    if literal.contains(['*', '?', '[', '\\']) {
        return None;
    }
    let compare = match (leading, trailing) {
        (false, false) => Compare::Equal,
        (false, true) => Compare::Prefix,
        (true, false) => Compare::Suffix,
        (true, true) => Compare::Contains,
    };
    Some((compare, literal))
}

/// Replaces all path tests of a function.
pub fn lower(function: &mut Function, data: &mut DataBuilder) {
    for (value, form) in prepared(function) {
        if form == ViewText::PathClean {
            path_expressions::lower(function, value, data);
            continue;
        }
        let mut literals: Vec<automaton::Pattern> = Vec::new();
        for literal in branches(function)
            .filter_map(|test| wanted(test, value))
            .filter_map(literal)
        {
            if !literals.contains(&literal) {
                literals.push(literal);
            }
        }
        let table = (literals.len() > COMPARES_MAX)
            .then(|| walked(function, value, &literals, data))
            .flatten();
        replace_op(
            function,
            value,
            table.map(|table| Op::Walk {
                out: value,
                table,
                text: TextRef::View(form),
            }),
        );
        replace_tests(function, |test| {
            let pattern = wanted(test, value)?;
            let known = literal(pattern)
                .filter(|_| table.is_some())
                .and_then(|wanted| literals.iter().position(|known| *known == wanted));
            Some(match known {
                Some(bit) => Test::Bit {
                    set: value,
                    bit: bit as u32,
                },
                // Shell patterns are no part of the automaton.
                None => compare(pattern, form),
            })
        });
    }
}

/// The automaton of some patterns; the tests for them are grouped if there is one.
fn walked(
    function: &mut Function,
    value: Value,
    literals: &[automaton::Pattern],
    data: &mut DataBuilder,
) -> Option<Text> {
    let mut grouped = function.clone();
    let bit_of = |test: &Test| {
        let wanted = literal(wanted(test, value)?)?;
        let bit = literals.iter().position(|known| *known == wanted)?;
        Some(bit as u32)
    };
    let groups = groups::group(&mut grouped, value, literals.len() as u32, bit_of);
    let table = automaton::build(literals, &groups, data)?;
    *function = grouped;
    Some(table)
}

fn literal(pattern: &str) -> Option<automaton::Pattern> {
    simple(pattern).map(|(compare, literal)| (compare, literal.as_bytes().to_vec()))
}

fn compare(pattern: &str, form: ViewText) -> Test {
    let text = TextRef::View(form);
    match simple(pattern) {
        Some((compare, literal)) => Test::Text {
            text,
            compare,
            with: literal.as_bytes().to_vec(),
        },
        None => Test::Glob {
            pattern: pattern.to_owned(),
            text,
        },
    }
}

/// The prepared paths of a function.
fn prepared(function: &Function) -> Vec<(Value, ViewText)> {
    let ops = function.blocks.iter().flat_map(|block| &block.ops);
    ops.filter_map(|op| match op.what {
        Op::PathSet { out, form } => Some((out, form)),
        _ => None,
    })
    .collect()
}

/// The tests that blocks end with.
pub(crate) fn branches(function: &Function) -> impl Iterator<Item = &Test> {
    function
        .blocks
        .iter()
        .filter_map(|block| match &block.end.what {
            End::Branch { test, .. } => Some(test),
            _ => None,
        })
}

/// The pattern that a prepared path is tested against.
fn wanted(test: &Test, value: Value) -> Option<&str> {
    match test {
        Test::Path { set, pattern } if *set == value => Some(pattern),
        _ => None,
    }
}

pub(crate) fn replace_op(function: &mut Function, value: Value, by: Option<Op>) {
    for block in &mut function.blocks {
        let place = block
            .ops
            .iter()
            .position(|op| matches!(op.what, Op::PathSet { out, .. } if out == value));
        match (place, &by) {
            (Some(place), Some(op)) => block.ops[place].what = op.clone(),
            (Some(place), None) => {
                block.ops.remove(place);
            }
            (None, _) => {}
        }
    }
}

/// Puts other tests in the place of those for which there is one.
pub(crate) fn replace_tests(function: &mut Function, mut by: impl FnMut(&Test) -> Option<Test>) {
    for block in &mut function.blocks {
        if let End::Branch { test, .. } = &mut block.end.what
            && let Some(other) = by(test)
        {
            *test = other;
        }
    }
}

//! Turns the expressions that a path is tested against into code: a few become
//! a walk each, many one walk over the automaton of all of them and tests of bits.

use zs_abi::data::Text;
use zs_data::DataBuilder;

use crate::program::{Function, Op, Test, TextRef, Value, ViewText};
use crate::{groups, paths, regex};

/// Most expressions that are walked one by one.
const APART_MAX: usize = 3;

/// Replaces the tests of one prepared path.
pub(crate) fn lower(function: &mut Function, value: Value, data: &mut DataBuilder) {
    let mut patterns: Vec<String> = Vec::new();
    for pattern in paths::branches(function).filter_map(|test| wanted(test, value)) {
        if !patterns.iter().any(|known| known == pattern) {
            patterns.push(pattern.to_owned());
        }
    }
    let text = TextRef::View(ViewText::PathClean);
    let table = (patterns.len() > APART_MAX)
        .then(|| walked(function, value, &patterns, data))
        .flatten();
    let walk = table.map(|table| Op::Walk {
        out: value,
        table,
        text,
    });
    paths::replace_op(function, value, walk);
    paths::replace_tests(function, |test| {
        let pattern = wanted(test, value)?;
        let bit = patterns.iter().position(|known| known == pattern)?;
        if table.is_some() {
            let bit = bit as u32;
            return Some(Test::Bit { set: value, bit });
        }
        let table = regex::automaton(pattern, data)?;
        Some(Test::Accepts { table, text })
    });
}

/// The automaton of all; the tests are grouped if there is one.
fn walked(
    function: &mut Function,
    value: Value,
    patterns: &[String],
    data: &mut DataBuilder,
) -> Option<Text> {
    let mut grouped = function.clone();
    let bit_of = |test: &Test| {
        let pattern = wanted(test, value)?;
        let bit = patterns.iter().position(|known| known == pattern)?;
        Some(bit as u32)
    };
    let groups = groups::group(&mut grouped, value, patterns.len() as u32, bit_of);
    let table = regex::set(patterns, &groups, data)?;
    *function = grouped;
    Some(table)
}

fn wanted(test: &Test, value: Value) -> Option<&str> {
    match test {
        Test::PathRegexp { set, pattern } if *set == value => Some(pattern),
        _ => None,
    }
}

//! Checks machine code from its bytes, entry points and read-only tables alone.
//!
//! In: [`Placed`] x86-64 code. Out: a [`Report`], or the first [`Violation`] of a
//! [`Rule`]. Nothing of the code generator is used or believed: what it says about
//! functions and registers are claims, which are proved on the way or refused.
//!
//! One pass over the instructions of each function keeps what is known of its
//! registers, its frame and its budget. Where a jump may arrive, only what is
//! claimed there counts, and every jump and fall-through to it must prove the
//! claim. So the pass is linear, however the code loops.
//!
//! What is proved, given that the window's base is in r12, the frame's guest address
//! in rbp and the tables are as described: the code touches only its window and its
//! own frame on the machine stack, calls only its functions and the listed helpers,
//! ends within its budget, and keeps every register that its callers rely on.
//!
//! Left out on purpose: whether the code does what its source says.
#![forbid(unsafe_code)]

mod function;
mod instruction;
mod listing;
mod rule;
mod state;

use std::collections::BTreeSet;
use std::ops::Range;

pub use listing::listing;
pub use rule::{Rule, Violation};

/// Code as it will lie in memory.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The bytes, with all addresses filled in.
    pub text: &'a [u8],
    /// Address of the first byte.
    pub address: u64,
    /// Claim: where functions lie, as offsets in `text`, in rising order. What lies
    /// between them must be breakpoint instructions.
    pub functions: &'a [Range<u32>],
    /// Offsets that the table of entries points to.
    pub entries: &'a [u32],
    /// Address of the table of entries, eight bytes for each of `entries`.
    pub entries_address: u64,
    /// Address of the table of helpers.
    pub helpers_address: u64,
    /// Slots of the table of helpers; slot 0 is the trap, which never returns.
    pub helper_count: u32,
    /// Claims: at which offsets jumps arrive and what holds there, in rising
    /// order.
    pub hints: &'a [Hint],
}

/// A claim about a place that jumps lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Offset in the text.
    pub offset: u32,
    /// Registers whose upper half is zero: one bit each, by machine number.
    pub zero_extended: u16,
}

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Functions.
    pub functions: u32,
    /// Instructions.
    pub instructions: u32,
    /// Accesses to guest memory.
    pub accesses: u32,
}

/// Checks code; gives the first violation of the rules.
pub fn audit(placed: &Placed<'_>) -> Result<Report, Violation> {
    audit_ignoring(placed, None)
}

/// Checks code by all rules but one. Only tests want this: it shows that no other
/// rule catches what a rule is there for.
#[doc(hidden)]
pub fn audit_ignoring(placed: &Placed<'_>, ignored: Option<Rule>) -> Result<Report, Violation> {
    let tolerate = |checked: Result<(), Violation>| match checked {
        Err(violation) if Some(violation.rule) == ignored => Ok(()),
        other => other,
    };
    let starts: BTreeSet<u32> = placed.functions.iter().map(|range| range.start).collect();
    tolerate(check_ranges(placed))?;
    for entry in placed.entries {
        if !starts.contains(entry) {
            tolerate(Err(
                Rule::EntryPoint.violated(*entry, "no function begins here")
            ))?;
        }
    }
    let mut report = Report::default();
    for range in placed.functions {
        let checked = function::check(placed, &starts, range.clone(), ignored, &mut report);
        tolerate(checked)?;
        report.functions += 1;
    }
    Ok(report)
}

/// Functions do not overlap, and nothing else is between them.
fn check_ranges(placed: &Placed<'_>) -> Result<(), Violation> {
    let mut end = 0;
    let text_end = placed.text.len() as u32;
    let ranges = placed.functions.iter().cloned();
    for range in ranges.chain(std::iter::once(text_end..text_end)) {
        let Some(filler) = placed.text.get(end as usize..range.start as usize) else {
            return Err(Rule::Padding.violated(range.start, "functions overlap or lie outside"));
        };
        if let Some(at) = filler.iter().position(|byte| *byte != BREAKPOINT) {
            return Err(Rule::Padding.violated(end + at as u32, "code outside of functions"));
        }
        if range.end < range.start || range.end > text_end {
            return Err(Rule::Padding.violated(range.start, "function lies outside"));
        }
        end = range.end;
    }
    Ok(())
}

const BREAKPOINT: u8 = 0xcc;

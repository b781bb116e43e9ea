//! Verification: what a linked image must be before it is translated.
//!
//! - Every instruction decodes, and jumps lead to instructions of the same
//!   function.
//! - No function runs off its end.
//! - `r10` is never written, and accesses that name it stay within the frame.
//! - Local calls lead to functions of the image; called helpers are listed; tail
//!   calls are checked against the number of entries that the image has.
//! - No register is read that may hold nothing the program put there: what a
//!   helper leaves in `r1`…`r5` never becomes visible. What a function reads of its
//!   arguments, its callers must have set; the runtime sets all of them.
//! - Entries come first, in the order of their numbers; names differ; line
//!   tables rise.

use std::collections::BTreeSet;
use std::fmt;

use zs_abi::layout::FRAME_BYTES;

use crate::image::{Function, Image};
use crate::op::Op;
use crate::reg::{Reg, RegSet};

/// What verification refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// Name of the function.
    pub function: String,
    /// Slot of the instruction.
    pub at: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            at,
            message,
        } = self;
        write!(f, "function {function}, slot {at}: {message}")
    }
}

impl std::error::Error for VerifyError {}

/// Verifies an image; gives the first thing that is wrong.
pub fn verify(image: &Image) -> Result<(), VerifyError> {
    let mut bodies = Vec::with_capacity(image.functions.len());
    let mut names = BTreeSet::new();
    let entry_count = image.entry_count();
    for (place, function) in image.functions.iter().enumerate() {
        let error = |at: usize, message: &str| error(function, at, message);
        if !names.insert(&function.name) {
            return Err(error(0, "another function has the same name"));
        }
        let expected = (place < entry_count as usize).then_some(place as u32);
        if function.entry.map(|entry| entry.0) != expected {
            return Err(error(0, "entries are not in order"));
        }
        if !function.calls.is_empty() {
            return Err(error(0, "its calls are not linked"));
        }
        if let Some(pair) = function
            .lines
            .windows(2)
            .find(|pair| pair[0].0 >= pair[1].0)
        {
            return Err(error(pair[1].0 as usize, "its line table does not rise"));
        }
        let body = Body::decode(function)?;
        body.check_structure(image, entry_count)?;
        bodies.push(body);
    }
    check_definitions(&bodies)
}

fn error(function: &Function, at: usize, message: impl Into<String>) -> VerifyError {
    VerifyError {
        function: function.name.clone(),
        at,
        message: message.into(),
    }
}

/// A decoded function.
struct Body<'a> {
    function: &'a Function,
    /// The instruction that starts at each slot; `None` inside of one.
    ops: Vec<Option<Op>>,
}

impl<'a> Body<'a> {
    fn decode(function: &'a Function) -> Result<Self, VerifyError> {
        let mut ops = vec![None; function.insns.len()];
        let mut at = 0;
        while at < function.insns.len() {
            let op = Op::decode(&function.insns, at)
                .map_err(|decode| error(function, decode.at, decode.message))?;
            ops[at] = Some(op);
            at += op.slots();
        }
        Ok(Self { function, ops })
    }

    fn error(&self, at: usize, message: impl Into<String>) -> VerifyError {
        error(self.function, at, message)
    }

    fn instructions(&self) -> impl DoubleEndedIterator<Item = (usize, Op)> {
        let ops = self.ops.iter().enumerate();
        ops.filter_map(|(at, op)| op.map(|op| (at, op)))
    }

    fn check_structure(&self, image: &Image, entry_count: u32) -> Result<(), VerifyError> {
        for (at, op) in self.instructions() {
            if op.writes().contains(Reg::R10) {
                return Err(self.error(at, "r10 is written"));
            }
            if let Some(target) = op.target(at) {
                let place = usize::try_from(target).ok();
                let op = place.and_then(|place| self.ops.get(place));
                if !matches!(op, Some(Some(_))) {
                    let message = format!("jump to slot {target}, which is no instruction");
                    return Err(self.error(at, message));
                }
            }
            self.check_frame(at, op)?;
            let refused = match op {
                Op::CallLocal(callee) if callee.index() >= image.functions.len() => {
                    Some(format!("call of {callee}, which does not exist"))
                }
                Op::CallHelper(helper) if image.helpers.binary_search(&helper).is_err() => {
                    Some(format!("call of helper {}, which is not listed", helper.0))
                }
                Op::TailCall { count, .. } if count != entry_count => Some(format!(
                    "tail call checked against {count} entries instead of {entry_count}"
                )),
                _ => None,
            };
            if let Some(message) = refused {
                return Err(self.error(at, message));
            }
        }
        match self.instructions().next_back() {
            Some((_, op)) if op.ends() => Ok(()),
            Some((at, _)) => Err(self.error(at, "the function runs off its end")),
            None => Err(self.error(0, "the function is empty")),
        }
    }

    /// Accesses that name the frame pointer stay within the frame.
    fn check_frame(&self, at: usize, op: Op) -> Result<(), VerifyError> {
        let (Op::Load {
            base, offset, size, ..
        }
        | Op::Store {
            base, offset, size, ..
        }
        | Op::Atomic {
            base, offset, size, ..
        }) = op
        else {
            return Ok(());
        };
        let start = i32::from(offset);
        let frame = -(FRAME_BYTES as i32)..=-(size.bytes() as i32);
        if base == Reg::R10 && !frame.contains(&start) {
            return Err(self.error(at, "access outside of the frame"));
        }
        Ok(())
    }
}

/// What is known of the registers before an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    /// Set by this function on every path.
    defined: RegSet,
    /// May still hold what the caller passed.
    passed: RegSet,
}

impl Known {
    const START: Self = Self {
        defined: RegSet::of(Reg::R10),
        passed: RegSet::ARGUMENTS,
    };

    fn after(self, op: Op) -> Self {
        let gone = op.writes().union(op.clobbers());
        Self {
            defined: self.defined.without(op.clobbers()).union(op.writes()),
            passed: self.passed.without(gone),
        }
    }

    /// What holds where two paths meet: a register is readable if it is on both.
    fn meet(self, other: Self) -> Self {
        let readable = self.readable().intersection(other.readable());
        let defined = self.defined.intersection(other.defined);
        Self {
            defined,
            passed: readable.without(defined),
        }
    }

    fn readable(self) -> RegSet {
        self.defined.union(self.passed)
    }
}

/// Finds reads of registers that may be undefined. Which arguments a function
/// needs depends on its callees, so this repeats until nothing is added.
fn check_definitions(bodies: &[Body<'_>]) -> Result<(), VerifyError> {
    let mut needs = vec![RegSet::EMPTY; bodies.len()];
    let states: Vec<_> = bodies.iter().map(known_before).collect();
    loop {
        let mut grown = false;
        let entry_needs = bodies
            .iter()
            .zip(&needs)
            .filter(|(body, _)| body.function.entry.is_some())
            .fold(RegSet::EMPTY, |all, (_, needs)| all.union(*needs));
        for (place, body) in bodies.iter().enumerate() {
            for (at, op) in body.instructions() {
                let Some(known) = states[place][at] else {
                    continue;
                };
                let read = op.reads().union(match op {
                    Op::CallLocal(callee) => needs[callee.index()],
                    Op::TailCall { .. } => entry_needs,
                    _ => RegSet::EMPTY,
                });
                if let Some(reg) = read.without(known.readable()).iter().next() {
                    let message = format!("{reg} is read, but may not be set");
                    return Err(body.error(at, message));
                }
                let more = needs[place].union(read.intersection(known.passed));
                grown |= more != needs[place];
                needs[place] = more;
            }
        }
        if !grown {
            return Ok(());
        }
    }
}

/// What is known before each instruction; `None` where control never comes.
fn known_before(body: &Body<'_>) -> Vec<Option<Known>> {
    let mut states: Vec<Option<Known>> = vec![None; body.ops.len()];
    let mut waiting = vec![(0, Known::START)];
    while let Some((at, coming)) = waiting.pop() {
        let known = match states[at] {
            Some(known) => known.meet(coming),
            None => coming,
        };
        if states[at] == Some(known) {
            continue;
        }
        states[at] = Some(known);
        let Some(op) = body.ops[at] else { continue };
        let after = known.after(op);
        if let Some(target) = op.target(at) {
            waiting.push((target as usize, after));
        }
        if !op.ends() {
            waiting.push((at + op.slots(), after));
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use crate::{assemble, link, verify};

    fn refused(text: &str) -> String {
        let module = assemble("test", text).unwrap();
        let image = link(&[module]).unwrap();
        match verify(&image) {
            Ok(()) => "accepted".to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_rule_refuses() {
        let cases = [
            ("r0 = 1", "slot 0: the function runs off its end"),
            ("r10 += 8\nr0 = 0\nexit", "slot 0: r10 is written"),
            (
                "*(u64*)(r10 - 4) = 1\nr0 = 0\nexit",
                "slot 0: access outside of the frame",
            ),
            (
                "r0 = *(u8*)(r10 - 4097)\nexit",
                "slot 0: access outside of the frame",
            ),
            ("exit", "slot 0: r0 is read, but may not be set"),
            (
                "call helper 1\nr0 = r3\nexit",
                "slot 1: r3 is read, but may not be set",
            ),
            (
                "if r1 == 0 goto skip\nr6 = 1\nskip:\nr0 = r6\nexit",
                "slot 2: r6 is read, but may not be set",
            ),
            (
                "tailcall r1, 2",
                "slot 0: tail call checked against 2 entries instead of 1",
            ),
        ];
        for (text, message) in cases {
            let found = refused(&format!("func f: .entry 0\n{text}"));
            assert_eq!(found, format!("function f, {message}"), "{text}");
        }
    }

    #[test]
    fn arguments_are_needed_through_calls() {
        let callee = "func g: r0 = r3\nexit\nfunc h: call g\nexit\n";
        let good = format!("{callee}func f: .entry 0\nr3 = 1\ncall h\nexit");
        assert_eq!(refused(&good), "accepted");
        let bad = format!("{callee}func f: .entry 0\ncall helper 1\ncall h\nexit");
        assert_eq!(
            refused(&bad),
            "function f, slot 1: r3 is read, but may not be set"
        );
    }

    #[test]
    fn accepts_loops() {
        let text =
            "func f: .entry 0\nr0 = 0\nagain:\nr0 += r1\nr2 -= 1\nif r2 != 0 goto again\nexit";
        assert_eq!(refused(text), "accepted");
    }
}

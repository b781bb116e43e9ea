//! Checks a function. What it checks:
//!
//! 1. Every block, value and target that is named exists.
//! 2. A value is defined once, and before every use on every way to it.
//! 3. No value lives across a suspension: a block that the runtime enters
//!    begins without values, since a waiting request holds no stack.
//! 4. An action that gives a result has a place to go on at; `end`, `yes`, `abort`
//!    and `error` have none.
//! 5. Words of the request's own memory lie inside it.

use std::collections::BTreeSet;
use std::fmt;

use crate::program::{Act, BlockId, End, Function, IntRef, Op, Target, Test, Value};

/// What is wrong with a function, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The function's name.
    pub function: String,
    /// The block.
    pub block: BlockId,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A block that does not exist.
    NoBlock(BlockId),
    /// A value is defined twice.
    Redefined(Value),
    /// A value is used where it is not defined on every way.
    Undefined(Value),
    /// A value is used after a suspension that it was defined before.
    AcrossSuspension(Value),
    /// A suspending action without a place to go on at, or the reverse.
    Resume,
    /// A word outside the request's own memory.
    Local(u32),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.function, self.block)?;
        match &self.problem {
            Problem::NoBlock(block) => write!(f, "{block} does not exist"),
            Problem::Redefined(value) => write!(f, "{value} is defined twice"),
            Problem::Undefined(value) => write!(f, "{value} is not defined on every way here"),
            Problem::AcrossSuspension(value) => {
                write!(f, "{value} lives across a suspension")
            }
            Problem::Resume => write!(f, "the action and its place to go on do not fit"),
            Problem::Local(word) => write!(f, "word {word} lies outside the request's memory"),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Checks a function; `more` are blocks that the runtime enters though no
/// operation of the function says so.
///
/// # Errors
/// The first problem found, in the order of blocks.
pub fn verify(function: &Function, more: &[BlockId]) -> Result<(), VerifyError> {
    let check = Check {
        function,
        entered: entered(function, more),
    };
    check.names()?;
    check.definitions()?;
    check.uses()
}

/// The blocks that the runtime enters: the first, and every target.
#[must_use]
pub fn entered(function: &Function, more: &[BlockId]) -> BTreeSet<BlockId> {
    let mut entered: BTreeSet<BlockId> = more.iter().copied().collect();
    entered.insert(BlockId(0));
    for block in &function.blocks {
        let resume = match block.end.what {
            End::Act { resume, .. } => resume,
            _ => None,
        };
        let targets = block
            .ops
            .iter()
            .filter_map(|op| op.what.target())
            .chain(resume);
        entered.extend(targets.filter_map(|target| match target {
            Target::Block(block) => Some(block),
            Target::Function(_) => None,
        }));
    }
    entered
}

struct Check<'f> {
    function: &'f Function,
    entered: BTreeSet<BlockId>,
}

impl Check<'_> {
    fn error(&self, block: usize, problem: Problem) -> VerifyError {
        let function = self.function.name.clone();
        VerifyError {
            function,
            block: BlockId(block as u32),
            problem,
        }
    }

    fn names(&self) -> Result<(), VerifyError> {
        let count = self.function.blocks.len();
        if let Some(block) = self.entered.iter().find(|block| block.index() >= count) {
            return Err(self.error(0, Problem::NoBlock(*block)));
        }
        for (at, block) in self.function.blocks.iter().enumerate() {
            for to in block.end.what.successors() {
                if to.index() >= count {
                    return Err(self.error(at, Problem::NoBlock(to)));
                }
            }
            if let End::Act { act, resume } = &block.end.what {
                let fits = match act {
                    Act::End | Act::Yes | Act::Abort | Act::Error(_) | Act::Proxy(_) => {
                        resume.is_none()
                    }
                    Act::Respond(_) | Act::Files(_) => true,
                    Act::Goto | Act::Subrequest(_) | Act::Authenticate(_) => resume.is_some(),
                };
                if !fits {
                    return Err(self.error(at, Problem::Resume));
                }
            }
            for word in locals(block) {
                if word >= zs_abi::view::LOCALS_BYTES / 4 {
                    return Err(self.error(at, Problem::Local(word)));
                }
            }
        }
        Ok(())
    }

    fn definitions(&self) -> Result<(), VerifyError> {
        let mut defined = BTreeSet::new();
        for (at, block) in self.function.blocks.iter().enumerate() {
            for value in block.ops.iter().filter_map(|op| op.what.defines()) {
                if !defined.insert(value) {
                    return Err(self.error(at, Problem::Redefined(value)));
                }
                if value.0 >= self.function.values {
                    return Err(self.error(at, Problem::Undefined(value)));
                }
            }
        }
        Ok(())
    }

    fn uses(&self) -> Result<(), VerifyError> {
        let strict = self.available(false);
        for (at, block) in self.function.blocks.iter().enumerate() {
            // A block that is never reached has every value.
            let Some(before) = &strict[at] else { continue };
            let mut known = before.clone();
            for op in &block.ops {
                if let Some(value) = op.what.uses().filter(|value| !known.contains(value)) {
                    return Err(self.missing(at, value));
                }
                known.extend(op.what.defines());
            }
            for value in block.end.what.uses() {
                if !known.contains(&value) {
                    return Err(self.missing(at, value));
                }
            }
        }
        Ok(())
    }

    fn missing(&self, at: usize, value: Value) -> VerifyError {
        let loose = self.available(true);
        let lives = loose[at]
            .as_ref()
            .is_some_and(|known| known.contains(&value));
        let problem = if lives {
            Problem::AcrossSuspension(value)
        } else {
            Problem::Undefined(value)
        };
        self.error(at, problem)
    }

    /// The values that are defined on every way to each block; `None` for
    /// blocks that are not reached. With `across`, a suspension keeps values,
    /// which tells the two kinds of mistake apart.
    fn available(&self, across: bool) -> Vec<Option<BTreeSet<Value>>> {
        let mut known: Vec<Option<BTreeSet<Value>>> = vec![None; self.function.blocks.len()];
        for block in &self.entered {
            if !across || block.0 == 0 {
                known[block.index()] = Some(BTreeSet::new());
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for at in 0..known.len() {
                let Some(before) = known[at].clone() else {
                    continue;
                };
                let block = &self.function.blocks[at];
                let mut after = before;
                after.extend(block.ops.iter().filter_map(|op| op.what.defines()));
                let mut next = block.end.what.successors();
                if across {
                    next.extend(self.resumes(at));
                }
                for to in next {
                    let merged = match &known[to.index()] {
                        None => after.clone(),
                        Some(other) => other.intersection(&after).copied().collect(),
                    };
                    if known[to.index()].as_ref() != Some(&merged) {
                        known[to.index()] = Some(merged);
                        changed = true;
                    }
                }
            }
        }
        known
    }

    fn resumes(&self, at: usize) -> Vec<BlockId> {
        let block = &self.function.blocks[at];
        let resume = match block.end.what {
            End::Act { resume, .. } => resume,
            _ => None,
        };
        let targets = block
            .ops
            .iter()
            .filter_map(|op| op.what.target())
            .chain(resume);
        targets
            .filter_map(|target| match target {
                Target::Block(block) => Some(block),
                Target::Function(_) => None,
            })
            .collect()
    }
}

fn locals(block: &crate::program::Block) -> impl Iterator<Item = u32> + '_ {
    let set = block.ops.iter().filter_map(|op| match op.what {
        Op::LocalSet { local, .. } => Some(local),
        _ => None,
    });
    let read = match &block.end.what {
        End::Branch {
            test:
                Test::Int {
                    int: IntRef::Local(local),
                    ..
                },
            ..
        } => Some(*local),
        _ => None,
    };
    set.chain(read)
}

//! Splits a function at the places where the runtime enters it, so that each
//! place is a function of its own and a site is many small functions.
//!
//! A block that can be reached from two such places becomes a function too,
//! entered by a tail call; code is never copied.

use std::collections::{BTreeMap, BTreeSet};

use crate::program::{Block, BlockId, End, Function, FunctionId, Located, Program, Target};
use crate::verify::entered;

/// Splits every function of a program. Numbers of functions stay; new ones are
/// appended.
pub fn split(program: &mut Program) {
    for number in 0..program.functions.len() {
        let owner = FunctionId(number as u32);
        let more: Vec<BlockId> = proxy_blocks(program, owner);
        let function = program.functions[number].clone();
        let first_new = program.functions.len() as u32;
        let (functions, numbers) = outline(&function, &more, owner, first_new);
        for proxy in program
            .proxies
            .iter_mut()
            .filter(|proxy| proxy.owner == owner)
        {
            proxy
                .targets_mut()
                .for_each(|target| rename(target, &numbers));
        }
        let mut functions = functions.into_iter();
        program.functions[number] = functions.next().unwrap_or(function);
        program.functions.extend(functions);
    }
}

/// Blocks of a function that proxies name.
#[must_use]
pub fn proxy_blocks(program: &Program, owner: FunctionId) -> Vec<BlockId> {
    let proxies = program.proxies.iter().filter(|proxy| proxy.owner == owner);
    proxies
        .flat_map(crate::program::Proxy::targets)
        .filter_map(|target| match target {
            Target::Block(block) => Some(block),
            Target::Function(_) => None,
        })
        .collect()
}

/// The functions that a function becomes, and the number of each root block.
fn outline(
    function: &Function,
    more: &[BlockId],
    owner: FunctionId,
    first_new: u32,
) -> (Vec<Function>, BTreeMap<BlockId, FunctionId>) {
    let roots = roots(function, entered(function, more));
    let mut numbers = BTreeMap::new();
    for (index, root) in roots.iter().enumerate() {
        let number = if index == 0 {
            owner
        } else {
            FunctionId(first_new + index as u32 - 1)
        };
        numbers.insert(*root, number);
    }
    let functions = roots
        .iter()
        .map(|root| cut(function, *root, &numbers))
        .collect();
    (functions, numbers)
}

/// Adds to the entered blocks those that two of them reach.
fn roots(function: &Function, mut roots: BTreeSet<BlockId>) -> BTreeSet<BlockId> {
    loop {
        let mut owner: BTreeMap<BlockId, BlockId> = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for root in &roots {
            for block in reach(function, *root, &roots) {
                if owner
                    .insert(block, *root)
                    .is_some_and(|other| other != *root)
                {
                    shared.insert(block);
                }
            }
        }
        // Only where ways meet: a shared block behind another shared block
        // belongs to that one's function.
        let meeting: Vec<BlockId> = shared
            .iter()
            .copied()
            .filter(|block| {
                predecessors(function, *block).iter().any(|before| {
                    !shared.contains(before)
                        && (owner.contains_key(before) || roots.contains(before))
                })
            })
            .collect();
        if meeting.is_empty() {
            return roots;
        }
        roots.extend(meeting);
    }
}

/// The blocks that a root reaches without passing another root, itself left out.
fn reach(function: &Function, root: BlockId, roots: &BTreeSet<BlockId>) -> BTreeSet<BlockId> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(block) = open.pop() {
        for next in function.block(block).end.what.successors() {
            if !roots.contains(&next) && found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

fn predecessors(function: &Function, block: BlockId) -> Vec<BlockId> {
    let all = function.blocks.iter().enumerate();
    all.filter(|(_, other)| other.end.what.successors().contains(&block))
        .map(|(at, _)| BlockId(at as u32))
        .collect()
}

/// The function that begins at a root.
fn cut(function: &Function, root: BlockId, numbers: &BTreeMap<BlockId, FunctionId>) -> Function {
    let stop: BTreeSet<BlockId> = numbers.keys().copied().collect();
    let mut order = vec![root];
    order.extend(reach(function, root, &stop));
    let mut places: BTreeMap<BlockId, BlockId> = order
        .iter()
        .enumerate()
        .map(|(at, block)| (*block, BlockId(at as u32)))
        .collect();
    let mut blocks: Vec<Block> = order
        .iter()
        .map(|block| function.block(*block).clone())
        .collect();
    for at in 0..order.len() {
        for op in &mut blocks[at].ops {
            if let Some(target) = op.what.target_mut() {
                rename(target, numbers);
            }
        }
        if let End::Act {
            resume: Some(target),
            ..
        } = &mut blocks[at].end.what
        {
            rename(target, numbers);
        }
        if let End::Jump(to) = blocks[at].end.what
            && let Some(number) = numbers.get(&to)
        {
            blocks[at].end.what = End::Tail(*number);
            continue;
        }
        let span = blocks[at].end.span;
        for to in blocks[at].end.what.successors() {
            if let Some(number) = numbers.get(&to)
                && !places.contains_key(&to)
            {
                places.insert(to, BlockId(blocks.len() as u32));
                let end = Located {
                    what: End::Tail(*number),
                    span,
                };
                blocks.push(Block {
                    ops: Vec::new(),
                    end,
                    asked: None,
                });
            }
        }
        for to in blocks[at].end.what.successors_mut() {
            *to = places[to];
        }
    }
    let name = if root.0 == 0 {
        function.name.clone()
    } else {
        format!("{}.{}", function.name, root.0)
    };
    Function {
        name,
        blocks,
        values: function.values,
    }
}

fn rename(target: &mut Target, numbers: &BTreeMap<BlockId, FunctionId>) {
    if let Target::Block(block) = target {
        *target = Target::Function(numbers[block]);
    }
}

//! Makes a long chain of tests a tree: before each few tests one asks
//! whether any of them holds, before each few of those another, and so on.
//!
//! The tests are those that a walk over an automaton answers by bits: what a
//! group asks for is a bit more, which the automaton's table holds ready. The order of the
//! tests stays, and so does what each of them leads to.

use crate::program::{Block, BlockId, End, Function, Located, Test, Value};

/// How many tests, or groups of them, are asked for at once.
const TOGETHER: usize = 16;

/// Groups the tests of a value. `bit_of` tells the bit of a test that has
/// one, bits from `first` on are given to groups. Returns the bits of each group.
pub fn group(
    function: &mut Function,
    value: Value,
    first: u32,
    bit_of: impl Fn(&Test) -> Option<u32>,
) -> Vec<Vec<u32>> {
    let mut groups = Vec::new();
    for (chain, exit) in chains(function, &bit_of) {
        let mut heads: Vec<(BlockId, Vec<u32>)> = chain;
        while heads.len() > TOGETHER {
            let parts: Vec<&[(BlockId, Vec<u32>)]> = heads.chunks(TOGETHER).collect();
            let mut above = Vec::with_capacity(parts.len());
            for (number, part) in parts.iter().enumerate() {
                let bits: Vec<u32> = part.iter().flat_map(|(_, bits)| bits).copied().collect();
                let head = part[0].0;
                let test = Test::Group {
                    set: value,
                    bit: first + groups.len() as u32,
                };
                let or = parts.get(number + 1).map_or(exit, |next| next[0].0);
                put_before(function, head, test, or);
                groups.push(bits.clone());
                above.push((head, bits));
            }
            heads = above;
        }
    }
    groups
}

/// A chain: its tests with their bits, and where it leads if none of them holds.
type Chain = (Vec<(BlockId, Vec<u32>)>, BlockId);

/// The chains of tests that follow upon each other with nothing in between.
fn chains(function: &Function, bit_of: &impl Fn(&Test) -> Option<u32>) -> Vec<Chain> {
    let count = function.blocks.len();
    let test = |block: &Block| match &block.end.what {
        End::Branch { test, or, .. } => bit_of(test).map(|bit| (bit, *or)),
        _ => None,
    };
    // A test that another one leads to belongs to the chain of that one.
    let mut led_to = vec![false; count];
    for block in &function.blocks {
        if let Some((_, or)) = test(block) {
            led_to[or.index()] |= function.block(or).ops.is_empty();
        }
    }
    let mut taken = vec![false; count];
    let mut chains = Vec::new();
    let starts = led_to.iter().enumerate().filter(|(_, led_to)| !**led_to);
    for (number, _) in starts {
        let mut at = BlockId(number as u32);
        let mut chain = Vec::new();
        while let Some((bit, or)) = test(function.block(at)) {
            if taken[at.index()] || !chain.is_empty() && !function.block(at).ops.is_empty() {
                break;
            }
            taken[at.index()] = true;
            chain.push((at, vec![bit]));
            at = or;
        }
        chains.push((chain, at));
    }
    chains
}

/// Lets a block end with another test, and with its own only if that holds.
fn put_before(function: &mut Function, head: BlockId, test: Test, or: BlockId) {
    let then = BlockId(function.blocks.len() as u32);
    let block = &mut function.blocks[head.index()];
    let span = block.end.span;
    let end = End::Branch { test, then, or };
    let end = std::mem::replace(&mut block.end, Located { what: end, span });
    let asked = block.asked.take();
    function.blocks.push(Block {
        ops: Vec::new(),
        end,
        asked,
    });
}

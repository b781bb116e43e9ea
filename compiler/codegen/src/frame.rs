//! Where values live: places in the frame, shared by values whose uses do not
//! overlap.
//!
//! Code has no loops between blocks, so blocks in reverse postorder are in an
//! order in which control only moves forward, and a value is live from its
//! definition to its last use in that order.

use std::collections::BTreeMap;

use zs_abi::layout::FRAME_BYTES;
use zs_ir::program::{BlockId, Function, Value};

/// The order in which blocks are written, and the places of values.
#[derive(Debug)]
pub struct Frame {
    /// Blocks that are reached, in reverse postorder.
    pub order: Vec<BlockId>,
    places: BTreeMap<Value, i16>,
}

impl Frame {
    /// Lays out the frame of a function.
    ///
    /// # Panics
    /// If more values are live at once than a frame holds.
    pub fn of(function: &Function) -> Self {
        let order = reverse_postorder(function);
        let mut frame = Self {
            order,
            places: BTreeMap::new(),
        };
        frame.place(function);
        frame
    }

    /// Displacement of a value from the frame pointer.
    pub fn place_of(&self, value: Value) -> i16 {
        self.places[&value]
    }

    fn place(&mut self, function: &Function) {
        let last = self.last_uses(function);
        let mut free: Vec<i16> = Vec::new();
        let mut live: Vec<(usize, i16)> = Vec::new();
        let mut used = 0;
        for (at, block) in self.order.iter().enumerate() {
            // A place is free again behind the block of its value's last use.
            live.retain(|(until, place)| {
                let keep = *until >= at;
                if !keep {
                    free.push(*place);
                }
                keep
            });
            for value in function
                .block(*block)
                .ops
                .iter()
                .filter_map(|op| op.what.defines())
            {
                let place = free.pop().unwrap_or_else(|| {
                    used += 8;
                    assert!(
                        used <= FRAME_BYTES as i16,
                        "{}: the frame is full",
                        function.name
                    );
                    -used
                });
                self.places.insert(value, place);
                live.push((last.get(&value).copied().unwrap_or(at), place));
            }
        }
    }

    /// Place in the order of the last block that uses each value.
    fn last_uses(&self, function: &Function) -> BTreeMap<Value, usize> {
        let mut last = BTreeMap::new();
        for (at, block) in self.order.iter().enumerate() {
            let block = function.block(*block);
            let uses = block.ops.iter().filter_map(|op| op.what.uses());
            for value in uses.chain(block.end.what.uses()) {
                last.insert(value, at);
            }
        }
        last
    }
}

fn reverse_postorder(function: &Function) -> Vec<BlockId> {
    let mut seen = vec![false; function.blocks.len()];
    let mut order = Vec::new();
    // Each entry is a block and how many of its successors are done; a stack of
    // our own, because a site's functions may be thousands of blocks deep.
    let mut open = vec![(BlockId(0), 0)];
    seen[0] = true;
    while let Some((block, done)) = open.last_mut() {
        let mut successors = function.block(*block).end.what.successors();
        // The branch not taken is visited first so that it comes last.
        successors.reverse();
        match successors.get(*done) {
            Some(next) => {
                *done += 1;
                let next = *next;
                if !seen[next.index()] {
                    seen[next.index()] = true;
                    open.push((next, 0));
                }
            }
            None => {
                order.push(*block);
                open.pop();
            }
        }
    }
    order.reverse();
    order
}

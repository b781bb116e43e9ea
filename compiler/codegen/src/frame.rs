//! Where values live: places in the frame, shared by values whose uses do not
//! overlap.
//!
//! In reverse postorder control moves forward but for the way back of a loop,
//! and the blocks of a loop stand between its first and its last. So a value is
//! live from its definition to its last use in that order, or to the end of the
//! loop if that use is in a loop which the definition is before.

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
        self.extend_over_loops(function, &mut last);
        last
    }

    /// Keeps values that were defined before a loop and are used in it until
    /// the loop's end: it may be run again.
    fn extend_over_loops(&self, function: &Function, last: &mut BTreeMap<Value, usize>) {
        let loops = self.loops(function);
        if loops.is_empty() {
            return;
        }
        let mut defined = BTreeMap::new();
        for (at, block) in self.order.iter().enumerate() {
            let ops = &function.block(*block).ops;
            for value in ops.iter().filter_map(|op| op.what.defines()) {
                defined.insert(value, at);
            }
        }
        for (value, until) in last {
            let from = defined.get(value).copied().unwrap_or(0);
            // Inner loops end first, so that a value grows from loop to loop.
            for (first, end) in &loops {
                if from < *first && (*first..=*end).contains(until) {
                    *until = *end;
                }
            }
        }
    }

    /// Places in the order of the first and the last block of each loop, by
    /// where they end.
    fn loops(&self, function: &Function) -> Vec<(usize, usize)> {
        let mut places = vec![usize::MAX; function.blocks.len()];
        for (at, block) in self.order.iter().enumerate() {
            places[block.index()] = at;
        }
        let mut loops = Vec::new();
        for (at, block) in self.order.iter().enumerate() {
            for to in function.block(*block).end.what.successors() {
                if places[to.index()] <= at {
                    loops.push((places[to.index()], at));
                }
            }
        }
        loops
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

//! Writes the blocks of one function.

use std::collections::BTreeMap;

use zs_diagnostics::Span;

use crate::program::{
    Act, Asked, Block, BlockId, ConditionId, End, Function, Located, Op, Target, Test, Value,
    ViewText,
};

/// A function being written: operations go to the current block.
pub struct Code {
    function: Function,
    current: BlockId,
    /// Whether anything leads to what is written next.
    live: bool,
    span: Span,
    /// Whether errors are being handled: some defaults differ there.
    pub in_error_route: bool,
    /// Prepared paths that are valid in the current block.
    paths: BTreeMap<ViewText, Value>,
    /// Counts what makes prepared paths invalid: changes of the path and
    /// places where the runtime enters.
    clobbers: u32,
    locals: u32,
    /// Words that tell whether groups of named routes have been taken.
    groups: BTreeMap<String, u32>,
    questions: Vec<Question>,
    /// The question that branches belong to at the moment.
    open: Option<usize>,
    /// The question and the item that the branch of a block belongs to.
    asked: BTreeMap<BlockId, (usize, u32)>,
}

/// A condition being written: where its answers lead.
struct Question {
    condition: ConditionId,
    yes: Option<BlockId>,
    no: BlockId,
    items: u32,
}

/// What [`Code::enter`] and [`Code::leave`] put aside while a body that may or
/// may not run is written.
pub struct Aside {
    paths: BTreeMap<ViewText, Value>,
    clobbers: u32,
}

/// A place in the code.
pub struct Mark {
    block: BlockId,
    op: usize,
    blocks: usize,
}

/// Words of the request's own memory that tell which maps have been passed; they come last.
pub const MAP_WORDS: u32 = 24;

impl Code {
    /// Words of the request's own memory that functions number on their own.
    pub const LOCALS_MAX: u32 = zs_abi::view::LOCALS_BYTES / 4 - MAP_WORDS;

    /// Begins a function.
    pub fn new(name: impl Into<String>, span: Span, in_error_route: bool) -> Self {
        Self {
            function: Function::new(name),
            current: BlockId(0),
            live: true,
            span,
            in_error_route,
            paths: BTreeMap::new(),
            clobbers: 0,
            locals: 0,
            groups: BTreeMap::new(),
            questions: Vec::new(),
            open: None,
            asked: BTreeMap::new(),
        }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.function.name
    }

    /// Says which part of the configuration the next operations come from.
    pub fn at(&mut self, span: Span) {
        self.span = span;
    }

    /// A new block, not written to yet.
    pub fn block(&mut self) -> BlockId {
        self.function.blocks.push(Block::new());
        BlockId(self.function.blocks.len() as u32 - 1)
    }

    /// Goes on in a block.
    pub fn go(&mut self, block: BlockId) {
        self.current = block;
        self.live = true;
    }

    /// Goes on in a block that the runtime enters.
    pub fn go_entered(&mut self, block: BlockId) {
        self.clobber();
        self.go(block);
    }

    /// Appends an operation.
    pub fn op(&mut self, op: Op) {
        let (_, writes) = op.effects();
        if writes.meets(crate::Parts::TARGET) {
            self.clobber();
        }
        let what = Located {
            what: op,
            span: self.span,
        };
        self.function.blocks[self.current.index()].ops.push(what);
    }

    /// A place in the code, behind what has been written.
    pub fn mark(&self) -> Mark {
        Mark {
            block: self.current,
            op: self.function.blocks[self.current.index()].ops.len(),
            blocks: self.function.blocks.len(),
        }
    }

    /// Whether anything written since names a register of the runtime; the
    /// operation at the place itself is left out.
    pub fn uses_registers_since(&self, mark: &Mark) -> bool {
        let here = &self.function.blocks[mark.block.index()];
        let new = self.function.blocks.iter().skip(mark.blocks);
        let ops = here.ops.iter().skip(mark.op + 1);
        ops.chain(new.flat_map(|block| &block.ops)).any(|op| {
            let (reads, writes) = op.what.effects();
            reads.and(writes).meets(crate::Parts::REGISTERS)
        })
    }

    /// Removes the operation at a place.
    pub fn remove(&mut self, mark: &Mark) {
        self.function.blocks[mark.block.index()].ops.remove(mark.op);
    }

    /// A new value.
    pub fn value(&mut self) -> Value {
        self.function.values += 1;
        Value(self.function.values - 1)
    }

    /// A new word of the request's own memory; `None` when it is full.
    pub fn local(&mut self) -> Option<u32> {
        let local = self.locals;
        self.locals += 1;
        (local < Self::LOCALS_MAX).then_some(local)
    }

    /// How many words are numbered.
    pub fn locals(&self) -> u32 {
        self.locals
    }

    /// Leaves words to another function that runs for the same request.
    pub fn leave_locals(&mut self, count: u32) {
        self.locals = self.locals.max(count);
    }

    /// The word of a group of routes that may be written several times;
    /// `None` when the memory is full.
    pub fn group(&mut self, name: &str) -> Option<u32> {
        if let Some(local) = self.groups.get(name) {
            return Some(*local);
        }
        let local = self.local()?;
        self.groups.insert(name.to_owned(), local);
        Some(local)
    }

    /// Ends the current block. What is written next is not reached unless
    /// another block is gone to.
    pub fn end(&mut self, end: End) {
        let end = Located {
            what: end,
            span: self.span,
        };
        self.function.blocks[self.current.index()].end = end;
        self.current = self.block();
        self.live = false;
    }

    /// Ends the current block with an action that nothing follows.
    pub fn act(&mut self, act: Act) {
        self.end(End::Act { act, resume: None });
    }

    /// Ends the current block with an action whose result is waited for, and
    /// goes on behind it.
    pub fn act_and_wait(&mut self, act: Act) {
        let resume = self.block();
        self.end(End::Act {
            act,
            resume: Some(Target::Block(resume)),
        });
        self.go_entered(resume);
    }

    /// Ends the current block by going to another.
    pub fn jump(&mut self, to: BlockId) {
        self.end(End::Jump(to));
    }

    /// Says that the branches from here on are those of a condition, which
    /// leads to `no` if it does not hold.
    pub fn ask(&mut self, condition: ConditionId, no: BlockId) {
        self.open = Some(self.questions.len());
        self.questions.push(Question {
            condition,
            yes: None,
            no,
            items: 0,
        });
    }

    /// Says that the condition holds where the current block begins.
    pub fn answered(&mut self) {
        if let Some(open) = self.open.take() {
            self.questions[open].yes = Some(self.current);
        }
    }

    /// Says what the end of the current block tells of a condition.
    pub fn tell(&mut self, asked: Asked) {
        self.function.blocks[self.current.index()].asked = Some(asked);
    }

    /// Ends the current block with a condition.
    pub fn branch(&mut self, test: Test, then: BlockId, or: BlockId) {
        if let Some(open) = self.open {
            let question = &mut self.questions[open];
            self.asked.insert(self.current, (open, question.items));
            question.items += 1;
        }
        self.end(End::Branch { test, then, or });
    }

    /// The prepared path of a form, made here if there is none yet.
    pub fn path(&mut self, form: ViewText) -> Value {
        if let Some(value) = self.paths.get(&form) {
            return *value;
        }
        let out = self.value();
        self.op(Op::PathSet { out, form });
        self.paths.insert(form, out);
        out
    }

    /// Begins a body that may or may not run.
    pub fn enter(&mut self) -> Aside {
        Aside {
            paths: self.paths.clone(),
            clobbers: self.clobbers,
        }
    }

    /// Ends a body that may or may not have run: prepared paths from before
    /// stay valid unless the body changed the path or waited.
    pub fn leave(&mut self, aside: Aside) {
        self.paths = if self.clobbers == aside.clobbers {
            aside.paths
        } else {
            BTreeMap::new()
        };
    }

    /// Ends a body that did not run on any way to here: prepared paths from
    /// before stay valid whatever the body did.
    pub fn restore(&mut self, aside: Aside) {
        self.paths = aside.paths;
    }

    /// Forgets what a body did, which no way leads out of.
    pub fn settle(&mut self, aside: &Aside) {
        self.clobbers = aside.clobbers;
    }

    /// Whether anything leads to what is written next.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// The finished function.
    pub fn finish(self) -> Function {
        let through = prune_map(&self.function);
        let mut function = prune(self.function, &through);
        for (block, (question, item)) in self.asked {
            let question = &self.questions[question];
            let block = &mut function.blocks[block.index()];
            block.asked = asked(&block.end.what, question, item, &through);
        }
        function
    }

    fn clobber(&mut self) {
        self.clobbers += 1;
        self.paths.clear();
    }
}

/// What a branch tells of the condition that it belongs to.
fn asked(end: &End, question: &Question, item: u32, through: &[BlockId]) -> Option<Asked> {
    let End::Branch { then, or, .. } = end else {
        return None;
    };
    let yes = question.yes.map(|block| through[block.index()]);
    let no = through[question.no.index()];
    // Where both answers lead to the same place, the test's own is taken.
    let same = yes == Some(no);
    let answer = |side: BlockId, test: bool| match side {
        side if same && side == no => Some(test),
        side if side == no => Some(false),
        side if Some(side) == yes => Some(true),
        _ => None,
    };
    Some(Asked {
        condition: question.condition,
        item,
        then: answer(*then, true),
        or: answer(*or, false),
    })
}

/// Where a jump to each block leads in the end.
fn prune_map(function: &Function) -> Vec<BlockId> {
    (0..function.blocks.len())
        .map(|start| {
            let mut at = BlockId(start as u32);
            // No chain of empty blocks is longer than the function.
            for _ in 0..function.blocks.len() {
                let block = function.block(at);
                match block.end.what {
                    End::Jump(to) if block.ops.is_empty() => at = to,
                    _ => break,
                }
            }
            at
        })
        .collect()
}

/// Lets jumps to empty blocks go where those lead. Blocks that are no longer
/// reached stay behind until the function is split.
fn prune(mut function: Function, through: &[BlockId]) -> Function {
    for block in &mut function.blocks {
        for to in block.end.what.successors_mut() {
            *to = through[to.index()];
        }
    }
    function
}

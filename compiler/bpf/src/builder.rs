//! Builds one function, with labels instead of jump distances.

use std::fmt;

use crate::image::{CallSite, EntryId, Function, FunctionId, HelperId, Loc};
use crate::insn::Insn;
use crate::op::{AluOp, AtomicOp, Cond, Op, Size, Source, Swap, SwapBits, Width};
use crate::reg::Reg;

/// A place in a function under construction. Made by [`FunctionBuilder::label`],
/// put into place by [`FunctionBuilder::bind`], before or after its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

/// Why a function could not be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// A jump goes to a label that was never bound.
    Unbound {
        /// Name of the function.
        function: String,
        /// The label.
        label: Label,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbound { function, label } => {
                write!(f, "function {function}: label {} is not bound", label.0)
            }
        }
    }
}

impl std::error::Error for BuildError {}

/// Appends instructions to a function.
///
/// Jumps may be as far apart as they like: [`FunctionBuilder::finish`] chooses the
/// short form where it reaches and otherwise goes through a 32-bit jump.
#[derive(Clone, Debug)]
pub struct FunctionBuilder {
    name: String,
    entry: Option<EntryId>,
    items: Vec<Item>,
    /// Item that a label stands before.
    labels: Vec<Option<usize>>,
    lines: Vec<(usize, Loc)>,
}

/// An instruction whose distance may still be open.
#[derive(Clone, Debug)]
enum Item {
    Op(Op),
    Jump {
        to: Label,
        long: bool,
    },
    JumpIf {
        width: Width,
        cond: Cond,
        dst: Reg,
        src: Source,
        to: Label,
        form: Form,
    },
    Call(String),
}

/// How a conditional jump is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it stands.
    Short,
    /// The inverse condition over a 32-bit jump.
    Inverted,
    /// Over a short jump to a 32-bit jump, for what has no inverse.
    Over,
}

impl FunctionBuilder {
    /// Starts a function.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            entry: None,
            items: Vec::new(),
            labels: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Makes the function one that the runtime may enter.
    pub fn entry(&mut self, entry: EntryId) -> &mut Self {
        self.entry = Some(entry);
        self
    }

    /// A new label, not bound yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// Puts a label before the next instruction. A label is bound once.
    pub fn bind(&mut self, label: Label) -> &mut Self {
        let place = &mut self.labels[label.0 as usize];
        assert!(place.is_none(), "label {} is bound twice", label.0);
        *place = Some(self.items.len());
        self
    }

    /// A new label before the next instruction, for jumps backwards.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// Says where the next instructions come from.
    pub fn set_loc(&mut self, loc: Loc) -> &mut Self {
        let at = self.items.len();
        match self.lines.last_mut() {
            Some((slot, last)) if *slot == at => *last = loc,
            Some((_, last)) if *last == loc => {}
            _ => self.lines.push((at, loc)),
        }
        self
    }

    /// Appends an instruction that is neither a jump nor a local call.
    ///
    /// # Panics
    ///
    /// For jumps and local calls, which need [`Label`]s and names.
    pub fn op(&mut self, op: Op) -> &mut Self {
        let bound = matches!(
            op,
            Op::Jump { .. } | Op::JumpIf { .. } | Op::CallLocal { .. }
        );
        assert!(!bound, "{op:?} needs a label or a name");
        self.items.push(Item::Op(op));
        self
    }

    /// `dst = src`, all 64 bits.
    pub fn mov(&mut self, dst: Reg, src: impl Into<Source>) -> &mut Self {
        self.alu(AluOp::Mov, dst, src)
    }

    /// `dst = value`, in the shortest form that holds it.
    pub fn mov_imm(&mut self, dst: Reg, value: u64) -> &mut Self {
        if let Ok(imm) = i32::try_from(value as i64) {
            self.alu(AluOp::Mov, dst, imm)
        } else if let Ok(imm) = u32::try_from(value) {
            self.alu32(AluOp::Mov, dst, imm as i32)
        } else {
            self.op(Op::LoadImm64 { dst, value })
        }
    }

    /// `dst = dst op src`, 64 bits.
    pub fn alu(&mut self, op: AluOp, dst: Reg, src: impl Into<Source>) -> &mut Self {
        self.op(Op::Alu {
            width: Width::W64,
            op,
            dst,
            src: src.into(),
        })
    }

    /// `dst = dst op src`, 32 bits, zero-extended.
    pub fn alu32(&mut self, op: AluOp, dst: Reg, src: impl Into<Source>) -> &mut Self {
        self.op(Op::Alu {
            width: Width::W32,
            op,
            dst,
            src: src.into(),
        })
    }

    /// `dst += src`, 64 bits.
    pub fn add(&mut self, dst: Reg, src: impl Into<Source>) -> &mut Self {
        self.alu(AluOp::Add, dst, src)
    }

    /// Byte order conversion.
    pub fn swap(&mut self, swap: Swap, bits: SwapBits, dst: Reg) -> &mut Self {
        self.op(Op::Swap { swap, bits, dst })
    }

    /// `dst = *(base + offset)`, zero-extended.
    pub fn load(&mut self, size: Size, dst: Reg, base: Reg, offset: i16) -> &mut Self {
        self.op(Op::Load {
            size,
            signed: false,
            dst,
            base,
            offset,
        })
    }

    /// `*(base + offset) = src`.
    pub fn store(
        &mut self,
        size: Size,
        base: Reg,
        offset: i16,
        src: impl Into<Source>,
    ) -> &mut Self {
        self.op(Op::Store {
            size,
            base,
            offset,
            src: src.into(),
        })
    }

    /// Atomic operation on `*(base + offset)`; `size` is `W` or `D`.
    pub fn atomic(
        &mut self,
        op: AtomicOp,
        size: Size,
        base: Reg,
        offset: i16,
        src: Reg,
    ) -> &mut Self {
        self.op(Op::Atomic {
            op,
            size,
            base,
            offset,
            src,
        })
    }

    /// Jumps to `to`.
    pub fn jump(&mut self, to: Label) -> &mut Self {
        self.items.push(Item::Jump { to, long: false });
        self
    }

    /// Jumps to `to` in the 32-bit form, however near it is.
    pub fn jump_long(&mut self, to: Label) -> &mut Self {
        self.items.push(Item::Jump { to, long: true });
        self
    }

    /// Jumps to `to` if `dst cond src`, 64 bits.
    pub fn jump_if(
        &mut self,
        cond: Cond,
        dst: Reg,
        src: impl Into<Source>,
        to: Label,
    ) -> &mut Self {
        self.jump_if_width(Width::W64, cond, dst, src.into(), to)
    }

    /// Jumps to `to` if `dst cond src`, the low 32 bits.
    pub fn jump_if32(
        &mut self,
        cond: Cond,
        dst: Reg,
        src: impl Into<Source>,
        to: Label,
    ) -> &mut Self {
        self.jump_if_width(Width::W32, cond, dst, src.into(), to)
    }

    /// Jumps to `to` if `dst cond src` at the given width.
    pub fn jump_if_width(
        &mut self,
        width: Width,
        cond: Cond,
        dst: Reg,
        src: Source,
        to: Label,
    ) -> &mut Self {
        self.items.push(Item::JumpIf {
            width,
            cond,
            dst,
            src,
            to,
            form: Form::Short,
        });
        self
    }

    /// Calls a function by name.
    pub fn call(&mut self, name: impl Into<String>) -> &mut Self {
        self.items.push(Item::Call(name.into()));
        self
    }

    /// Calls a helper.
    pub fn call_helper(&mut self, helper: impl Into<HelperId>) -> &mut Self {
        self.op(Op::CallHelper(helper.into()))
    }

    /// Leaves for the entry whose number `index` holds; `count` is the number of
    /// entries of the image.
    pub fn tail_call(&mut self, index: Reg, count: u32) -> &mut Self {
        self.op(Op::TailCall { index, count })
    }

    /// Returns `r0`.
    pub fn exit(&mut self) -> &mut Self {
        self.op(Op::Exit)
    }

    /// Resolves the labels.
    ///
    /// # Errors
    /// If a jump goes to a label that was never bound.
    pub fn finish(self) -> Result<Function, BuildError> {
        self.finish_with(&[]).map(|(function, _)| function)
    }

    /// As [`Self::finish`]; gives also the slots at which some bound labels
    /// stand.
    ///
    /// # Errors
    /// If a jump goes to a label that was never bound, or one of these was not.
    pub fn finish_with(mut self, wanted: &[Label]) -> Result<(Function, Vec<u32>), BuildError> {
        self.check_labels()?;
        let starts = self.relax();
        let mut function = Function {
            name: self.name.clone(),
            entry: self.entry,
            ..Function::default()
        };
        for (place, item) in self.items.iter().enumerate() {
            debug_assert_eq!(function.insns.len(), starts[place]);
            if let Item::Call(callee) = item {
                function.calls.push(CallSite {
                    at: starts[place] as u32,
                    callee: callee.clone(),
                });
            }
            self.emit(item, &starts, &mut function.insns);
        }
        let lines = self.lines.iter();
        function.lines = lines.map(|(at, loc)| (starts[*at] as u32, *loc)).collect();
        let end = function.insns.len() as u32;
        function.lines.retain(|(at, _)| *at < end);
        let slot = |label: &Label| match self.labels[label.0 as usize] {
            Some(item) => Ok(starts[item] as u32),
            None => Err(BuildError::Unbound {
                function: self.name.clone(),
                label: *label,
            }),
        };
        let slots = wanted.iter().map(slot).collect::<Result<_, _>>()?;
        Ok((function, slots))
    }

    fn check_labels(&self) -> Result<(), BuildError> {
        for item in &self.items {
            if let Item::Jump { to, .. } | Item::JumpIf { to, .. } = item
                && self.labels[to.0 as usize].is_none()
            {
                return Err(BuildError::Unbound {
                    function: self.name.clone(),
                    label: *to,
                });
            }
        }
        Ok(())
    }

    /// Lengthens jumps that do not reach until all do, and gives the slot of
    /// each item and of the end. Forms only grow, so this ends.
    fn relax(&mut self) -> Vec<usize> {
        loop {
            let mut starts = Vec::with_capacity(self.items.len() + 1);
            let mut at = 0;
            for item in &self.items {
                starts.push(at);
                at += item.slots();
            }
            starts.push(at);
            let labels = &self.labels;
            let mut grown = false;
            for (place, item) in self.items.iter_mut().enumerate() {
                let reaches =
                    |to: Label| i16::try_from(distance(labels, &starts, to, starts[place])).is_ok();
                match item {
                    Item::Jump { to, long } if !*long && !reaches(*to) => {
                        *long = true;
                        grown = true;
                    }
                    Item::JumpIf { to, form, cond, .. }
                        if *form == Form::Short && !reaches(*to) =>
                    {
                        let inverted = cond.inverse().is_some();
                        *form = if inverted { Form::Inverted } else { Form::Over };
                        grown = true;
                    }
                    _ => {}
                }
            }
            if !grown {
                return starts;
            }
        }
    }

    fn emit(&self, item: &Item, starts: &[usize], insns: &mut Vec<Insn>) {
        let to_label = |to: Label, from: usize| distance(&self.labels, starts, to, from) as i32;
        match *item {
            Item::Op(op) => op.encode_into(insns),
            Item::Call(_) => Op::CallLocal(FunctionId(u32::MAX)).encode_into(insns),
            Item::Jump { to, long } => {
                let distance = to_label(to, insns.len());
                Op::Jump { distance, long }.encode_into(insns);
            }
            Item::JumpIf {
                width,
                cond,
                dst,
                src,
                to,
                form,
            } => {
                let jump_if = |cond, distance| Op::JumpIf {
                    width,
                    cond,
                    dst,
                    src,
                    distance,
                };
                let here = insns.len();
                match form {
                    Form::Short => {
                        jump_if(cond, to_label(to, here) as i16).encode_into(insns);
                        return;
                    }
                    Form::Inverted => {
                        let inverse = cond.inverse().expect("only such conditions are inverted");
                        jump_if(inverse, 1).encode_into(insns);
                    }
                    Form::Over => {
                        jump_if(cond, 1).encode_into(insns);
                        let (distance, long) = (1, false);
                        Op::Jump { distance, long }.encode_into(insns);
                    }
                }
                let (distance, long) = (to_label(to, insns.len()), true);
                Op::Jump { distance, long }.encode_into(insns);
            }
        }
    }
}

impl Item {
    fn slots(&self) -> usize {
        match self {
            Self::Op(op) => op.slots(),
            Self::Jump { .. } | Self::Call(_) => 1,
            Self::JumpIf { form, .. } => match form {
                Form::Short => 1,
                Form::Inverted => 2,
                Form::Over => 3,
            },
        }
    }
}

/// Slots from behind the instruction at slot `from` to a label.
fn distance(labels: &[Option<usize>], starts: &[usize], to: Label, from: usize) -> i64 {
    let item = labels[to.0 as usize].expect("labels were checked");
    starts[item] as i64 - from as i64 - 1
}

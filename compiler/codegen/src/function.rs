//! One function: its blocks in order, operations, and what ends them.

use std::collections::BTreeMap;

use zs_abi::data::Range;
use zs_abi::tables::EntryId;
use zs_abi::{Action, ActionKind, Helper, SCOPE_RESTORE};
use zs_bpf::{
    AluOp, Cond, FileId, FunctionBuilder, HelperId, Label, Loc, Module, Reg, Size, Source,
};
use zs_data::DataBuilder;
use zs_diagnostics::{SourceMap, Span};
use zs_ir::Program;
use zs_ir::program::{Act, BlockId, Choice, End, Function, FunctionId, Op, Target, Value};

use crate::frame::Frame;
use crate::hosts::{self, HostTables};

/// What the functions of a program share.
pub struct Context<'p> {
    functions: &'p [Function],
    data: &'p mut DataBuilder,
    tables: Vec<HostTables>,
    sources: &'p SourceMap,
    files: BTreeMap<zs_diagnostics::FileId, FileId>,
}

impl<'p> Context<'p> {
    /// Prepares for the functions of a program; files go to the module.
    pub fn new(
        program: &'p mut Program,
        tables: Vec<HostTables>,
        sources: &'p SourceMap,
        module: &mut Module,
    ) -> Self {
        let files = sources
            .files()
            .map(|(id, file)| (id, module.file(&file.name)))
            .collect();
        Self {
            functions: &program.functions,
            data: &mut program.data,
            tables,
            sources,
            files,
        }
    }

    /// Writes all functions.
    pub fn functions(mut self) -> Vec<(zs_bpf::Function, Vec<(u32, BlockId)>)> {
        (0..self.functions.len())
            .map(|number| self.function(number))
            .collect()
    }

    /// A function, and where its blocks begin.
    fn function(&mut self, number: usize) -> (zs_bpf::Function, Vec<(u32, BlockId)>) {
        let function = &self.functions[number];
        let mut code = FunctionBuilder::new(symbol(number, function));
        code.entry(zs_bpf::EntryId(number as u32));
        let labels: Vec<Label> = function.blocks.iter().map(|_| code.label()).collect();
        let mut writer = Writer {
            code,
            data: self.data,
            frame: Frame::of(function),
            labels,
            tables: &self.tables,
            functions: self.functions.len() as u32,
            sources: self.sources,
            files: &self.files,
        };
        writer.body(function);
        let order = writer.frame.order;
        let starts: Vec<Label> = order.iter().map(|id| writer.labels[id.index()]).collect();
        let finished = writer.code.finish_with(&starts);
        let (function, slots) = finished.expect("every block is written");
        (function, slots.into_iter().zip(order).collect())
    }
}

/// Linker symbols are unique, names of functions need not be.
fn symbol(number: usize, function: &Function) -> String {
    format!("{} #{number}", function.name)
}

/// Writes one function.
pub struct Writer<'c, 'p> {
    /// The code so far.
    pub code: FunctionBuilder,
    /// Where constants are placed.
    pub data: &'c mut DataBuilder,
    frame: Frame,
    labels: Vec<Label>,
    tables: &'c [HostTables],
    functions: u32,
    sources: &'p SourceMap,
    files: &'c BTreeMap<zs_diagnostics::FileId, FileId>,
}

impl Writer<'_, '_> {
    fn body(&mut self, function: &Function) {
        let begin = function.block(BlockId(0));
        self.at(begin.ops.first().map_or(begin.end.span, |op| op.span));
        // A 32-bit move, so that accesses through it need no truncation.
        self.code.alu32(AluOp::Mov, Reg::R6, Reg::R1);
        self.code.mov(Reg::R7, Reg::R2);
        let order = self.frame.order.clone();
        for (at, id) in order.iter().enumerate() {
            let block = function.block(*id);
            self.code.bind(self.labels[id.index()]);
            for op in &block.ops {
                self.at(op.span);
                self.op(&op.what);
            }
            self.at(block.end.span);
            self.end(&block.end.what, order.get(at + 1).copied());
        }
        // Blocks that nothing leads to are not written, but their labels have
        // to stand somewhere.
        for id in 0..function.blocks.len() {
            if !order.contains(&BlockId(id as u32)) {
                self.code.bind(self.labels[id]);
            }
        }
    }

    fn at(&mut self, span: Span) {
        let position = self.sources.position(span);
        if let Some(file) = self.files.get(&span.file) {
            self.code.set_loc(Loc {
                file: *file,
                line: position.line,
                column: position.column,
            });
        }
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::PathSet { .. } => unreachable!("replaced before code is generated"),
            Op::Walk { out, table, text } => {
                self.text(*text, Reg::R2, Reg::R3);
                self.code.mov_imm(Reg::R1, table.guest().into());
                self.code.call("automaton_walk");
                self.store_value(*out);
            }
            Op::HostLookup { out, map } => {
                hosts::look_up(&mut self.code, self.tables[map.index()]);
                self.store_value(*out);
            }
            Op::HeaderFind { out, target, name } => {
                self.constant(name.as_bytes(), Reg::R2, Reg::R3);
                self.code.mov_imm(Reg::R1, *target as u64);
                self.helper(Helper::HeaderFind);
                self.store_value(*out);
            }
            Op::QueryFind { out, name } => {
                self.constant(name.as_bytes(), Reg::R1, Reg::R2);
                self.helper(Helper::QueryFind);
                self.store_value(*out);
            }
            Op::Expand { out, template } => {
                self.call(Helper::Expand, &[template.0.into()]);
                self.store_value(*out);
            }
            Op::FirstOf { out, list } => {
                self.load_value(Reg::R0, *list);
                // The pair of the first value lies behind the count.
                self.code.alu32(AluOp::Add, Reg::R0, 8);
                self.store_value(*out);
            }
            Op::Choose { out, from, choice } => {
                self.choose(*from, *choice);
                self.store_value(*out);
            }
            Op::FileLook { out, look } => {
                self.call(Helper::FileLook, &[look.0.into()]);
                self.store_value(*out);
            }
            Op::TrustPeer { proxy } => {
                let proxy = proxy.map_or(0, |proxy| u64::from(proxy.0) + 1);
                self.call(Helper::TrustPeer, &[proxy]);
            }
            Op::EncodeBegin { encode } => self.call(Helper::EncodeBegin, &[encode.0.into()]),
            Op::EncodeSniff { encode } => self.call(Helper::EncodeSniff, &[encode.0.into()]),
            Op::Encode { encode, wanted } => {
                self.call(Helper::Encode, &[encode.0.into(), u64::from(*wanted)]);
            }
            Op::HeaderOps { list, target } => {
                self.call(Helper::HeaderOps, &[list.0.into(), *target as u64]);
            }
            Op::Rewrite { list, error } => {
                self.call(Helper::Rewrite, &[list.0.into()]);
                let fine = self.code.label();
                self.code.jump_if(Cond::Eq, Reg::R0, 0, fine);
                self.action(ActionKind::Error, None, error.0);
                self.code.bind(fine);
            }
            Op::VarSet { variable, template } => {
                self.call(Helper::VarSet, &[variable.0.into(), template.0.into()]);
            }
            Op::BodyLimit { out, bytes } => {
                self.call(Helper::BodyLimit, &[*bytes]);
                self.store_value(*out);
            }
            Op::BodySet { template } => self.call(Helper::BodySet, &[template.0.into()]),
            Op::LocalSet { local, value } => {
                let offset = zs_abi::view::LOCALS + *local as i16 * 4;
                self.code
                    .store(Size::W, Reg::R6, offset, Source::Imm(*value as i32));
            }
            Op::RegistersClear => self.call(Helper::RegistersClear, &[]),
            Op::RegisterConstant { register, constant } => {
                let place = [register.0, constant.offset, constant.len];
                self.call(Helper::RegisterConstant, &place.map(u64::from));
            }
            Op::RegisterPlaceholder { register, template } => {
                let place = [register.0, template.0];
                self.call(Helper::RegisterPlaceholder, &place.map(u64::from));
            }
            Op::RegisterCopy { register, from } => {
                let places = [register.0, from.0];
                self.call(Helper::RegisterCopy, &places.map(u64::from));
            }
            Op::RegisterRegex { register, regex } => {
                let place = [register.0, regex.0];
                self.call(Helper::RegisterRegex, &place.map(u64::from));
            }
            Op::RegisterCall {
                function,
                first,
                count,
            } => {
                let call = [*function as u32, first.0, *count];
                self.call(Helper::of_function(*function), &call.map(u64::from));
            }
            Op::FilterPush { target } => {
                self.call(Helper::FilterPush, &[entry(*target).0.into()]);
            }
            Op::ScopePush { target, restore } => {
                let flags = if *restore { SCOPE_RESTORE } else { 0 };
                self.call(Helper::ScopePush, &[entry(*target).0.into(), flags]);
            }
            Op::ScopePop => self.call(Helper::ScopePop, &[]),
        }
    }

    /// Calls the helper that chooses among backends.
    fn choose(&mut self, from: Range, choice: Choice) {
        let (helper, more) = match choice {
            Choice::Random => (Helper::ChooseRandom, None),
            Choice::Draw(draw) => (Helper::ChooseDraw, Some(draw)),
            Choice::Least => (Helper::ChooseLeast, None),
            Choice::First => (Helper::ChooseFirst, None),
            Choice::Round(proxy) => (Helper::ChooseRound, Some(proxy.0)),
            Choice::Weighted(proxy, weights) => {
                self.code.mov_imm(Reg::R4, weights.guest().into());
                self.code.mov_imm(Reg::R5, weights.len.into());
                (Helper::ChooseWeighted, Some(proxy.0))
            }
            Choice::Hash(text) => {
                self.text(text, Reg::R3, Reg::R4);
                (Helper::ChooseHash, None)
            }
        };
        self.code.mov_imm(Reg::R1, from.first.into());
        self.code.mov_imm(Reg::R2, from.count.into());
        if let Some(more) = more {
            self.code.mov_imm(Reg::R3, more.into());
        }
        self.helper(helper);
    }

    fn end(&mut self, end: &End, next: Option<BlockId>) {
        match end {
            End::Jump(to) => self.go(*to, next),
            End::Branch { test, then, or } => {
                self.test(test, self.labels[or.index()]);
                self.go(*then, next);
            }
            End::Tail(function) => {
                self.code.mov_imm(Reg::R3, function.0.into());
                self.leave_for(Reg::R3);
            }
            End::Dispatch { value, none } => {
                self.load_value(Reg::R3, *value);
                let none = self.labels[none.index()];
                self.code.jump_if32(Cond::Eq, Reg::R3, -1, none);
                self.leave_for(Reg::R3);
            }
            End::Act { act, resume } => {
                let resume = resume.map(|target| EntryId(entry(target).0));
                let (kind, operand) = action(*act);
                self.action(kind, resume, operand);
            }
        }
    }

    fn go(&mut self, to: BlockId, next: Option<BlockId>) {
        if next != Some(to) {
            self.code.jump(self.labels[to.index()]);
        }
    }

    fn leave_for(&mut self, function: Reg) {
        self.code.mov(Reg::R1, Reg::R6);
        self.code.mov(Reg::R2, Reg::R7);
        self.code.tail_call(function, self.functions);
    }

    fn action(&mut self, kind: ActionKind, resume: Option<EntryId>, operand: u32) {
        let word = Action {
            kind,
            resume,
            operand,
        }
        .to_word();
        self.code.mov_imm(Reg::R0, word);
        self.code.exit();
    }

    /// Address and length of a constant text.
    pub fn constant(&mut self, bytes: &[u8], address: Reg, len: Reg) {
        let text = self.data.text(bytes);
        self.code.mov_imm(address, text.guest().into());
        self.code.mov_imm(len, text.len.into());
    }

    /// Calls a helper whose arguments are in place.
    pub fn helper(&mut self, helper: Helper) {
        self.code.call_helper(HelperId(helper as u32));
    }

    /// Calls a helper with constants.
    pub fn call(&mut self, helper: Helper, arguments: &[u64]) {
        let registers = [Reg::R1, Reg::R2, Reg::R3, Reg::R4, Reg::R5];
        for (register, argument) in registers.into_iter().zip(arguments) {
            self.code.mov_imm(register, *argument);
        }
        self.helper(helper);
    }

    /// Loads a value.
    pub fn load_value(&mut self, register: Reg, value: Value) {
        self.code
            .load(Size::D, register, Reg::R10, self.frame.place_of(value));
    }

    fn store_value(&mut self, value: Value) {
        self.code.store(
            Size::D,
            Reg::R10,
            self.frame.place_of(value),
            Source::Reg(Reg::R0),
        );
    }
}

/// The function that a target names.
fn entry(target: Target) -> FunctionId {
    match target {
        Target::Function(function) => function,
        Target::Block(block) => unreachable!("{block} is a target though the function was split"),
    }
}

fn action(act: Act) -> (ActionKind, u32) {
    match act {
        Act::End => (ActionKind::End, 0),
        Act::Yes => (ActionKind::End, 1),
        Act::Respond(response) => (ActionKind::Respond, response.0),
        Act::Error(error) => (ActionKind::Error, error.0),
        Act::Abort => (ActionKind::Abort, 0),
        Act::Proxy(proxy) => (ActionKind::Proxy, proxy.0),
        Act::Subrequest(subrequest) => (ActionKind::Subrequest, subrequest.0),
        Act::Authenticate(number) => (ActionKind::Authenticate, number.0),
        Act::Files(files) => (ActionKind::Files, files.0),
        Act::Goto => (ActionKind::Goto, 0),
    }
}

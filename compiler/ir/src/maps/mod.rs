//! Works placeholders that a `map` sets out where they are read.
//!
//! A map is evaluated whenever one of its placeholders is read, with what the request is by then, so passing it does no
//! more than to note that in a word of the request's memory. In front of every operation and action that reads such a
//! placeholder this pass writes the tests of the map and puts the outcome into the variable that stands for the
//! placeholder. Of several maps that set it the one counts that was passed first, which is the first in the order of
//! routes.

mod reads;

use std::collections::BTreeSet;

use zs_abi::data::Text;
use zs_abi::tables::{RegexId, TemplateId, VariableId};
use zs_data::DataBuilder;
use zs_diagnostics::{Diagnostic, Sink, Span, codes};

use crate::automaton;
use crate::program::{
    Block, BlockId, Compare, End, Function, IntRef, Located, Op, Proxy, Test, TextRef,
};
use reads::Reads;

/// Most tests of maps that are written for a site: a map is written out wherever it is read.
const TESTS_MAX: usize = 200_000;

/// Inputs beyond which one walk over the source costs less than compares.
const COMPARES_MAX: usize = 12;

/// A `map` of the configuration.
#[derive(Debug)]
pub struct Map {
    /// Its number, which its word holds once it has been passed.
    pub number: u32,
    /// The word of the request's memory that says so.
    pub word: u32,
    /// The server that it belongs to.
    pub server: usize,
    /// The hosts of the site that it belongs to; none outside of sites.
    pub hosts: Option<BTreeSet<String>>,
    /// The text that is looked at.
    pub source: TemplateId,
    /// What it is compared with, in order.
    pub rows: Vec<Row>,
    /// The variables that stand for its placeholders.
    pub destinations: Vec<VariableId>,
    /// Their values if nothing fits.
    pub defaults: Vec<TemplateId>,
    /// Where it is configured.
    pub span: Span,
}

/// An input with its outputs.
#[derive(Debug)]
pub struct Row {
    /// What the source is compared with.
    pub input: Input,
    /// The value of each destination; with none the row does not count for it.
    pub outputs: Vec<Option<TemplateId>>,
}

/// What a source is compared with.
#[derive(Debug)]
pub enum Input {
    /// The whole text.
    Text(Vec<u8>),
    /// An expression of which only the answer counts.
    Automaton(Text),
    /// An expression, and where its captures go.
    Regex(RegexId, u32),
}

/// The functions of a server, and whose they are.
pub struct Place {
    /// The server.
    pub server: usize,
    /// The hosts of the site; none outside of sites.
    pub hosts: Option<BTreeSet<String>>,
}

impl Map {
    /// Whether a request that enters a function may have passed the map.
    fn reaches(&self, place: &Place) -> bool {
        let apart = match (&self.hosts, &place.hosts) {
            (Some(own), Some(others)) => {
                let is_pattern = |host: &String| host.contains(['*', '{']);
                let any = own.iter().chain(others).any(is_pattern);
                !any && own.is_disjoint(others)
            }
            _ => false,
        };
        self.server == place.server && !apart
    }
}

/// Writes the maps into the functions that read them. `places` says whose each function is.
pub fn lower(
    functions: &mut [Function],
    places: &[Place],
    maps: &[Map],
    proxies: &[Proxy],
    data: &mut DataBuilder,
    sink: &mut Sink,
) {
    if maps.is_empty() {
        return;
    }
    let mut tests = 0;
    for (function, place) in functions.iter_mut().zip(places) {
        let mut writer = Writer {
            maps: maps.iter().filter(|map| map.reaches(place)).collect(),
            function,
            proxies,
            data,
            sink,
            at: BlockId(0),
            span: Span::default(),
            open: Vec::new(),
            tests,
        };
        writer.function();
        tests = writer.tests;
        if tests > TESTS_MAX {
            let message = "the maps of this site are read in too many places";
            let error = Diagnostic::error(codes::LIMIT_EXCEEDED, maps[0].span, message);
            sink.report(
                error.help("set a variable with `vars` to what a map gives, and read that"),
            );
            return;
        }
    }
}

/// Writes tests into a function.
struct Writer<'a> {
    maps: Vec<&'a Map>,
    function: &'a mut Function,
    proxies: &'a [Proxy],
    data: &'a mut DataBuilder,
    sink: &'a mut Sink,
    /// The block being written.
    at: BlockId,
    span: Span,
    /// The placeholders whose values are being worked out, outermost first.
    open: Vec<VariableId>,
    tests: usize,
}

impl Writer<'_> {
    fn function(&mut self) {
        let count = self.function.blocks.len() as u32;
        for number in 0..count {
            let mut rest = Some(BlockId(number));
            while let Some(block) = rest {
                rest = self.block(block);
            }
        }
    }

    /// Cuts a block before its first operation or end that reads a map, and writes the map between the parts. Gives the
    /// block with the operations behind the one that reads.
    fn block(&mut self, id: BlockId) -> Option<BlockId> {
        let block = self.function.block(id);
        let reads = Reads {
            data: self.data,
            proxies: self.proxies,
        };
        let of_op = |op: &Located<Op>| self.mapped(reads.of_op(&op.what));
        let found = block.ops.iter().position(|op| !of_op(op).is_empty());
        let (cut, span, variables) = match found {
            Some(at) => (at, block.ops[at].span, of_op(&block.ops[at])),
            None => {
                let end = self.mapped(reads.of_end(&block.end.what));
                (block.ops.len(), block.end.span, end)
            }
        };
        if variables.is_empty() || self.tests > TESTS_MAX {
            return None;
        }
        let block = &mut self.function.blocks[id.index()];
        let mut behind = Block {
            ops: block.ops.split_off(cut),
            end: block.end.clone(),
            asked: block.asked.take(),
        };
        let reader = (!behind.ops.is_empty()).then(|| behind.ops.remove(0));
        self.span = span;
        self.at = id;
        for variable in variables {
            self.evaluate(variable);
        }
        match reader {
            Some(reader) => {
                self.function.blocks[self.at.index()].ops.push(reader);
                self.function.blocks.push(behind);
                let next = BlockId(self.function.blocks.len() as u32 - 1);
                self.end(End::Jump(next));
                Some(next)
            }
            None => {
                let last = &mut self.function.blocks[self.at.index()];
                last.end = behind.end;
                last.asked = behind.asked;
                None
            }
        }
    }

    /// The variables of a set that a map may have set.
    fn mapped(&self, variables: BTreeSet<VariableId>) -> Vec<VariableId> {
        let is_mapped = |variable: &VariableId| {
            let mut maps = self.maps.iter();
            maps.any(|map| map.destinations.contains(variable))
        };
        variables.into_iter().filter(is_mapped).collect()
    }

    /// Writes the value of a placeholder into its variable, and goes on behind that.
    fn evaluate(&mut self, variable: VariableId) {
        let done = self.new_block();
        let maps: Vec<(&Map, usize)> = self
            .maps
            .iter()
            .filter_map(|map| {
                let mut places = map.destinations.iter();
                Some((*map, places.position(|other| *other == variable)?))
            })
            .collect();
        self.open.push(variable);
        for (map, column) in maps {
            let (passed, next) = (self.new_block(), self.new_block());
            let test = Test::Int {
                int: IntRef::Local(map.word),
                low: map.number,
                high: map.number,
            };
            self.branch(test, passed, next);
            self.at = passed;
            self.rows(map, column, variable, done);
            self.at = next;
        }
        self.open.pop();
        self.end(End::Jump(done));
        self.at = done;
    }

    /// Compares the source of a map with its inputs.
    fn rows(&mut self, map: &Map, column: usize, variable: VariableId, done: BlockId) {
        self.inner(map.source, map.span);
        let out = self.new_value();
        self.op(Op::Expand {
            out,
            template: map.source,
        });
        let text = TextRef::Value(out);
        let rows = map.rows.iter();
        let rows: Vec<(&Input, TemplateId)> = rows
            .filter_map(|row| Some((&row.input, row.outputs[column]?)))
            .collect();
        let texts = rows.iter().filter_map(|(input, _)| match input {
            Input::Text(text) => Some((Compare::Equal, text.clone())),
            _ => None,
        });
        let texts: Vec<automaton::Pattern> = texts.collect();
        let table = match texts.len() > COMPARES_MAX {
            true => automaton::build(&texts, &[], self.data),
            false => None,
        };
        let set = table.map(|table| {
            let out = self.new_value();
            self.op(Op::Walk { out, table, text });
            out
        });
        let mut bit = 0;
        for (input, output) in rows {
            let test = match (input, set) {
                (Input::Text(_), Some(set)) => {
                    bit += 1;
                    Test::Bit { set, bit: bit - 1 }
                }
                (Input::Text(with), None) => Test::Text {
                    text,
                    compare: Compare::Equal,
                    with: with.clone(),
                },
                (Input::Automaton(table), _) => Test::Accepts {
                    table: *table,
                    text,
                },
                (Input::Regex(regex, store), _) => Test::Regex {
                    regex: *regex,
                    text,
                    store: Some(*store),
                },
            };
            let (fits, next) = (self.new_block(), self.new_block());
            self.branch(test, fits, next);
            self.at = fits;
            self.set(map, variable, output, done);
            self.at = next;
        }
        self.set(map, variable, map.defaults[column], done);
    }

    fn set(&mut self, map: &Map, variable: VariableId, template: TemplateId, done: BlockId) {
        self.inner(template, map.span);
        self.op(Op::VarSet { variable, template });
        self.end(End::Jump(done));
    }

    /// Works out what a text of a map reads of maps.
    fn inner(&mut self, template: TemplateId, span: Span) {
        let reads = Reads {
            data: self.data,
            proxies: self.proxies,
        };
        for variable in self.mapped(reads.of_template(template)) {
            if self.open.contains(&variable) {
                let message = "this map reads a placeholder that it sets itself";
                let error = Diagnostic::error(codes::BAD_VALUE, span, message);
                let help = "give what it sets another name than what it reads";
                self.sink.report(error.help(help));
                return;
            }
            self.evaluate(variable);
        }
    }

    fn new_value(&mut self) -> crate::program::Value {
        self.function.values += 1;
        crate::program::Value(self.function.values - 1)
    }

    fn new_block(&mut self) -> BlockId {
        self.function.blocks.push(Block::new());
        BlockId(self.function.blocks.len() as u32 - 1)
    }

    fn op(&mut self, what: Op) {
        let span = self.span;
        self.function.blocks[self.at.index()]
            .ops
            .push(Located { what, span });
    }

    fn branch(&mut self, test: Test, then: BlockId, or: BlockId) {
        self.tests += 1;
        self.end(End::Branch { test, then, or });
    }

    fn end(&mut self, what: End) {
        let span = self.span;
        self.function.blocks[self.at.index()].end = Located { what, span };
    }
}

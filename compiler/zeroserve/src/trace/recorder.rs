//! Makes steps of what the engine sees: which blocks of the program run, and
//! which helpers they call.
//!
//! The program is what the code was generated from, so a block says which
//! operations run in it and what its end means; only the way through the
//! blocks, and what helpers change, is seen at run time.

use std::collections::BTreeMap;

use zs_abi::{HeadTarget, Helper};
use zs_ir::Program;
use zs_ir::program::{Act, Asked, BlockId, Choice, End, FunctionId, Op, Test, Value};
use zs_server::{Exchange, Raised, Stage, with_run};

use super::engine::text_at;
use super::matcher::{self, Known};
use super::parts::Passed;
use super::steps::{Step, What};

/// What has happened so far.
#[derive(Debug, Default)]
pub struct Recorder {
    /// The steps.
    pub steps: Vec<Step>,
    /// Requests that were passed on.
    pub passed: Vec<Passed>,
    /// The block that runs, and how many of its operations have.
    at: Option<(FunctionId, BlockId, usize)>,
    /// What operations of the running function have found.
    known: BTreeMap<Value, Known>,
    /// Guest address of the view, and the entry's argument.
    slot: u32,
    argument: u64,
    stage: Stage,
    raised: Option<Raised>,
    /// Whether a rewrite that failed ends the block before its time.
    cut: bool,
    /// Whether an error was raised that no error route has taken yet.
    raising: bool,
}

/// What an operation may change.
pub struct Snapshot {
    method: String,
    uri: String,
    heads: [Vec<(String, String)>; 4],
}

impl Recorder {
    /// An entry begins.
    pub fn enter(&mut self, exchange: &Exchange, slot: u32, argument: u64) {
        (self.slot, self.argument, self.at, self.cut) = (slot, argument, None, false);
        self.known.clear();
        let raised = exchange.raised();
        if raised != self.raised.as_ref() {
            self.raised = raised.cloned();
            self.raising = false;
            if let Some(raised) = raised {
                let message = match &raised.message[..] {
                    [] => String::new(),
                    message => format!(" ({})", text(message)),
                };
                self.note(format!(
                    "error {}{message}: on to the error routes",
                    raised.status
                ));
            }
        }
        let stage = exchange.stage();
        let filters = |stage| matches!(stage, Stage::Filter(_));
        if filters(stage) && !filters(self.stage) {
            self.note(format!(
                "a response with status {} is ready; what waits for it runs",
                exchange.response.status
            ));
        }
        self.stage = stage;
    }

    /// A block begins.
    pub fn begin(&mut self, program: &Program, function: FunctionId, block: BlockId) {
        if let Some((of, before, _)) = self.at {
            if (of, before) == (function, block) {
                return;
            }
            self.end(program, of, before, function, block);
            if of != function {
                self.known.clear();
            }
        }
        self.at = Some((function, block, 0));
    }

    /// A block has ended and another begins.
    fn end(
        &mut self,
        program: &Program,
        of: FunctionId,
        before: BlockId,
        function: FunctionId,
        block: BlockId,
    ) {
        let ended = program.functions[of.index()].block(before);
        match &ended.end.what {
            End::Branch {
                test: Test::Group { .. },
                then,
                or,
            } => {
                if of == function && block == *or && block != *then {
                    self.skipped(program, of, *then, *or);
                }
            }
            End::Branch { test, then, .. } => {
                let Some(asked) = ended.asked else { return };
                let taken = block == *then;
                let answer = if taken { asked.then } else { asked.or };
                if let Some(answer) = answer {
                    let subject = matcher::subject(test, self.slot, self.argument, &self.known);
                    self.matcher(program, asked, answer, subject);
                }
            }
            End::Dispatch { .. } if of == function => {
                if let Some(asked) = ended.asked {
                    self.matcher(program, asked, false, matcher::host(self.slot));
                }
            }
            End::Dispatch { .. } | End::Tail(_) => {
                if let Some(condition) = program.sites.get(&function) {
                    let asked = Asked {
                        condition: *condition,
                        item: 0,
                        then: None,
                        or: None,
                    };
                    self.matcher(program, asked, true, matcher::host(self.slot));
                }
            }
            End::Jump(_) | End::Act { .. } => {}
        }
    }

    /// None of a group of tests holds, so that they were not made one by one.
    fn skipped(&mut self, program: &Program, function: FunctionId, from: BlockId, to: BlockId) {
        let mut at = from;
        while at != to {
            let block = program.functions[function.index()].block(at);
            let End::Branch { test, then, or } = &block.end.what else {
                return;
            };
            if matches!(test, Test::Group { .. }) {
                at = *then;
                continue;
            }
            if let Some((asked, answer)) = block.asked.and_then(|asked| Some((asked, asked.or?))) {
                let subject = matcher::subject(test, self.slot, self.argument, &self.known);
                self.matcher(program, asked, answer, subject);
            }
            at = *or;
        }
    }

    fn matcher(&mut self, program: &Program, asked: Asked, holds: bool, subject: String) {
        let condition = &program.conditions[asked.condition.index()];
        let (yes, what) = matcher::describe(condition, asked.item, holds, subject);
        // What is asked of a server as a whole has no place of its own.
        let alone = condition.name != "host" || yes || condition.items.len() == 1;
        self.steps.push(Step {
            span: alone.then_some(condition.span),
            what,
        });
    }

    /// A helper was called and has given a result.
    pub fn called(&mut self, program: &Program, helper: Helper, result: u64, before: &Snapshot) {
        let Some((function, block, done)) = self.at else {
            return;
        };
        let ops = &program.functions[function.index()].block(block).ops;
        let next = ops[done..]
            .iter()
            .position(|op| helper_of(&op.what) == Some(helper));
        let Some(next) = next.map(|next| done + next) else {
            return;
        };
        self.at = Some((function, block, next + 1));
        let op = &ops[next];
        if let Some(what) = self.operation(&op.what, result, before) {
            let span = Some(op.span);
            self.steps.push(Step { span, what });
        }
    }

    fn operation(&mut self, op: &Op, result: u64, before: &Snapshot) -> Option<What> {
        let (text, changes) = match op {
            Op::HeaderFind { out, target, name } => {
                self.known.insert(*out, Known::Field(*target, name.clone()));
                return None;
            }
            Op::QueryFind { out, name } => {
                self.known.insert(*out, Known::Parameter(name.clone()));
                return None;
            }
            Op::Expand { out, .. } => {
                let found = text_at(result as u32).unwrap_or_default();
                self.known.insert(*out, Known::Text(text(&found)));
                return None;
            }
            Op::FileLook { out, .. } => {
                self.known.insert(*out, Known::File(result != 0));
                return None;
            }
            Op::Encode { .. } => {
                let changes = head_changes(before, &Snapshot::take(), HeadTarget::Response);
                ("encode".to_owned(), or_none(changes))
            }
            Op::HeaderOps { target, .. } => {
                let changes = head_changes(before, &Snapshot::take(), *target);
                (head_name(*target).to_owned(), or_none(changes))
            }
            Op::Rewrite { .. } if result != 0 => {
                self.cut = true;
                ("rewrite: the result is no path".to_owned(), Vec::new())
            }
            Op::Rewrite { .. } => (
                "rewrite".to_owned(),
                or_none(uri_changes(before, &Snapshot::take())),
            ),
            Op::VarSet { variable, .. } => {
                let change = with_run(|run| {
                    let record = run.site.data.record::<zs_abi::tables::Variable>(variable.0);
                    let name = record.map_or(&b""[..], |record| run.site.text(record.name));
                    let value = run.exchange.variable(*variable).unwrap_or_default();
                    format!("{} = \"{}\"", text(name), text(value))
                });
                ("vars".to_owned(), change.into_iter().collect())
            }
            Op::BodyLimit { bytes, .. } => {
                let told = if result == 0 { "not " } else { "" };
                let change = format!("at most {bytes} bytes, which it is {told}known to exceed");
                ("request_body".to_owned(), vec![change])
            }
            Op::BodySet { .. } => ("request_body: another body".to_owned(), Vec::new()),
            Op::FilterPush { .. } => ("waits for the response".to_owned(), Vec::new()),
            Op::PathSet { .. }
            | Op::Walk { .. }
            | Op::HostLookup { .. }
            | Op::LocalSet { .. }
            | Op::EncodeBegin { .. }
            | Op::EncodeSniff { .. }
            | Op::FirstOf { .. }
            | Op::Choose { .. }
            | Op::ScopePush { .. }
            | Op::ScopePop
            | Op::TrustPeer { .. }
            | Op::RegistersClear
            | Op::RegisterConstant { .. }
            | Op::RegisterPlaceholder { .. }
            | Op::RegisterCopy { .. }
            | Op::RegisterRegex { .. }
            | Op::RegisterCall { .. } => return None,
        };
        Some(What::Operation { text, changes })
    }

    /// The running entry has returned.
    pub fn leave(&mut self, program: &Program) {
        let Some((function, block, _)) = self.at else {
            return;
        };
        let end = &program.functions[function.index()].block(block).end;
        let End::Act { act, resume } = end.what else {
            return;
        };
        self.raising = self.cut || matches!(act, Act::Error(_));
        let text = match act {
            _ if self.raising => "raises an error",
            Act::Respond(_) if resume.is_some() => "sends an informational response",
            Act::Respond(_) | Act::Error(_) => "answers",
            Act::Abort => "drops the connection",
            Act::Proxy(_) => "passes the request on",
            Act::Files(_) => "looks for a file to answer with",
            Act::Authenticate(_) => "looks for an account",
            Act::Subrequest(_) => "asks the site itself first",
            Act::End if self.stage == Stage::Chain => {
                let status = self.raised.as_ref().map_or(200, |raised| raised.status);
                self.note(format!(
                    "nothing else answers: an empty response with status {status}"
                ));
                return;
            }
            Act::End | Act::Yes | Act::Goto => return,
        };
        self.steps.push(Step {
            span: Some(end.span),
            what: What::Action {
                text: text.to_owned(),
            },
        });
    }

    /// Nothing happens any more.
    pub fn finish(&mut self) {
        if self.raising {
            self.note("no error route takes it: the bare status is the answer".to_owned());
        }
    }

    /// A request is passed on.
    pub fn passed(&mut self, passed: Passed) {
        self.passed.push(passed);
    }

    fn note(&mut self, text: String) {
        self.steps.push(Step {
            span: None,
            what: What::Note { text },
        });
    }
}

/// Changes, or that there are none.
fn or_none(changes: Vec<String>) -> Vec<String> {
    if changes.is_empty() {
        return vec!["no change".to_owned()];
    }
    changes
}

/// The helper that does an operation.
fn helper_of(op: &Op) -> Option<Helper> {
    Some(match op {
        Op::HeaderFind { .. } => Helper::HeaderFind,
        Op::QueryFind { .. } => Helper::QueryFind,
        Op::Expand { .. } => Helper::Expand,
        Op::FileLook { .. } => Helper::FileLook,
        Op::EncodeBegin { .. } => Helper::EncodeBegin,
        Op::EncodeSniff { .. } => Helper::EncodeSniff,
        Op::Encode { .. } => Helper::Encode,
        Op::HeaderOps { .. } => Helper::HeaderOps,
        Op::Rewrite { .. } => Helper::Rewrite,
        Op::VarSet { .. } => Helper::VarSet,
        Op::BodyLimit { .. } => Helper::BodyLimit,
        Op::BodySet { .. } => Helper::BodySet,
        Op::Choose { choice, .. } => match choice {
            Choice::Random => Helper::ChooseRandom,
            Choice::Draw(_) => Helper::ChooseDraw,
            Choice::Least => Helper::ChooseLeast,
            Choice::First => Helper::ChooseFirst,
            Choice::Round(_) => Helper::ChooseRound,
            Choice::Weighted(..) => Helper::ChooseWeighted,
            Choice::Hash(_) => Helper::ChooseHash,
        },
        Op::FilterPush { .. } => Helper::FilterPush,
        Op::ScopePush { .. } => Helper::ScopePush,
        Op::ScopePop => Helper::ScopePop,
        Op::TrustPeer { .. } => Helper::TrustPeer,
        Op::RegistersClear => Helper::RegistersClear,
        Op::RegisterConstant { .. } => Helper::RegisterConstant,
        Op::RegisterPlaceholder { .. } => Helper::RegisterPlaceholder,
        Op::RegisterCopy { .. } => Helper::RegisterCopy,
        Op::RegisterRegex { .. } => Helper::RegisterRegex,
        Op::RegisterCall { function, .. } => Helper::of_function(*function),
        Op::PathSet { .. }
        | Op::Walk { .. }
        | Op::HostLookup { .. }
        | Op::FirstOf { .. }
        | Op::LocalSet { .. } => {
            return None;
        }
    })
}

impl Snapshot {
    /// The running exchange as it is now.
    pub fn take() -> Self {
        let taken = with_run(|run| {
            let exchange = &*run.exchange;
            let mut uri = Vec::new();
            exchange.request.target.uri_into(&mut uri);
            let fields = |head: &zs_server::Head| {
                let pairs = head.iter();
                pairs
                    .map(|(name, value)| (text(name), text(value)))
                    .collect()
            };
            Self {
                method: text(&exchange.request.method),
                uri: text(&uri),
                heads: [
                    fields(&exchange.request.head),
                    fields(&exchange.response.head),
                    fields(&exchange.upstream.request),
                    fields(&exchange.upstream.response),
                ],
            }
        });
        taken.unwrap_or(Self {
            method: String::new(),
            uri: String::new(),
            heads: Default::default(),
        })
    }
}

fn uri_changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let pairs = [(&before.method, &after.method), (&before.uri, &after.uri)];
    let changed = pairs.into_iter().filter(|(old, new)| old != new);
    changed.map(|(old, new)| format!("{old} → {new}")).collect()
}

/// What header operations work on, in words of the configuration.
fn head_name(target: HeadTarget) -> &'static str {
    match target {
        HeadTarget::Request => "request_header",
        HeadTarget::Response => "header",
        HeadTarget::UpstreamRequest => "header_up",
        HeadTarget::UpstreamResponse => "header_down",
    }
}

fn head_changes(before: &Snapshot, after: &Snapshot, target: HeadTarget) -> Vec<String> {
    let (old, new) = (
        &before.heads[target as usize],
        &after.heads[target as usize],
    );
    let gone = old.iter().filter(|field| !new.contains(field));
    let come = new.iter().filter(|field| !old.contains(field));
    gone.map(|(name, value)| format!("- {name}: {value}"))
        .chain(come.map(|(name, value)| format!("+ {name}: {value}")))
        .collect()
}

/// Bytes of a request as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

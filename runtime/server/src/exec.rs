//! Runs site code for an exchange: enters an entry, does what the action word
//! says, and goes on until something has to be waited for or the response is
//! decided.
//!
//! Site code has no stack between entries. Where errors go (scopes) and who
//! looks at the response head (filters) is kept here, in host memory; every
//! number in an action is checked against its table.

use zs_abi::tables::{
    self, AuthenticationId, EntryId, ErrorId, FileServerId, ProxyId, ResponseId, Server,
    SubrequestId,
};
use zs_abi::{Action, ActionKind};
use zs_guest::{Window, enter};
use zs_io::Clock;
use zs_proto::{ascii, status};

use crate::capability::Served;
use crate::current::{Call, Run, Scratch, during};
use crate::exchange::{Exchange, Phase, Raised, Stage};
use crate::expand::Expander;
use crate::limits::{RUN_BUDGET, RUNS_MAX};
use crate::log;
use crate::respond::{RespondError, respond};
use crate::site::LoadedSite;
use crate::slots::Slots;
use crate::view;

/// What a run of site code needs of its worker.
#[derive(Debug)]
pub struct Guest {
    /// The site.
    pub site: &'static LoadedSite,
    /// The worker's window.
    pub window: Window,
    /// The window's slots.
    pub slots: Slots,
    /// Buffers of helpers.
    pub scratch: Scratch,
    /// The worker's clock.
    pub clock: Clock,
}

/// What site code has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The response head is final.
    Respond,
    /// The informational response at hand is to be sent, then site code goes
    /// on.
    Inform(Call),
    /// The request is to be passed on.
    Proxy(ProxyId),
    /// A subrequest is to be run, then site code goes on at the entry.
    Subrequest(SubrequestId, EntryId),
    /// A name and a password are to be looked at, then site code goes on at
    /// the entry.
    Authenticate(AuthenticationId, EntryId),
    /// A folder is to be listed.
    Browse(FileServerId),
    /// The connection is to be dropped.
    Abort,
    /// An attempt's point lets the attempt go on.
    Point {
        /// What it answers, if it was asked something.
        yes: bool,
    },
    /// An attempt's point wants something else instead of the attempt, whose
    /// response is discarded: [`Guest::act`] goes on.
    Instead(Action),
}

/// What comes after an action.
enum Next {
    Enter(Call),
    Done(Outcome),
}

/// What went wrong in site code, as a clause for the log.
type Broken = String;

impl Guest {
    /// Begins a request: takes a slot, lays the view out and runs the server's
    /// entry.
    pub fn begin(&mut self, exchange: &mut Exchange) -> Outcome {
        let server: Server = *self.site.server(exchange.server);
        let head_bytes = exchange.request.head.text_bytes() + exchange.request.uri.len();
        let Some(mut slot) = self.slots.take(&mut self.window, head_bytes) else {
            log::line(format_args!("no memory for a request's slot"));
            return self.bare(exchange, 503);
        };
        let scratch = &mut self.scratch.view;
        let needs = server.needs;
        let laid = view::lay_out(&mut self.window, &mut slot, exchange, needs, scratch);
        exchange.slot = Some(slot);
        if laid.is_err() {
            log::line(format_args!("a request's head does not fit its slot"));
            return self.bare(exchange, 503);
        }
        self.run(
            exchange,
            Call {
                entry: server.entry,
                argument: 0,
            },
        )
    }

    /// Runs an entry and what follows from it.
    pub fn run(&mut self, exchange: &mut Exchange, call: Call) -> Outcome {
        let mut call = call;
        for _ in 0..RUNS_MAX {
            let next = match self.enter(exchange, call) {
                Ok(action) => self.next(exchange, action, call.argument),
                Err(broken) => Err(broken),
            };
            match next {
                Ok(Next::Enter(following)) => call = following,
                Ok(Next::Done(outcome)) => return self.done(exchange, outcome),
                Err(broken) => return self.broken(exchange, &broken),
            }
        }
        self.broken(exchange, "site code goes on and on without an answer")
    }

    /// Goes on with an action that an attempt's point wanted instead of the
    /// attempt.
    pub fn act(&mut self, exchange: &mut Exchange, action: Action) -> Outcome {
        exchange.stage = Stage::Chain;
        match self.next(exchange, action, 0) {
            Ok(Next::Enter(call)) => self.run(exchange, call),
            Ok(Next::Done(outcome)) => self.done(exchange, outcome),
            Err(broken) => self.broken(exchange, &broken),
        }
    }

    /// Runs an attempt's point.
    pub fn point(&mut self, exchange: &mut Exchange, call: Call) -> Outcome {
        exchange.stage = Stage::Point;
        self.run(exchange, call)
    }

    /// A response head is ready (from a proxy): lets the filters look at it.
    pub fn response_ready(&mut self, exchange: &mut Exchange) -> Outcome {
        exchange.stage = Stage::Chain;
        match Self::next_filter(exchange, exchange.filters.len()) {
            Next::Enter(call) => self.run(exchange, call),
            Next::Done(outcome) => self.done(exchange, outcome),
        }
    }

    /// Raises an error on behalf of an action that failed.
    pub fn raise(&mut self, exchange: &mut Exchange, status: u16, message: &[u8]) -> Outcome {
        exchange.stage = Stage::Chain;
        match self.raised(exchange, status, message.to_vec()) {
            Ok(Next::Enter(call)) => self.run(exchange, call),
            Ok(Next::Done(outcome)) => self.done(exchange, outcome),
            Err(broken) => self.broken(exchange, &broken),
        }
    }

    /// Gives the exchange's slot back.
    pub fn release(&mut self, exchange: &mut Exchange) {
        if let Some(slot) = exchange.slot.take() {
            self.slots.give_back(&mut self.window, &slot);
        }
    }

    fn enter(&mut self, exchange: &mut Exchange, call: Call) -> Result<Action, Broken> {
        let entry = self.site.entry(call.entry);
        let entry = entry.ok_or_else(|| format!("{} does not exist", call.entry))?;
        let slot = exchange.slot.as_ref().map_or(0, |slot| slot.address());
        let mut run = Run {
            site: self.site,
            entry: call.entry,
            exchange,
            scratch: &mut self.scratch,
            clock: self.clock,
            failure: None,
        };
        let window = &mut self.window;
        let result = during(&mut run, || {
            enter(entry, window, u64::from(slot), call.argument, RUN_BUDGET)
        });
        let failure = run.failure;
        let word = result.map_err(|fault| self.site.describe_fault(call.entry, &fault))?;
        if let Some(failure) = failure {
            let name = self.entry_name(call.entry);
            return Err(format!("{name} ({}): {failure}", call.entry));
        }
        Action::from_word(word).ok_or_else(|| {
            let name = self.entry_name(call.entry);
            format!(
                "{name} ({}) returned {word:#x}, which is no action",
                call.entry
            )
        })
    }

    fn entry_name(&self, entry: EntryId) -> String {
        let record = self.site.data.record::<tables::Entry>(entry.0);
        let name = record.map_or(b"" as &[u8], |record| self.site.text(record.name));
        name.escape_ascii().to_string()
    }

    fn next(
        &mut self,
        exchange: &mut Exchange,
        action: Action,
        argument: u64,
    ) -> Result<Next, Broken> {
        if action.kind == ActionKind::Goto {
            let entry = action.resume.ok_or("a Goto to nowhere")?;
            return Ok(Next::Enter(Call { entry, argument }));
        }
        match (exchange.stage, action.kind) {
            (Stage::Filter(at), ActionKind::End) => return Ok(Self::next_filter(exchange, at)),
            (Stage::Filter(at), _) => {
                exchange.filters.truncate(at);
                exchange.response.discard();
                exchange.stage = Stage::Chain;
            }
            (Stage::Point, ActionKind::End) => {
                let yes = action.operand != 0;
                return Ok(Next::Done(Outcome::Point { yes }));
            }
            (Stage::Point, _) => return Ok(Next::Done(Outcome::Instead(action))),
            (Stage::Chain, _) => {}
        }
        match action.kind {
            ActionKind::End => {
                let raised = exchange.raised.as_ref().map(|raised| raised.status);
                exchange.response.keep();
                exchange.response.drop_body();
                exchange.response.status = raised.unwrap_or(200);
                let count = exchange.filters.len();
                Ok(Self::next_filter(exchange, count))
            }
            ActionKind::Respond => self.respond(exchange, action),
            ActionKind::Error => self.error(exchange, ErrorId(action.operand)),
            ActionKind::Abort => Ok(Next::Done(Outcome::Abort)),
            ActionKind::Proxy => self.proxy(action.operand),
            ActionKind::Subrequest => self.subrequest(action),
            ActionKind::Files => self.files(exchange, action),
            ActionKind::Authenticate => {
                let resume = action.resume.ok_or("an authentication without a way on")?;
                let number = AuthenticationId(action.operand);
                Ok(Next::Done(Outcome::Authenticate(number, resume)))
            }
            other => Err(format!("{other:?} is not supported by this runtime")),
        }
    }

    fn respond(&mut self, exchange: &mut Exchange, action: Action) -> Result<Next, Broken> {
        if !exchange.filters.is_empty() {
            exchange.response.keep();
        }
        let number = ResponseId(action.operand);
        let scratch = &mut self.scratch.headers;
        match respond(self.site, exchange, self.clock, number, scratch) {
            Ok(()) => {}
            Err(RespondError::Number) => return Err(format!("{number} does not exist")),
            Err(RespondError::Status) => {
                return self.raised(exchange, 500, b"bad status code".to_vec());
            }
        }
        match (action.resume, exchange.response.status) {
            (Some(entry), 100..=199) => {
                let call = Call { entry, argument: 0 };
                Ok(Next::Done(Outcome::Inform(call)))
            }
            _ => {
                let count = exchange.filters.len();
                Ok(Self::next_filter(exchange, count))
            }
        }
    }

    fn files(&mut self, exchange: &mut Exchange, action: Action) -> Result<Next, Broken> {
        let table = self.site.capabilities.files;
        let table = table.ok_or("no file server is linked")?;
        if !exchange.filters.is_empty() {
            exchange.response.keep();
        }
        let number = FileServerId(action.operand);
        match (table.serve)(self.site, self.clock, exchange, number) {
            Served::Response => {
                let count = exchange.filters.len();
                Ok(Self::next_filter(exchange, count))
            }
            Served::Error(status) => {
                self.raised(exchange, status, status::text(status).as_bytes().to_vec())
            }
            Served::Folder => Ok(Next::Done(Outcome::Browse(number))),
            Served::Pass => {
                let entry = action.resume.ok_or("no file, and no way on")?;
                Ok(Next::Enter(Call { entry, argument: 0 }))
            }
        }
    }

    fn error(&mut self, exchange: &mut Exchange, number: ErrorId) -> Result<Next, Broken> {
        let record: Option<tables::Error> = self.site.data.record(number.0);
        let record = record.ok_or_else(|| format!("{number} does not exist"))?;
        let expander = Expander {
            site: self.site,
            exchange,
            clock: self.clock,
        };
        let mut buffer = Vec::new();
        let digits = expander.value(&record.status, &mut buffer);
        let status = match ascii::parse_decimal(digits) {
            Some(status @ 100..=999) => status as u16,
            _ => 500,
        };
        let mut buffer = Vec::new();
        let message = expander.value(&record.message, &mut buffer).to_vec();
        self.raised(exchange, status, message)
    }

    /// Enters the innermost error scope, or ends with a bare status.
    fn raised(
        &mut self,
        exchange: &mut Exchange,
        status: u16,
        message: Vec<u8>,
    ) -> Result<Next, Broken> {
        exchange.response.drop_body();
        let Some(scope) = exchange.scopes.pop() else {
            // An error in the outermost error route: the first one counts.
            let first = exchange.raised.as_ref().filter(|raised| raised.outermost);
            let status = first.map_or(status, |raised| raised.status);
            return Ok(Next::Done(self.bare(exchange, status)));
        };
        exchange.filters.truncate(scope.filters);
        exchange.raised = Some(Raised {
            status,
            message,
            outermost: scope.restore,
        });
        if scope.restore {
            exchange.request.restore();
            self.lay_out(exchange)?;
        } else if let Some(slot) = &exchange.slot {
            view::set_error_status(&mut self.window, slot, status);
        }
        Ok(Next::Enter(Call {
            entry: scope.entry,
            argument: u64::from(status),
        }))
    }

    fn lay_out(&mut self, exchange: &mut Exchange) -> Result<(), Broken> {
        let mut slot = exchange.slot.take().ok_or("no slot")?;
        let needs = self.site.server(exchange.server).needs;
        let scratch = &mut self.scratch.view;
        let laid = view::lay_out(&mut self.window, &mut slot, exchange, needs, scratch);
        exchange.slot = Some(slot);
        laid.map_err(|_| "the request's memory is full".to_string())
    }

    fn proxy(&self, operand: u32) -> Result<Next, Broken> {
        let number = ProxyId(operand);
        if operand >= self.site.data.count::<tables::Proxy>() {
            return Err(format!("{number} does not exist"));
        }
        Ok(Next::Done(Outcome::Proxy(number)))
    }

    fn subrequest(&self, action: Action) -> Result<Next, Broken> {
        let number = SubrequestId(action.operand);
        if action.operand >= self.site.data.count::<tables::Subrequest>() {
            return Err(format!("{number} does not exist"));
        }
        let resume = action.resume.ok_or("a subrequest without a way on")?;
        Ok(Next::Done(Outcome::Subrequest(number, resume)))
    }

    /// The filter below the one with index `above`, or the end.
    fn next_filter(exchange: &mut Exchange, above: usize) -> Next {
        // A filter may have pushed others; they are for responses to come.
        let Some(at) = above.min(exchange.filters.len()).checked_sub(1) else {
            exchange.stage = Stage::Chain;
            return Next::Done(Outcome::Respond);
        };
        exchange.stage = Stage::Filter(at);
        Next::Enter(Call {
            entry: exchange.filters[at],
            argument: u64::from(exchange.response.status),
        })
    }

    fn done(&mut self, exchange: &mut Exchange, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Respond => {
                exchange.phase = Phase::Ready;
                self.release(exchange);
            }
            Outcome::Abort => {
                exchange.phase = Phase::Aborted;
                self.release(exchange);
            }
            _ => {}
        }
        outcome
    }

    /// Ends with a status and nothing else; filters do not see it.
    fn bare(&mut self, exchange: &mut Exchange, status: u16) -> Outcome {
        exchange.filters.clear();
        exchange.stage = Stage::Chain;
        exchange.response.drop_body();
        exchange.response.status = status;
        self.done(exchange, Outcome::Respond)
    }

    /// Site code has failed: one log line, and status 500.
    fn broken(&mut self, exchange: &mut Exchange, what: &str) -> Outcome {
        let server = self.site.text(self.site.server(exchange.server).name);
        log::line(format_args!(
            "site code failed ({}, {} {}): {what}",
            server.escape_ascii(),
            exchange.request.method.escape_ascii(),
            exchange.request.uri.escape_ascii(),
        ));
        exchange.scopes.clear();
        self.bare(exchange, 500)
    }
}

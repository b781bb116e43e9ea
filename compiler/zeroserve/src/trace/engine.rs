//! Runs entries in the interpreter, over the window and with the helpers of
//! the runtime, and shows the recorder what happens.

use std::cell::RefCell;
use std::collections::BTreeMap;

use zs_abi::Helper;
use zs_bpf::{BadAccess, FunctionId, GuestMemory, HelperId, Helpers, Image, StopReason, interpret};
use zs_codegen::Placed;
use zs_guest::{GuestPtr, running};
use zs_ir::Program;
use zs_ir::program::BlockId;
use zs_server::{limits, with_run};

use super::parts::{Passed, Upstream};
use super::recorder::{Recorder, Snapshot};

/// What is traced on this thread.
pub struct Session {
    image: Image,
    /// By function: the blocks that begin at a slot.
    blocks: Vec<BTreeMap<u32, Vec<BlockId>>>,
    program: Program,
    recorder: Recorder,
    /// What becomes of requests that are passed on.
    upstream: Upstream,
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

impl Session {
    /// What is needed to run a program's code.
    pub fn new(placed: Placed, program: Program, upstream: Upstream) -> Self {
        let blocks = placed.blocks.into_iter().map(|blocks| {
            let mut at: BTreeMap<u32, Vec<BlockId>> = BTreeMap::new();
            for (slot, block) in blocks {
                at.entry(slot).or_default().push(block);
            }
            at
        });
        Self {
            image: placed.image,
            blocks: blocks.collect(),
            program,
            recorder: Recorder::default(),
            upstream,
        }
    }

    /// Makes this what is traced on this thread.
    pub fn begin(self) {
        SESSION.set(Some(self));
    }
}

/// Takes what has been recorded on this thread.
pub fn recorded() -> Recorder {
    SESSION.with_borrow_mut(|session| {
        let session = session.as_mut();
        session
            .map(|session| std::mem::take(&mut session.recorder))
            .unwrap_or_default()
    })
}

/// Notes that a request is passed on; what becomes of it.
pub fn passed(passed: Passed) -> Upstream {
    SESSION.with_borrow_mut(|session| match session {
        Some(session) => {
            session.recorder.passed(passed);
            session.upstream
        }
        None => Upstream::Silent,
    })
}

/// The entry function of every entry of a traced site.
pub extern "C" fn interpreted(slot: u64, argument: u64) -> u64 {
    SESSION.with_borrow_mut(|session| match session {
        Some(session) => session.run(slot, argument),
        None => 0,
    })
}

impl Session {
    fn run(&mut self, slot: u64, argument: u64) -> u64 {
        let Some(entry) = with_run(|run| {
            self.recorder.enter(run.exchange, slot as u32, argument);
            run.entry
        }) else {
            return 0;
        };
        let mut watch = Watch {
            blocks: &self.blocks,
            program: &self.program,
            recorder: &mut self.recorder,
        };
        let result = interpret(
            &self.image,
            entry,
            [slot, argument],
            limits::RUN_BUDGET,
            &mut Lent,
            &mut watch,
        );
        match result {
            Ok(word) => {
                self.recorder.leave(&self.program);
                word
            }
            Err(stop) => {
                let reason = match stop.reason {
                    StopReason::Trap(trap) => trap.describe(),
                    StopReason::Memory(_) => "bad memory access",
                    StopReason::NoHelper(_) => "a helper that does not exist",
                    StopReason::Malformed => "malformed program",
                };
                with_run(|run| *run.failure.get_or_insert(reason));
                0
            }
        }
    }
}

/// The window that the running entry was given.
#[derive(Clone, Copy, Debug)]
pub struct Lent;

impl GuestMemory for Lent {
    fn read(&self, address: i64, into: &mut [u8]) -> Result<(), BadAccess> {
        let read = u32::try_from(address).ok().and_then(|start| {
            running(|window| {
                let bytes = window.slice(GuestPtr(start), into.len() as u32)?;
                into.copy_from_slice(bytes);
                Some(())
            })?
        });
        read.ok_or(BadAccess { address })
    }

    fn write(&mut self, address: i64, bytes: &[u8]) -> Result<(), BadAccess> {
        let written = u32::try_from(address).ok().and_then(|start| {
            running(|window| {
                let room = window.slice_mut(GuestPtr(start), bytes.len() as u32)?;
                room.copy_from_slice(bytes);
                Some(())
            })?
        });
        written.ok_or(BadAccess { address })
    }
}

/// The text whose address and length lie at a guest address.
pub fn text_at(address: u32) -> Option<Vec<u8>> {
    let word = |at: u32| {
        let mut bytes = [0; 4];
        Lent.read(i64::from(at), &mut bytes).ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let (start, len) = (word(address)?, word(address + 4)?);
    let mut text = vec![0; len as usize];
    if len > 0 {
        Lent.read(start.into(), &mut text).ok()?;
    }
    Some(text)
}

/// Looks on while an entry runs.
struct Watch<'s> {
    blocks: &'s [BTreeMap<u32, Vec<BlockId>>],
    program: &'s Program,
    recorder: &'s mut Recorder,
}

impl Helpers<Lent> for Watch<'_> {
    fn call(&mut self, helper: HelperId, arguments: [u64; 5], _: &mut Lent) -> Option<u64> {
        let helper = Helper::from_number(helper.0)?;
        let before = Snapshot::take();
        let result = zs_server::call_helper(helper, arguments)?;
        self.recorder.called(self.program, helper, result, &before);
        Some(result)
    }

    fn arrive(&mut self, function: FunctionId, at: usize, _: &Lent) {
        let begins = self.blocks.get(function.index());
        let begins = begins.and_then(|blocks| blocks.get(&(at as u32)));
        for block in begins.into_iter().flatten() {
            let function = zs_ir::program::FunctionId(function.0);
            self.recorder.begin(self.program, function, *block);
        }
    }
}

//! What site code tells the runtime to do: the value an entry returns.
//!
//! Site code never waits. An entry function returns one action, and the entry
//! at which to go on when the action has a result. The word is
//! `kind (8 bits) | resume entry (24 bits) | operand (32 bits)`, lowest first.

use crate::tables::EntryId;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum ActionKind {
    /// The chain has ended without an answer. In a request's main chain the
    /// answer is an empty 200, in an error route the error's status, and a
    /// filter or attempt point lets the exchange go on; of a point that is
    /// asked something, the operand is the answer, 1 for yes.
    End = 0,
    /// Answer with response number `operand`. With a resume entry the
    /// response is informational (1xx) and the chain goes on after it.
    Respond = 1,
    /// Raise error number `operand` into the innermost scope.
    Error = 2,
    /// Drop the connection (HTTP/2: reset the stream) without an answer.
    Abort = 3,
    /// Pass the request to proxy number `operand`.
    Proxy = 4,
    /// Run subrequest number `operand` as an exchange of its own and resume
    /// with its status as the argument.
    Subrequest = 5,
    /// Enter `resume` at once; what a large dispatch or a test program uses to
    /// change functions through the runtime.
    Goto = 6,
    /// Answer with a file of file server number `operand`. Where there is none
    /// and the file server passes requests on, the chain goes on at the
    /// resume entry.
    Files = 7,
    /// Ask for a name and a password as authentication number `operand` says:
    /// go on at the resume entry for those who have an account, else raise
    /// status 401.
    Authenticate = 8,
}

/// An action word, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What to do.
    pub kind: ActionKind,
    /// Where to go on with the result, if the chain goes on.
    pub resume: Option<EntryId>,
    /// Number of the record the action is about.
    pub operand: u32,
}

/// The resume field's value for "the chain does not go on".
pub const NO_RESUME: u32 = 0xff_ffff;

impl Action {
    /// Packs the action into the word that an entry returns.
    pub const fn to_word(self) -> u64 {
        let resume = match self.resume {
            Some(entry) => entry.0 & NO_RESUME,
            None => NO_RESUME,
        };
        self.kind as u64 | (resume as u64) << 8 | (self.operand as u64) << 32
    }

    /// Takes a returned word apart; `None` if it names no action. The operand
    /// and the entry still have to be checked against their tables.
    pub const fn from_word(word: u64) -> Option<Self> {
        let kind = match word & 0xff {
            0 => ActionKind::End,
            1 => ActionKind::Respond,
            2 => ActionKind::Error,
            3 => ActionKind::Abort,
            4 => ActionKind::Proxy,
            5 => ActionKind::Subrequest,
            6 => ActionKind::Goto,
            7 => ActionKind::Files,
            8 => ActionKind::Authenticate,
            _ => return None,
        };
        let resume = (word >> 8) as u32 & NO_RESUME;
        Some(Self {
            kind,
            resume: if resume == NO_RESUME {
                None
            } else {
                Some(EntryId(resume))
            },
            operand: (word >> 32) as u32,
        })
    }
}

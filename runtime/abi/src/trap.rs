//! Why generated code gave up.

/// Code that generated code passes to helper slot 0 when it cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Trap {
    /// A loop ran longer than its budget.
    Budget = 1,
    /// A tail call named an entry that does not exist.
    TailCall = 2,
    /// Local calls nested deeper than [`crate::layout::FRAMES_MAX`].
    CallDepth = 3,
    /// An atomic operation on an address that is not naturally aligned.
    Misaligned = 4,
    /// Code that the compiler proved unreachable was reached.
    Unreachable = 5,
}

impl Trap {
    /// The trap with this code, if there is one.
    pub const fn from_code(code: u64) -> Option<Self> {
        Some(match code {
            1 => Self::Budget,
            2 => Self::TailCall,
            3 => Self::CallDepth,
            4 => Self::Misaligned,
            5 => Self::Unreachable,
            _ => return None,
        })
    }

    /// What happened, as a clause for a log line.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Budget => "loop budget exhausted",
            Self::TailCall => "tail call out of range",
            Self::CallDepth => "calls nested too deeply",
            Self::Misaligned => "misaligned atomic access",
            Self::Unreachable => "unreachable code reached",
        }
    }
}

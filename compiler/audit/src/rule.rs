//! The rules and their names, which stay as they are: logs and tests use them.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal,)*) => {
        /// Something that audited code never does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[$doc])* $rule,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// The rule's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }
        }
    };
}

rules! {
    /// Every byte of a function belongs to an instruction that decodes.
    Decode = "decode",
    /// Only listed instructions are used: no system calls, nothing privileged, no
    /// prefixes that change meaning.
    Instruction = "instruction",
    /// Memory operands have one of the forms of a window access, a frame access
    /// or a table access.
    Access = "access",
    /// The index of a window access is zero-extended.
    Index = "index",
    /// An access that names the frame pointer stays within the guest frame.
    GuestFrame = "guest-frame",
    /// What is claimed of registers where jumps arrive is so.
    Claim = "claim",
    /// The machine stack is changed only by a function's start and ends, and
    /// nothing outside of its own words is touched.
    Stack = "stack",
    /// Registers that callers rely on are saved before they are changed.
    Saved = "saved",
    /// Window base, frame pointer and budget change only as agreed.
    Reserved = "reserved",
    /// What may repeat code pays for it, and stops when nothing is left.
    Budget = "budget",
    /// Local calls go to starts of functions.
    CallTarget = "call-target",
    /// Local calls are made in a new frame, after a check of the depth.
    CallDepth = "call-depth",
    /// Calls of helpers go through slots of the table and keep the budget.
    Helper = "helper",
    /// Calls are made with an aligned stack.
    Alignment = "alignment",
    /// Jumps through memory go through the table of entries, after a check of
    /// the number.
    IndirectJump = "indirect-jump",
    /// Jumps lead to instructions of the same function.
    JumpTarget = "jump-target",
    /// Control does not run off a function's end.
    FallThrough = "fall-through",
    /// Entries are starts of functions.
    EntryPoint = "entry-point",
    /// Between functions there is nothing to execute.
    Padding = "padding",
}

impl Rule {
    pub(crate) fn violated(self, offset: u32, detail: impl Into<String>) -> Violation {
        Violation {
            rule: self,
            offset,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Code that breaks a rule. This is a fault of the compiler, or of what changed its
/// output; no configuration can cause it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// Offset of the instruction in the text.
    pub offset: u32,
    /// What it does.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            offset,
            detail,
        } = self;
        write!(f, "audit rule `{rule}`, code offset {offset:#x}: {detail}")
    }
}

impl std::error::Error for Violation {}

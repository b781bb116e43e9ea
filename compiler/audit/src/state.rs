//! What is known before an instruction.

use iced_x86::Register;

use crate::instruction::bit;

/// What is known before an instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// Registers whose upper half is zero; one bit each.
    pub zero_extended: u16,
    /// Saved registers that are on the stack.
    pub saved: usize,
    /// Bytes on the stack besides.
    pub words: u32,
    /// What the next instruction must be.
    pub next: Next,
    /// What the instruction before compared, if its flags still tell.
    pub compared: Compared,
    /// Whether a unit of the budget was paid that bought nothing yet.
    pub paid: bool,
    /// Whether there is room for another guest frame.
    pub frame_fits: bool,
    /// r11 is below this.
    pub below: Option<u32>,
}

/// What the next instruction must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Anything that is allowed.
    Any,
    /// A branch on whether the budget was exhausted.
    BudgetBranch,
    /// The load of a trap's code, as nothing is left of the budget.
    TrapCode,
    /// The call of the trap.
    TrapCall,
    /// A local call, as the frame pointer is lowered.
    LocalCall,
    /// The raising of the frame pointer.
    RaiseFrame,
    /// A call of a helper, as the budget is on the stack.
    HelperCall,
    /// The load of the budget from the stack.
    RestoreBudget,
    /// A jump through the table of entries, as its address is in r10.
    TailCall,
}

/// A comparison whose flags a branch may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// None that matters.
    Nothing,
    /// The frame pointer with the lowest one that allows no further frame.
    Frame,
    /// r11 with this number.
    Index(u32),
}

impl State {
    /// Before a function's first instruction, or where a jump arrives that proves
    /// this much.
    pub fn with(zero_extended: u16, saved: usize, words: u32) -> Self {
        Self {
            // The frame pointer is zero-extended always.
            zero_extended: zero_extended | bit(Register::RBP),
            saved,
            words,
            next: Next::Any,
            compared: Compared::Nothing,
            paid: false,
            frame_fits: false,
            below: None,
        }
    }

    pub fn is_extended(&self, register: Register) -> bool {
        self.zero_extended & bit(register) != 0
    }
}

//! How a run of generated code ends before its time.

use std::fmt;

use zs_abi::Trap;

/// Why a run ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The code gave up.
    Trap(Trap),
    /// The code gave up with a code that this runtime does not know.
    UnknownTrap(u64),
    /// It touched memory that is not mapped, or not writable.
    Memory,
    /// The machine refused an arithmetic operation. Translated code never does
    /// this, so the code is not what was translated.
    Arithmetic,
    /// It did not run, because this thread runs generated code already.
    Nested,
    /// It did not run, because its signal stack could not be set up; the number
    /// is the system's error.
    Setup(i32),
}

/// Where and why a run ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub kind: FaultKind,
    /// Offset in the machine code: of the instruction that faulted, or of the
    /// last byte of the call that gave up. The code's line table names its source.
    pub pc_offset: Option<u32>,
    /// Guest address that was touched; outside of 32 bits if it lies in a guard.
    pub address: Option<i64>,
}

impl Fault {
    pub(crate) const fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            pc_offset: None,
            address: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaultKind::Trap(trap) => f.write_str(trap.describe())?,
            FaultKind::UnknownTrap(code) => write!(f, "unknown trap {code}")?,
            FaultKind::Memory => f.write_str("bad memory access")?,
            FaultKind::Arithmetic => f.write_str("arithmetic refused by the machine")?,
            FaultKind::Nested => f.write_str("generated code entered from within itself")?,
            FaultKind::Setup(error) => {
                let error = std::io::Error::from_raw_os_error(error);
                write!(f, "no signal stack for this thread: {error}")?;
            }
        }
        if let Some(address) = self.address {
            write!(f, " at guest address {address:#x}")?;
        }
        if let Some(offset) = self.pc_offset {
            write!(f, ", code offset {offset:#x}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

//! Registers of the eBPF machine.

use std::fmt;

/// A register, `r0` to `r10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(u8);

impl Reg {
    /// Result of a call.
    pub const R0: Self = Self(0);
    /// First argument.
    pub const R1: Self = Self(1);
    /// Second argument.
    pub const R2: Self = Self(2);
    /// Third argument.
    pub const R3: Self = Self(3);
    /// Fourth argument.
    pub const R4: Self = Self(4);
    /// Fifth argument.
    pub const R5: Self = Self(5);
    /// Survives calls.
    pub const R6: Self = Self(6);
    /// Survives calls.
    pub const R7: Self = Self(7);
    /// Survives calls.
    pub const R8: Self = Self(8);
    /// Survives calls.
    pub const R9: Self = Self(9);
    /// Frame pointer, read-only.
    pub const R10: Self = Self(10);

    /// How many registers there are.
    pub const COUNT: usize = 11;

    /// The register with this number, if there is one.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Its number, 0 to 10.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its number, as an index into an array of [`Reg::COUNT`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// All registers in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// A set of registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegSet(u16);

impl RegSet {
    /// No register.
    pub const EMPTY: Self = Self(0);
    /// `r1` to `r5`.
    pub const ARGUMENTS: Self = Self(0b11_1110);
    /// All registers.
    pub const ALL: Self = Self((1 << Reg::COUNT) - 1);

    /// The set of one register.
    pub const fn of(reg: Reg) -> Self {
        Self(1 << reg.0)
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set but not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the register is in the set.
    pub const fn contains(self, reg: Reg) -> bool {
        self.0 & (1 << reg.0) != 0
    }

    /// Whether no register is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its registers in order.
    pub fn iter(self) -> impl Iterator<Item = Reg> {
        Reg::all().filter(move |reg| self.contains(*reg))
    }
}

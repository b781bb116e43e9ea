//! The program of a regular expression: a non-deterministic automaton that is
//! run in time linear in text and program, with leftmost-first meaning.
//!
//! A program is little-endian `u32` words: instruction count, start
//! instruction (unanchored searches begin there at every position), capture
//! slot count (two for each group, group 0 first), group name count, then the
//! instructions of four words each, then the ranges, then the names (group
//! index, offset of its name from the start of the site data, length).

/// Words before the first instruction.
pub const HEADER_WORDS: usize = 4;
/// Words that an instruction takes: operation, then three operands.
pub const INSTRUCTION_WORDS: usize = 4;

/// Operation: the expression has matched.
pub const MATCH: u32 = 0;
/// Operation: consume a byte of `first..=second`, go to `third`.
pub const BYTE: u32 = 1;
/// Operation: consume a byte that one of `second` ranges, beginning with range
/// number `first`, holds; go to `third`. A range is one word, low byte and
/// high byte in its lowest two bytes.
pub const RANGES: u32 = 2;
/// Operation: try `first`, then `second`.
pub const SPLIT: u32 = 3;
/// Operation: store the position in slot `first`, go to `second`.
pub const SAVE: u32 = 4;
/// Operation: go to `second` if assertion `first` holds here.
pub const ASSERT: u32 = 5;
/// Operation: this way has failed.
pub const FAIL: u32 = 6;

/// Assertion: start of the text.
pub const TEXT_START: u32 = 0;
/// Assertion: end of the text.
pub const TEXT_END: u32 = 1;
/// Assertion: start of a line.
pub const LINE_START: u32 = 2;
/// Assertion: end of a line.
pub const LINE_END: u32 = 3;
/// Assertion: ASCII word boundary.
pub const WORD_BOUNDARY: u32 = 4;
/// Assertion: no ASCII word boundary.
pub const NOT_WORD_BOUNDARY: u32 = 5;

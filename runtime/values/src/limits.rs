//! What a request can make values grow to.

/// Bytes of one text: larger than any request head.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// Elements of one list: more than there are words in a sensible field.
pub const ITEMS_MAX: usize = 1 << 16;

/// Bytes and elements that one expression looks at, in all its loops together:
/// so that it does not hold up a worker for longer than some hundredths of a
/// second.
pub const WORK_MAX: usize = 64 << 20;

/// What going on to the next element counts for.
pub const STEP_WORK: usize = 256;

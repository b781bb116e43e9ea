//! What a request can make values grow to.

/// Bytes of one text: larger than any request head.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// Elements of one list: more than there are words in a sensible field.
pub const ITEMS_MAX: usize = 1 << 16;

/// Elements that one expression goes over, in all its lists together: so that lists
/// within lists do not hold up a worker for longer than some milliseconds.
pub const STEPS_MAX: u32 = 1 << 18;

//! What an expression can grow to.

/// Characters of an expression after placeholders are expanded; Caddy's limit as well.
pub const TEXT_CHARS_MAX: usize = 100_000;

/// Expressions within each other. Every stage recurses over them. Caddy's parser stops at 250 as well.
pub const DEPTH_MAX: u32 = 250;

/// Steps of comparing types. Types of nested maps can be larger than the text that they come from by any factor.
pub(crate) const TYPE_STEPS_MAX: u32 = 20_000_000;

/// Types within each other.
pub(crate) const TYPE_DEPTH_MAX: u32 = 300;

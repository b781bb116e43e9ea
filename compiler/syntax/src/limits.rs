//! What a configuration can grow to. Each number is far above any real file and keeps hostile ones cheap to refuse.

/// Tokens after all imports are expanded. A snippet that imports another twice doubles with every level.
pub const TOKENS_MAX: usize = 1_000_000;

/// Blocks within blocks. Later stages recurse over them.
pub const BLOCK_DEPTH_MAX: usize = 64;

/// Imports within imports.
pub const IMPORT_DEPTH_MAX: usize = 64;

/// Bytes of a file, and of a text after environment variables are put in.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Bytes of all token texts after all imports are expanded. An argument can be repeated inside a word.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

//! Typed configuration to route graph: listeners, tables and functions of
//! basic blocks.
//!
//! In: a [`zs_config::model::Config`]. Out: a [`Program`]: functions that say
//! what is tested and done, in which order, and the tables that they name.
//! What is known at build time is decided here; nothing of the configuration is left to be
//! interpreted. Left out on purpose: instruction sets and where things lie in
//! memory.

#![forbid(unsafe_code)]

pub mod automaton;
mod effects;
mod go_syntax;
mod go_time;
mod groups;
pub mod hosts;
mod lower;
pub mod maps;
pub mod parse;
mod path_expressions;
pub mod paths;
pub mod print;
pub mod program;
mod punycode;
pub mod ranges;
pub mod regex;
pub mod split;
pub mod template;
pub mod verify;

pub use effects::Parts;
pub use lower::lower;
pub use program::Program;

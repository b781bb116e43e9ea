//! The command: building and running sites, and what helps with their configuration.
//!
//! This crate joins the rooms: it reads arguments, calls the stages in order and is
//! the only place where compiler and runtime meet. What goes wrong is printed
//! here and becomes an exit code. It is a library too, so that tests can make
//! sites that no configuration makes.

mod arguments;
pub mod assemble;
mod commands;
pub mod compile;
pub mod embedded;
mod environment;
mod fmt;
mod graph;
pub mod inspect;
mod open;
mod output;
mod password;
mod reference;
pub mod run;
mod timing;
pub mod trace;

use std::process::ExitCode;

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    commands::dispatch(arguments::parse())
}

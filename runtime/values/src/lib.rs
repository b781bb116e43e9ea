//! Values of expressions at run time: types, equality and order, and the
//! functions on them, as CEL has them.
//!
//! Comes in: constants of the site data, texts of the request. Goes out:
//! values. Generated code decides what is asked and in which order; there is
//! no expression in here. No sockets, clocks or threads.

#![forbid(unsafe_code)]

mod basic;
mod compare;
mod constant;
mod convert;
mod go_number;
mod limits;
mod lists;
mod number;
mod registers;
mod search;
mod text;
mod time;
mod value;

pub use basic::basic;
pub use convert::convert;
pub use limits::{ITEMS_MAX, TEXT_BYTES_MAX, WORK_MAX};
pub use lists::lists;
pub use number::number;
pub use registers::{BadRegister, Registers};
pub use text::text;
pub use time::time;
pub use value::{Problem, Type, Value};

/// A function group: the result of a function of it on arguments.
pub type Apply = fn(zs_abi::value::Function, Vec<Value>) -> Result<Value, Problem>;

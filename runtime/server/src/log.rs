//! Lines for the operator, on standard error.

use std::fmt;
use std::io::Write;

/// Writes one line, with one call, so that lines of several threads do not
/// mix. A closed standard error is nothing to fail for.
pub fn line(text: fmt::Arguments<'_>) {
    let line = format!("zeroserve: {text}\n");
    let _written = std::io::stderr().write_all(line.as_bytes());
}

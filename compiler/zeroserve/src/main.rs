//! The command: build, run, adapt, validate and inspect.

fn main() {}

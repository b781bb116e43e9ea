#![no_main]

#[path = "../runs/tree.rs"]
mod tree;

libfuzzer_sys::fuzz_target!(|data: &[u8]| tree::run(data));

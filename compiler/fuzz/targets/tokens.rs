#![no_main]

#[path = "../runs/tokens.rs"]
mod tokens;

libfuzzer_sys::fuzz_target!(|data: &[u8]| tokens::run(data));

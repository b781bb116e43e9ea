#![no_main]

#[path = "../runs/format.rs"]
mod format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| format::run(data));

#![no_main]

#[path = "../runs/adapt.rs"]
mod adapt;

libfuzzer_sys::fuzz_target!(|data: &[u8]| adapt::run(data));

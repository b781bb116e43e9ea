#![no_main]

#[path = "../runs/expression.rs"]
mod expression;

libfuzzer_sys::fuzz_target!(|data: &[u8]| expression::run(data));

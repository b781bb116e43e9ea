//! What a client sends does not make values large, or their computation long.

use zs_abi::value::{Function, Truth};
use zs_values::{Registers, Value, WORK_MAX, basic, lists, text};

fn string(len: usize) -> Value {
    Value::string(&vec![b'a'; len])
}

#[test]
fn texts_and_lists_have_a_largest_size() {
    let long = [string(1 << 20), Value::string(b"a"), string(1 << 10)];
    assert!(text(Function::Replace, long.to_vec()).is_err());
    assert!(text(Function::Split, vec![string(1 << 20), Value::string(b"")]).is_err());
    assert!(lists(Function::ListRange, vec![Value::Int(i64::MAX)]).is_err());
}

#[test]
fn work_ends() {
    let mut registers = Registers::default();
    let (text, part, rounds) = (1, 2, WORK_MAX / (1 << 20));
    for round in 0..2 * rounds {
        registers
            .set(text, Ok(string(1 << 20)))
            .expect("a register");
        registers.set(part, Ok(string(1))).expect("a register");
        let called = registers.call(Function::Contains, text, 2, basic);
        called.expect("registers");
        if registers.truth(text) == Ok(Truth::Error) {
            assert!(round > 1);
            return;
        }
    }
    panic!("the work has no end");
}

#[test]
fn bytes_that_are_no_text_are_found() {
    let arguments = vec![Value::string(b"a\xffb\xff"), Value::string(b"\xff")];
    let Ok(Value::List(parts)) = text(Function::Split, arguments) else {
        panic!("a list");
    };
    assert_eq!(parts.len(), 3);
}

#[test]
fn numbers_that_name_nothing_are_refused() {
    let mut registers = Registers::default();
    assert!(registers.set(1 << 20, Ok(Value::Null)).is_err());
    assert!(registers.call(Function::Equal, 255, 2, basic).is_err());
    assert!(registers.call(Function::Equal, 0, u64::MAX, basic).is_err());
    assert!(registers.set_constant(0, &[77]).is_err());
}

//! Arithmetic. Integers do not wrap around: what does not fit is an error.

use zs_abi::value::Function;

use crate::compare::order;
use crate::time;
use crate::value::{NO_OVERLOAD, Problem, Value};

const INT_OVERFLOW: Problem = "integer overflow";
const UINT_OVERFLOW: Problem = "unsigned integer overflow";

/// The result of a function of this group.
///
/// # Errors
/// What CEL says.
pub fn number(function: Function, arguments: Vec<Value>) -> Result<Value, Problem> {
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next()) {
        (Some(value), None) => unary(function, value),
        (Some(left), Some(right)) => binary(function, left, right),
        _ => Err(NO_OVERLOAD),
    }
}

fn unary(function: Function, value: Value) -> Result<Value, Problem> {
    Ok(match (function, value) {
        (Function::Greatest | Function::Least, Value::List(items)) => extreme(function, &items)?,
        (
            Function::Greatest | Function::Least,
            value @ (Value::Int(_) | Value::Uint(_) | Value::Double(_)),
        ) => value,
        (Function::Negate, Value::Int(value)) => {
            Value::Int(value.checked_neg().ok_or(INT_OVERFLOW)?)
        }
        (Function::Negate, Value::Duration(value)) => {
            Value::Duration(value.checked_neg().ok_or(INT_OVERFLOW)?)
        }
        (Function::Negate, Value::Double(value)) => Value::Double(-value),
        (Function::Abs, Value::Int(value)) => Value::Int(value.checked_abs().ok_or(INT_OVERFLOW)?),
        (Function::Abs, value @ Value::Uint(_)) => value,
        (Function::Abs, Value::Double(value)) => Value::Double(value.abs()),
        (Function::Sign, Value::Int(value)) => Value::Int(value.signum()),
        (Function::Sign, Value::Uint(value)) => Value::Uint(value.min(1)),
        (Function::Sign, Value::Double(value)) => Value::Double(sign(value)),
        (Function::BitNot, Value::Int(value)) => Value::Int(!value),
        (Function::BitNot, Value::Uint(value)) => Value::Uint(!value),
        (Function::SquareRoot, Value::Int(value)) => Value::Double((value as f64).sqrt()),
        (Function::SquareRoot, Value::Uint(value)) => Value::Double((value as f64).sqrt()),
        (function, Value::Double(value)) => double(function, value)?,
        _ => return Err(NO_OVERLOAD),
    })
}

fn double(function: Function, value: f64) -> Result<Value, Problem> {
    Ok(match function {
        Function::SquareRoot => Value::Double(value.sqrt()),
        Function::Ceil => Value::Double(value.ceil()),
        Function::Floor => Value::Double(value.floor()),
        Function::Round => Value::Double(value.round()),
        Function::Truncate => Value::Double(value.trunc()),
        Function::IsFinite => Value::Bool(value.is_finite()),
        Function::IsInfinite => Value::Bool(value.is_infinite()),
        Function::IsNan => Value::Bool(value.is_nan()),
        _ => return Err(NO_OVERLOAD),
    })
}

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else if value.is_nan() {
        value
    } else {
        0.0
    }
}

/// The largest or the smallest of some numbers.
fn extreme(function: Function, items: &[Value]) -> Result<Value, Problem> {
    let (first, rest) = items.split_first().ok_or("the list must not be empty")?;
    let mut found = first.clone();
    for item in rest {
        found = pick(function, found, item.clone())?;
    }
    match found {
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => Ok(found),
        _ => Err(NO_OVERLOAD),
    }
}

fn pick(function: Function, left: Value, right: Value) -> Result<Value, Problem> {
    let order = order(&left, &right)?;
    let second = if function == Function::Greatest {
        order.is_lt()
    } else {
        order.is_gt()
    };
    Ok(if second { right } else { left })
}

fn binary(function: Function, left: Value, right: Value) -> Result<Value, Problem> {
    Ok(match (left, right) {
        (left, right) if matches!(function, Function::Greatest | Function::Least) => {
            pick(function, left, right)?
        }
        (Value::Int(left), Value::Int(right)) => Value::Int(int(function, left, right)?),
        (Value::Uint(left), Value::Uint(right)) => Value::Uint(uint(function, left, right)?),
        (Value::Uint(left), Value::Int(right)) => {
            let bits = shift(right)?;
            Value::Uint(match function {
                Function::BitShiftLeft => left.checked_shl(bits).unwrap_or(0),
                Function::BitShiftRight => left.checked_shr(bits).unwrap_or(0),
                _ => return Err(NO_OVERLOAD),
            })
        }
        (Value::Double(left), Value::Double(right)) => Value::Double(match function {
            Function::Add => left + right,
            Function::Subtract => left - right,
            Function::Multiply => left * right,
            Function::Divide => left / right,
            _ => return Err(NO_OVERLOAD),
        }),
        (left, right) if function == Function::Add => add(left, right)?,
        (left, right) if function == Function::Subtract => time::subtract(&left, &right)?,
        _ => return Err(NO_OVERLOAD),
    })
}

/// What is put behind each other, and times.
fn add(left: Value, right: Value) -> Result<Value, Problem> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Value::text([&*left, &*right].concat()),
        (Value::Bytes(left), Value::Bytes(right)) => {
            match Value::text([&*left, &*right].concat())? {
                Value::String(bytes) => Ok(Value::Bytes(bytes)),
                other => Ok(other),
            }
        }
        (Value::List(left), Value::List(right)) => {
            Value::list(left.iter().chain(&*right).cloned().collect())
        }
        (left, right) => time::add(&left, &right),
    }
}

fn int(function: Function, left: i64, right: i64) -> Result<i64, Problem> {
    let result = match function {
        Function::Add => left.checked_add(right),
        Function::Subtract => left.checked_sub(right),
        Function::Multiply => left.checked_mul(right),
        Function::Divide if right == 0 => return Err("division by zero"),
        Function::Modulo if right == 0 => return Err("modulus by zero"),
        Function::Divide => left.checked_div(right),
        Function::Modulo => left.checked_rem(right),
        Function::BitAnd => Some(left & right),
        Function::BitOr => Some(left | right),
        Function::BitXor => Some(left ^ right),
        Function::BitShiftLeft => Some(left.checked_shl(shift(right)?).unwrap_or(0)),
        // The sign is a bit like the others here.
        Function::BitShiftRight => {
            let bits = left.cast_unsigned().checked_shr(shift(right)?);
            Some(bits.unwrap_or(0).cast_signed())
        }
        _ => return Err(NO_OVERLOAD),
    };
    result.ok_or(INT_OVERFLOW)
}

fn uint(function: Function, left: u64, right: u64) -> Result<u64, Problem> {
    let result = match function {
        Function::Add => left.checked_add(right),
        Function::Subtract => left.checked_sub(right),
        Function::Multiply => left.checked_mul(right),
        Function::Divide => return left.checked_div(right).ok_or("division by zero"),
        Function::Modulo => return left.checked_rem(right).ok_or("modulus by zero"),
        Function::BitAnd => Some(left & right),
        Function::BitOr => Some(left | right),
        Function::BitXor => Some(left ^ right),
        _ => return Err(NO_OVERLOAD),
    };
    result.ok_or(UINT_OVERFLOW)
}

/// How many bits to shift by; more than there are shift all out.
fn shift(bits: i64) -> Result<u32, Problem> {
    let bits = u64::try_from(bits).map_err(|_| "negative offset")?;
    Ok(u32::try_from(bits).unwrap_or(u32::MAX))
}

//! From one type to another.

use zs_abi::value::Function;

use crate::go_number::{parse_bool, parse_double, parse_int, parse_uint, plain, shortest};
use crate::time;
use crate::value::{NO_OVERLOAD, Problem, Value};

const BAD: Problem = "type conversion error";
const RANGE: Problem = "range error converting a value";

/// The result of a function of this group.
///
/// # Errors
/// What CEL says.
pub fn convert(function: Function, arguments: Vec<Value>) -> Result<Value, Problem> {
    let [value] = <[Value; 1]>::try_from(arguments).map_err(|_| NO_OVERLOAD)?;
    match function {
        Function::ToDynamic => Ok(value),
        Function::ToBool => bool(value),
        Function::ToBytes => bytes(value),
        Function::ToDouble => double(value),
        Function::ToInt => int(value),
        Function::ToUint => uint(value),
        Function::ToString => string(value),
        Function::ToDuration => match value {
            Value::String(text) => time::parse_duration(&text).ok_or(BAD),
            value @ Value::Duration(_) => Ok(value),
            _ => Err(NO_OVERLOAD),
        },
        Function::ToTimestamp => match value {
            Value::String(text) => time::parse_timestamp(&text).ok_or(BAD),
            Value::Int(seconds) => time::from_seconds(seconds),
            value @ Value::Timestamp(_) => Ok(value),
            _ => Err(NO_OVERLOAD),
        },
        _ => Err(NO_OVERLOAD),
    }
}

fn bool(value: Value) -> Result<Value, Problem> {
    match value {
        Value::String(text) => parse_bool(&text).map(Value::Bool).ok_or(BAD),
        value @ Value::Bool(_) => Ok(value),
        _ => Err(NO_OVERLOAD),
    }
}

fn bytes(value: Value) -> Result<Value, Problem> {
    match value {
        Value::String(text) => Ok(Value::Bytes(text)),
        value @ Value::Bytes(_) => Ok(value),
        _ => Err(NO_OVERLOAD),
    }
}

fn double(value: Value) -> Result<Value, Problem> {
    Ok(Value::Double(match value {
        Value::String(text) => parse_double(&text).ok_or(BAD)?,
        Value::Int(value) => value as f64,
        Value::Uint(value) => value as f64,
        Value::Double(value) => value,
        _ => return Err(NO_OVERLOAD),
    }))
}

fn int(value: Value) -> Result<Value, Problem> {
    Ok(Value::Int(match value {
        Value::String(text) => parse_int(&text).ok_or(BAD)?,
        Value::Uint(value) => i64::try_from(value).map_err(|_| RANGE)?,
        // The bounds themselves are out of range, as CEL has it.
        Value::Double(value) if value > i64::MIN as f64 && value < i64::MAX as f64 => value as i64,
        Value::Double(_) => return Err(RANGE),
        Value::Timestamp(time) => time.seconds,
        Value::Duration(nanos) => nanos,
        Value::Int(value) => value,
        _ => return Err(NO_OVERLOAD),
    }))
}

fn uint(value: Value) -> Result<Value, Problem> {
    Ok(Value::Uint(match value {
        Value::String(text) => parse_uint(&text).ok_or(BAD)?,
        Value::Int(value) => u64::try_from(value).map_err(|_| RANGE)?,
        Value::Double(value) if value >= 0.0 && value < u64::MAX as f64 => value as u64,
        Value::Double(_) => return Err(RANGE),
        Value::Uint(value) => value,
        _ => return Err(NO_OVERLOAD),
    }))
}

fn string(value: Value) -> Result<Value, Problem> {
    let text = match value {
        value @ Value::String(_) => return Ok(value),
        Value::Bytes(bytes) if std::str::from_utf8(&bytes).is_ok() => {
            return Ok(Value::String(bytes));
        }
        Value::Bytes(_) => return Err("invalid UTF-8 in bytes, cannot convert to string"),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) => shortest(value),
        Value::Duration(nanos) => plain(time::seconds(nanos)) + "s",
        Value::Timestamp(time) => time::to_text(time),
        _ => return Err(NO_OVERLOAD),
    };
    Ok(Value::string(text.as_bytes()))
}

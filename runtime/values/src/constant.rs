//! Constants of the site data as values.

use zs_abi::value::{BYTES, DOUBLE, ERROR, FALSE, INT, NULL, REQUEST, STRING, TRUE, TYPE, UINT};

use crate::value::{Problem, Type, Value};

/// Decodes a constant; none if it is malformed, which the compiler does not
/// make. An error is one, too.
pub fn decode(constant: &'static [u8]) -> Option<Result<Value, Problem>> {
    let (tag, rest) = constant.split_first()?;
    let word = || rest.try_into().ok().map(u64::from_le_bytes);
    Some(Ok(match *tag {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        INT => Value::Int(word()?.cast_signed()),
        UINT => Value::Uint(word()?),
        DOUBLE => Value::Double(f64::from_bits(word()?)),
        STRING => Value::String(rest.into()),
        BYTES => Value::Bytes(rest.into()),
        TYPE => Value::Type(Type::by_name(rest)?),
        REQUEST => Value::Request,
        ERROR => return std::str::from_utf8(rest).ok().map(Err),
        _ => return None,
    }))
}

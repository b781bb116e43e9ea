//! Equality, which all values have, and order, which some have.

use std::cmp::Ordering;

use crate::value::{NO_OVERLOAD, Problem, Value};

/// Whether two values are the same. Numbers of different types are compared by
/// what they stand for; values of other different types are never the same.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) | (Value::Request, Value::Request) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            (left.seconds, left.nanos) == (right.seconds, right.nanos)
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(&**right)
                    .all(|(left, right)| equal(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| find(right, key).is_some_and(|other| equal(value, other)))
        }
        _ => numbers(left, right) == Some(Some(Ordering::Equal)),
    }
}

/// The value for a key.
pub fn find<'m>(entries: &'m [(Value, Value)], key: &Value) -> Option<&'m Value> {
    let found = entries.iter().find(|(known, _)| equal(known, key));
    found.map(|(_, value)| value)
}

/// One of two numbers is not a number.
pub const NOT_ORDERED: Problem = "NaN values cannot be ordered";

/// Which of two values comes first.
pub fn order(left: &Value, right: &Value) -> Result<Ordering, Problem> {
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            left.cmp(right)
        }
        (Value::Duration(left), Value::Duration(right)) => left.cmp(right),
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            (left.seconds, left.nanos).cmp(&(right.seconds, right.nanos))
        }
        _ => {
            let order = numbers(left, right).ok_or(NO_OVERLOAD)?;
            return order.ok_or(NOT_ORDERED);
        }
    })
}

/// How two numbers compare; inside, none if one of them is not a number.
fn numbers(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Uint(left), Value::Uint(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Int(left), Value::Uint(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::Uint(left), Value::Int(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        // As CEL does it: an integer becomes the nearest double, unless the
        // double lies outside of all integers of its type.
        (Value::Int(left), Value::Double(right)) => {
            double_and(*right, *left as f64, i64::MIN as f64, i64::MAX as f64)
                .map(Ordering::reverse)
        }
        (Value::Double(left), Value::Int(right)) => {
            double_and(*left, *right as f64, i64::MIN as f64, i64::MAX as f64)
        }
        (Value::Uint(left), Value::Double(right)) => {
            double_and(*right, *left as f64, 0.0, u64::MAX as f64).map(Ordering::reverse)
        }
        (Value::Double(left), Value::Uint(right)) => {
            double_and(*left, *right as f64, 0.0, u64::MAX as f64)
        }
        _ => return None,
    })
}

/// Compares a double with an integer of a type with these bounds.
fn double_and(double: f64, integer: f64, low: f64, high: f64) -> Option<Ordering> {
    if double < low {
        return Some(Ordering::Less);
    }
    if double > high {
        return Some(Ordering::Greater);
    }
    double.partial_cmp(&integer)
}

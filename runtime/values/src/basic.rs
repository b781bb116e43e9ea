//! What every expression may need: equality, order, membership, access.

use std::cmp::Ordering;
use std::rc::Rc;

use zs_abi::value::Function;

use crate::compare::{NOT_ORDERED, equal, find, order};
use crate::search;
use crate::text::characters;
use crate::value::{NO_OVERLOAD, Problem, Value};

/// The result of a function of this group.
///
/// # Errors
/// What CEL says.
pub fn basic(function: Function, arguments: Vec<Value>) -> Result<Value, Problem> {
    match function {
        Function::List => return Value::list(arguments),
        Function::Map => return map(arguments),
        _ => {}
    }
    let mut arguments = arguments.into_iter();
    let (first, second) = (arguments.next(), arguments.next());
    match (first, second) {
        (Some(first), None) => unary(function, first),
        (Some(first), Some(second)) => binary(function, first, second),
        _ => Err(NO_OVERLOAD),
    }
}

fn unary(function: Function, value: Value) -> Result<Value, Problem> {
    Ok(match (function, value) {
        (Function::Not, Value::Bool(value)) => Value::Bool(!value),
        (Function::TypeOf, value) => Value::Type(value.ty()),
        (Function::Size, value) => Value::Int(size(&value)? as i64),
        (Function::Iterate, Value::List(list)) => Value::List(list),
        (Function::Iterate, Value::Map(entries)) => {
            let keys = entries.iter().map(|(key, _)| key.clone());
            Value::List(Rc::new(keys.collect()))
        }
        _ => return Err(NO_OVERLOAD),
    })
}

fn binary(function: Function, left: Value, right: Value) -> Result<Value, Problem> {
    let holds = match function {
        Function::Equal => equal(&left, &right),
        Function::NotEqual => !equal(&left, &right),
        Function::Less => is(&left, &right, Ordering::is_lt)?,
        Function::LessEqual => is(&left, &right, Ordering::is_le)?,
        Function::Greater => is(&left, &right, Ordering::is_gt)?,
        Function::GreaterEqual => is(&left, &right, Ordering::is_ge)?,
        Function::In => is_in(&left, &right)?,
        Function::Has => match &left {
            Value::Map(entries) => find(entries, &right).is_some(),
            _ => false,
        },
        Function::Contains | Function::StartsWith | Function::EndsWith => {
            let (Value::String(text), Value::String(part)) = (&left, &right) else {
                return Err(NO_OVERLOAD);
            };
            match function {
                Function::Contains => search::contains(text, part),
                Function::StartsWith => text.starts_with(part),
                _ => text.ends_with(part),
            }
        }
        Function::Index => return index(&left, &right),
        Function::Append => return append(left, right),
        _ => return Err(NO_OVERLOAD),
    };
    Ok(Value::Bool(holds))
}

/// Whether values are in this order; what is not a number is in none.
fn is(left: &Value, right: &Value, fits: fn(Ordering) -> bool) -> Result<bool, Problem> {
    match order(left, right) {
        Err(NOT_ORDERED) => Ok(false),
        order => order.map(fits),
    }
}

fn size(value: &Value) -> Result<usize, Problem> {
    Ok(match value {
        Value::String(text) => characters(text).len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return Err(NO_OVERLOAD),
    })
}

fn is_in(value: &Value, within: &Value) -> Result<bool, Problem> {
    match within {
        Value::List(items) => Ok(items.iter().any(|item| equal(item, value))),
        Value::Map(entries) => Ok(find(entries, value).is_some()),
        _ => Err(NO_OVERLOAD),
    }
}

fn index(value: &Value, key: &Value) -> Result<Value, Problem> {
    match value {
        Value::Map(entries) => find(entries, key).cloned().ok_or("no such key"),
        Value::List(items) => {
            let at = match key {
                Value::Int(at) => usize::try_from(*at).ok(),
                Value::Uint(at) => usize::try_from(*at).ok(),
                Value::Double(at) if *at >= 0.0 && at.fract() == 0.0 => Some(*at as usize),
                _ => None,
            };
            let item = at.and_then(|at| items.get(at));
            item.cloned().ok_or("index out of bounds")
        }
        _ => Err("no such key"),
    }
}

/// Keys and values by turns as a map; a key that comes again replaces.
fn map(arguments: Vec<Value>) -> Result<Value, Problem> {
    let mut entries: Vec<(Value, Value)> = Vec::with_capacity(arguments.len() / 2);
    let mut arguments = arguments.into_iter();
    while let (Some(key), Some(value)) = (arguments.next(), arguments.next()) {
        match entries.iter_mut().find(|(known, _)| equal(known, &key)) {
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
    Ok(Value::Map(Rc::new(entries)))
}

fn append(list: Value, item: Value) -> Result<Value, Problem> {
    let Value::List(mut list) = list else {
        return Err(NO_OVERLOAD);
    };
    if list.len() >= crate::ITEMS_MAX {
        return Err(crate::value::TOO_LARGE);
    }
    Rc::make_mut(&mut list).push(item);
    Ok(Value::List(list))
}

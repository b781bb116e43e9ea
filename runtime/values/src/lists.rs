//! Lists.

use std::rc::Rc;

use zs_abi::value::Function;

use crate::compare::{equal, order};
use crate::limits::ITEMS_MAX;
use crate::value::{NO_OVERLOAD, Problem, TOO_LARGE, Value};

/// The result of a function of this group.
///
/// # Errors
/// What CEL says.
pub fn lists(function: Function, arguments: Vec<Value>) -> Result<Value, Problem> {
    match (function, &arguments[..]) {
        (Function::ListRange, [Value::Int(count)]) => {
            if *count > ITEMS_MAX as i64 {
                return Err(TOO_LARGE);
            }
            Value::list((0..*count).map(Value::Int).collect())
        }
        (Function::Distinct, [Value::List(items)]) => distinct(items),
        (Function::Flatten, [Value::List(items)]) => flattened(items, 1),
        (Function::Flatten, [Value::List(items), Value::Int(depth)]) => {
            let depth = u32::try_from(*depth).map_err(|_| "level must be non-negative")?;
            flattened(items, depth)
        }
        (Function::Slice, [Value::List(items), Value::Int(start), Value::Int(end)]) => {
            let range = usize::try_from(*start).ok().zip(usize::try_from(*end).ok());
            let part = range.and_then(|(start, end)| items.get(start..end));
            Value::list(part.ok_or("cannot slice")?.to_vec())
        }
        (Function::Sort, [Value::List(items)]) => sort(items, items),
        (Function::SortBy, [Value::List(items), Value::List(keys)]) => sort(items, keys),
        _ => Err(NO_OVERLOAD),
    }
}

/// Each element once. Quadratic, and so only for lists that are not long.
fn distinct(items: &[Value]) -> Result<Value, Problem> {
    const DISTINCT_ITEMS_MAX: usize = 1024;
    if items.len() > DISTINCT_ITEMS_MAX {
        return Err(TOO_LARGE);
    }
    let mut found: Vec<Value> = Vec::new();
    for item in items {
        if !found.iter().any(|known| equal(known, item)) {
            found.push(item.clone());
        }
    }
    Value::list(found)
}

fn flattened(items: &[Value], depth: u32) -> Result<Value, Problem> {
    let mut out = Vec::new();
    flatten(items, depth, &mut out)?;
    Value::list(out)
}

fn flatten(items: &[Value], depth: u32, out: &mut Vec<Value>) -> Result<(), Problem> {
    for item in items {
        match item {
            Value::List(inner) if depth > 0 => flatten(inner, depth - 1, out)?,
            item => out.push(item.clone()),
        }
        if out.len() > ITEMS_MAX {
            return Err(TOO_LARGE);
        }
    }
    Ok(())
}

/// The elements in the order of their keys, which are of one type.
fn sort(items: &Rc<Vec<Value>>, keys: &[Value]) -> Result<Value, Problem> {
    let Some(first) = keys.first() else {
        return Ok(Value::List(items.clone()));
    };
    if keys.len() > 1 && keys.iter().any(|key| key.ty() != first.ty()) {
        return Err("list elements must have the same type");
    }
    if order(first, first).is_err_and(|problem| problem == NO_OVERLOAD) {
        return Err("list elements must be comparable");
    }
    let mut numbers: Vec<usize> = (0..items.len()).collect();
    numbers.sort_by(|left, right| {
        let pair = keys.get(*left).zip(keys.get(*right));
        pair.and_then(|(left, right)| order(left, right).ok())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let sorted = numbers.into_iter().filter_map(|at| items.get(at).cloned());
    Value::list(sorted.collect())
}

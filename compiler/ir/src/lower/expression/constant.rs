//! Values that are known at build time.

use zs_abi::value::{BYTES, DOUBLE, ERROR, FALSE, INT, NULL, REQUEST, STRING, TRUE, TYPE, UINT};
use zs_cel::{Constant, Expr, Function, Kind, Type};

/// A constant as the site data has it.
pub fn encode(constant: &Constant) -> Vec<u8> {
    match constant {
        Constant::Null => vec![NULL],
        Constant::Bool(false) => vec![FALSE],
        Constant::Bool(true) => vec![TRUE],
        Constant::Int(value) => tagged(INT, &value.to_le_bytes()),
        Constant::Uint(value) => tagged(UINT, &value.to_le_bytes()),
        Constant::Double(value) => tagged(DOUBLE, &value.to_bits().to_le_bytes()),
        Constant::String(text) => tagged(STRING, text.as_bytes()),
        Constant::Bytes(bytes) => tagged(BYTES, bytes),
    }
}

/// The request as the site data has it.
pub fn request() -> Vec<u8> {
    vec![REQUEST]
}

/// An error as the site data has it.
pub fn error(message: &str) -> Vec<u8> {
    tagged(ERROR, message.as_bytes())
}

/// A type as the site data has it.
pub fn type_name(ty: &Type) -> Vec<u8> {
    let name = match ty {
        Type::Null => "null_type",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Uint => "uint",
        Type::Double => "double",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::List(_) => "list",
        Type::Map(..) => "map",
        Type::Timestamp => "google.protobuf.Timestamp",
        Type::Duration => "google.protobuf.Duration",
        Type::Request => "http.Request",
        _ => "type",
    };
    tagged(TYPE, name.as_bytes())
}

fn tagged(tag: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(rest);
    bytes
}

/// The text that an expression is, when that is known: one text, or several
/// joined.
pub fn text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Constant(Constant::String(text)) => Some(text.clone()),
        Kind::Call(Function::Add, parts) => parts.iter().map(text).collect(),
        _ => None,
    }
}

/// Whether a condition holds, when that is known.
pub fn truth(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        Kind::Constant(Constant::Bool(value)) => Some(*value),
        Kind::Call(Function::Not, parts) => parts.first().and_then(truth).map(|value| !value),
        Kind::And(parts) if parts.iter().any(|part| truth(part) == Some(false)) => Some(false),
        Kind::And(parts) => all(parts, true),
        Kind::Or(parts) if parts.iter().any(|part| truth(part) == Some(true)) => Some(true),
        Kind::Or(parts) => all(parts, false),
        Kind::Call(function, parts) => match &parts[..] {
            [left, right] => compared(*function, scalar(left)?, scalar(right)?),
            _ => None,
        },
        _ => None,
    }
}

fn all(parts: &[Expr], value: bool) -> Option<bool> {
    parts
        .iter()
        .all(|part| truth(part) == Some(value))
        .then_some(value)
}

fn scalar(expr: &Expr) -> Option<&Constant> {
    match &expr.kind {
        Kind::Constant(constant) => Some(constant),
        _ => None,
    }
}

/// A comparison of two constants of one type.
fn compared(function: Function, left: &Constant, right: &Constant) -> Option<bool> {
    let order = match (left, right) {
        (Constant::Bool(left), Constant::Bool(right)) => left.cmp(right),
        (Constant::Int(left), Constant::Int(right)) => left.cmp(right),
        (Constant::Uint(left), Constant::Uint(right)) => left.cmp(right),
        (Constant::Double(left), Constant::Double(right)) => left.partial_cmp(right)?,
        (Constant::String(left), Constant::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Constant::Bytes(left), Constant::Bytes(right)) => left.cmp(right),
        _ => return None,
    };
    Some(match function {
        Function::Equal => order.is_eq(),
        Function::NotEqual => order.is_ne(),
        Function::Less => order.is_lt(),
        Function::LessEqual => order.is_le(),
        Function::Greater => order.is_gt(),
        Function::GreaterEqual => order.is_ge(),
        _ => return None,
    })
}

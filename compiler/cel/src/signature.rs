//! What functions take and give.

use std::fmt;

use crate::Function;
use crate::types::Type;
use crate::unify::Unifier;

/// One way in which a function can be called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature {
    /// Whether it is a method; its receiver is the first parameter.
    pub(crate) method: bool,
    pub(crate) parameters: &'static [Shape],
    pub(crate) result: Shape,
}

/// A type in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Bool,
    Bytes,
    Double,
    Duration,
    Dynamic,
    Int,
    String,
    Timestamp,
    Type,
    Uint,
    /// Any type, the same one wherever it stands in the signature.
    A,
    /// Another such type.
    B,
    List(&'static Shape),
    Map(&'static Shape, &'static Shape),
}

/// The types that a signature has at one call.
pub(crate) struct Instance {
    pub(crate) parameters: Vec<Type>,
    pub(crate) result: Type,
}

impl Signature {
    /// The signature's types, with unknown ones where any type is taken.
    pub(crate) fn instantiate(&self, unifier: &mut Unifier) -> Instance {
        let mut unknown = [None, None];
        let mut ty = |shape: &Shape| shape.instantiate(unifier, &mut unknown);
        Instance {
            parameters: self.parameters.iter().map(&mut ty).collect(),
            result: ty(&self.result),
        }
    }
}

impl Shape {
    fn instantiate(&self, unifier: &mut Unifier, unknown: &mut [Option<Type>; 2]) -> Type {
        match self {
            Shape::Bool => Type::Bool,
            Shape::Bytes => Type::Bytes,
            Shape::Double => Type::Double,
            Shape::Duration => Type::Duration,
            Shape::Dynamic => Type::Dynamic,
            Shape::Int => Type::Int,
            Shape::String => Type::String,
            Shape::Timestamp => Type::Timestamp,
            Shape::Type => Type::Type,
            Shape::Uint => Type::Uint,
            Shape::A => unknown[0].get_or_insert_with(|| unifier.fresh()).clone(),
            Shape::B => unknown[1].get_or_insert_with(|| unifier.fresh()).clone(),
            Shape::List(element) => Type::list(element.instantiate(unifier, unknown)),
            Shape::Map(key, value) => Type::map(
                key.instantiate(unifier, unknown),
                value.instantiate(unifier, unknown),
            ),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Bool => "bool",
            Shape::Bytes => "bytes",
            Shape::Double => "double",
            Shape::Duration => "duration",
            Shape::Dynamic => "dyn",
            Shape::Int => "int",
            Shape::String => "string",
            Shape::Timestamp => "timestamp",
            Shape::Type => "type",
            Shape::Uint => "uint",
            Shape::A => "A",
            Shape::B => "B",
            Shape::List(element) => return write!(f, "list({element})"),
            Shape::Map(key, value) => return write!(f, "map({key}, {value})"),
        })
    }
}

/// How the call is written, for messages.
pub(crate) fn usage(function: Function, signature: &Signature) -> std::string::String {
    let list = |shapes: &[Shape]| {
        shapes
            .iter()
            .map(Shape::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (signature.method, signature.parameters.split_first()) {
        (true, Some((receiver, rest))) => format!("{receiver}.{function}({})", list(rest)),
        (_, Some((left, [right]))) if function < Function::ToBool => match function {
            Function::Index => format!("{left}[{right}]"),
            _ => format!("{left} {function} {right}"),
        },
        (_, Some((operand, []))) if function < Function::ToBool => format!("{function}{operand}"),
        _ => format!("{function}({})", list(signature.parameters)),
    }
}

macro_rules! signatures {
    ($($($method:ident)? ($($parameter:expr),+) -> $result:expr;)*) => {
        &[$(Signature {
            method: signatures!(@method $($method)?),
            parameters: &[$($parameter),+],
            result: $result,
        }),*]
    };
    (@method) => { false };
    (@method method) => { true };
}

const LIST_A: Shape = Shape::List(&Shape::A);
const MAP_A_B: Shape = Shape::Map(&Shape::A, &Shape::B);
const LIST_BOOL: Shape = Shape::List(&Shape::Bool);
const LIST_BYTES: Shape = Shape::List(&Shape::Bytes);
const LIST_DOUBLE: Shape = Shape::List(&Shape::Double);
const LIST_DURATION: Shape = Shape::List(&Shape::Duration);
const LIST_DYNAMIC: Shape = Shape::List(&Shape::Dynamic);
const LIST_INT: Shape = Shape::List(&Shape::Int);
const LIST_LIST_A: Shape = Shape::List(&LIST_A);
const LIST_STRING: Shape = Shape::List(&Shape::String);
const LIST_TIMESTAMP: Shape = Shape::List(&Shape::Timestamp);
const LIST_UINT: Shape = Shape::List(&Shape::Uint);

/// The types that lists can be sorted by.
pub(crate) const SORTABLE: &[Type] = &[
    Type::Int,
    Type::Uint,
    Type::Double,
    Type::Bool,
    Type::Duration,
    Type::Timestamp,
    Type::String,
    Type::Bytes,
];

use Shape::{A, Bool, Bytes, Double, Duration, Dynamic, Int, String, Timestamp, Uint};

const EQUALITY: &[Signature] = signatures! { (A, A) -> Bool; };

const COMPARISON: &[Signature] = signatures! {
    (Bool, Bool) -> Bool;
    (Int, Int) -> Bool;
    (Uint, Uint) -> Bool;
    (Double, Double) -> Bool;
    (String, String) -> Bool;
    (Bytes, Bytes) -> Bool;
    (Timestamp, Timestamp) -> Bool;
    (Duration, Duration) -> Bool;
};

const CALENDAR: &[Signature] = signatures! {
    method (Timestamp) -> Int;
    method (Timestamp, String) -> Int;
};

const CLOCK: &[Signature] = signatures! {
    method (Timestamp) -> Int;
    method (Timestamp, String) -> Int;
    method (Duration) -> Int;
};

const EXTREME: &[Signature] = signatures! {
    (Double) -> Double;
    (Int) -> Int;
    (Uint) -> Uint;
    (Double, Double) -> Double;
    (Int, Int) -> Int;
    (Uint, Uint) -> Uint;
    (Int, Uint) -> Dynamic;
    (Int, Double) -> Dynamic;
    (Double, Int) -> Dynamic;
    (Double, Uint) -> Dynamic;
    (Uint, Int) -> Dynamic;
    (Uint, Double) -> Dynamic;
    (LIST_DOUBLE) -> Double;
    (LIST_INT) -> Int;
    (LIST_UINT) -> Uint;
};

const SIGNED: &[Signature] = signatures! {
    (Double) -> Double;
    (Int) -> Int;
    (Uint) -> Uint;
};

const BITS: &[Signature] = signatures! {
    (Int, Int) -> Int;
    (Uint, Uint) -> Uint;
};

const SHIFT: &[Signature] = signatures! {
    (Int, Int) -> Int;
    (Uint, Int) -> Uint;
};

const ROUNDING: &[Signature] = signatures! { (Double) -> Double; };
const FLOATING: &[Signature] = signatures! { (Double) -> Bool; };
const TEXT_TEST: &[Signature] = signatures! { method (String, String) -> Bool; };
const TEXT_CHANGE: &[Signature] = signatures! { method (String) -> String; };

const TEXT_SEARCH: &[Signature] = signatures! {
    method (String, String) -> Int;
    method (String, String, Int) -> Int;
};

impl Function {
    /// All ways in which it can be called.
    pub(crate) fn signatures(self) -> &'static [Signature] {
        use Function as F;
        match self {
            F::Equal | F::NotEqual => EQUALITY,
            F::Less | F::LessEqual | F::Greater | F::GreaterEqual => COMPARISON,
            F::Negate
            | F::Not
            | F::Index
            | F::In
            | F::Add
            | F::Subtract
            | F::Multiply
            | F::Divide
            | F::Modulo => self.operator(),
            F::ToBool
            | F::ToBytes
            | F::ToDouble
            | F::ToDuration
            | F::ToDynamic
            | F::ToInt
            | F::ToString
            | F::ToTimestamp
            | F::ToUint
            | F::TypeOf => self.conversion(),
            F::Date | F::DayOfMonth | F::DayOfWeek | F::DayOfYear | F::FullYear | F::Month => {
                CALENDAR
            }
            F::Hours | F::Milliseconds | F::Minutes | F::Seconds => CLOCK,
            F::Contains | F::EndsWith | F::StartsWith => TEXT_TEST,
            F::LowerAscii | F::Trim | F::UpperAscii => TEXT_CHANGE,
            F::IndexOf | F::LastIndexOf => TEXT_SEARCH,
            F::Size
            | F::Matches
            | F::CharAt
            | F::Format
            | F::Join
            | F::Quote
            | F::Replace
            | F::Reverse
            | F::Split
            | F::Substring => self.text(),
            F::Distinct | F::Flatten | F::ListRange | F::Slice | F::Sort => self.list(),
            F::Greatest | F::Least => EXTREME,
            F::Abs | F::Sign => SIGNED,
            F::BitAnd | F::BitOr | F::BitXor => BITS,
            F::BitNot => signatures! { (Int) -> Int; (Uint) -> Uint; },
            F::BitShiftLeft | F::BitShiftRight => SHIFT,
            F::Ceil | F::Floor | F::Round | F::Truncate => ROUNDING,
            F::IsFinite | F::IsInfinite | F::IsNan => FLOATING,
            F::SquareRoot => {
                signatures! { (Double) -> Double; (Int) -> Double; (Uint) -> Double; }
            }
        }
    }

    fn operator(self) -> &'static [Signature] {
        match self {
            Function::Negate => signatures! { (Double) -> Double; (Int) -> Int; },
            Function::Not => signatures! { (Bool) -> Bool; },
            Function::Index => signatures! { (LIST_A, Int) -> A; (MAP_A_B, A) -> Shape::B; },
            Function::In => signatures! { (A, LIST_A) -> Bool; (A, MAP_A_B) -> Bool; },
            Function::Add => signatures! {
                (Bytes, Bytes) -> Bytes;
                (Double, Double) -> Double;
                (Duration, Duration) -> Duration;
                (Duration, Timestamp) -> Timestamp;
                (Timestamp, Duration) -> Timestamp;
                (Int, Int) -> Int;
                (LIST_A, LIST_A) -> LIST_A;
                (String, String) -> String;
                (Uint, Uint) -> Uint;
            },
            Function::Subtract => signatures! {
                (Double, Double) -> Double;
                (Duration, Duration) -> Duration;
                (Int, Int) -> Int;
                (Timestamp, Duration) -> Timestamp;
                (Timestamp, Timestamp) -> Duration;
                (Uint, Uint) -> Uint;
            },
            Function::Modulo => BITS,
            _ => signatures! {
                (Double, Double) -> Double;
                (Int, Int) -> Int;
                (Uint, Uint) -> Uint;
            },
        }
    }

    fn conversion(self) -> &'static [Signature] {
        match self {
            Function::ToBool => signatures! { (Bool) -> Bool; (String) -> Bool; },
            Function::ToBytes => signatures! { (Bytes) -> Bytes; (String) -> Bytes; },
            Function::ToDouble => signatures! {
                (Double) -> Double;
                (Int) -> Double;
                (String) -> Double;
                (Uint) -> Double;
            },
            Function::ToDuration => {
                signatures! { (Duration) -> Duration; (String) -> Duration; }
            }
            Function::ToInt => signatures! {
                (Int) -> Int;
                (Double) -> Int;
                (Duration) -> Int;
                (String) -> Int;
                (Timestamp) -> Int;
                (Uint) -> Int;
            },
            Function::ToString => signatures! {
                (String) -> String;
                (Bool) -> String;
                (Bytes) -> String;
                (Double) -> String;
                (Duration) -> String;
                (Int) -> String;
                (Timestamp) -> String;
                (Uint) -> String;
            },
            Function::ToTimestamp => signatures! {
                (Timestamp) -> Timestamp;
                (Int) -> Timestamp;
                (String) -> Timestamp;
            },
            Function::ToUint => signatures! {
                (Uint) -> Uint;
                (Double) -> Uint;
                (Int) -> Uint;
                (String) -> Uint;
            },
            Function::TypeOf => signatures! { (A) -> Shape::Type; },
            _ => signatures! { (A) -> Dynamic; },
        }
    }

    fn text(self) -> &'static [Signature] {
        match self {
            Function::Size => signatures! {
                (Bytes) -> Int;
                method (Bytes) -> Int;
                (LIST_A) -> Int;
                method (LIST_A) -> Int;
                (MAP_A_B) -> Int;
                method (MAP_A_B) -> Int;
                (String) -> Int;
                method (String) -> Int;
            },
            Function::Matches => {
                signatures! { (String, String) -> Bool; method (String, String) -> Bool; }
            }
            Function::CharAt => signatures! { method (String, Int) -> String; },
            Function::Format => signatures! { method (String, LIST_DYNAMIC) -> String; },
            Function::Join => {
                signatures! { method (LIST_STRING) -> String; method (LIST_STRING, String) -> String; }
            }
            Function::Quote => signatures! { (String) -> String; },
            Function::Replace => signatures! {
                method (String, String, String) -> String;
                method (String, String, String, Int) -> String;
            },
            Function::Reverse => {
                signatures! { method (String) -> String; method (LIST_A) -> LIST_A; }
            }
            Function::Split => signatures! {
                method (String, String) -> LIST_STRING;
                method (String, String, Int) -> LIST_STRING;
            },
            _ => signatures! {
                method (String, Int) -> String;
                method (String, Int, Int) -> String;
            },
        }
    }

    fn list(self) -> &'static [Signature] {
        match self {
            Function::Distinct => signatures! { method (LIST_A) -> LIST_A; },
            Function::Flatten => signatures! {
                method (LIST_LIST_A) -> LIST_A;
                method (LIST_DYNAMIC, Int) -> LIST_DYNAMIC;
            },
            Function::ListRange => signatures! { (Int) -> LIST_INT; },
            Function::Slice => signatures! { method (LIST_A, Int, Int) -> LIST_A; },
            _ => signatures! {
                method (LIST_INT) -> LIST_INT;
                method (LIST_UINT) -> LIST_UINT;
                method (LIST_DOUBLE) -> LIST_DOUBLE;
                method (LIST_BOOL) -> LIST_BOOL;
                method (LIST_DURATION) -> LIST_DURATION;
                method (LIST_TIMESTAMP) -> LIST_TIMESTAMP;
                method (LIST_STRING) -> LIST_STRING;
                method (LIST_BYTES) -> LIST_BYTES;
            },
        }
    }
}

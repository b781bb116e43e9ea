//! The types of values.

use std::fmt;
use std::rc::Rc;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// `true` and `false`.
    Bool,
    /// Bytes.
    Bytes,
    /// A number with a fraction.
    Double,
    /// A length of time.
    Duration,
    /// A value whose type is known only at run time.
    Dynamic,
    /// An integer of 64 bits.
    Int,
    /// A list of elements of one type.
    List(Rc<Type>),
    /// Values by keys.
    Map(Rc<Type>, Rc<Type>),
    /// `null`.
    Null,
    /// The request.
    Request,
    /// A text.
    String,
    /// A point in time.
    Timestamp,
    /// A type as a value.
    Type,
    /// An unsigned integer of 64 bits.
    Uint,
    /// A type that is still to be found. A finished tree has none: what is not found is dynamic.
    Unknown(UnknownId),
}

/// Names a type that is still to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownId(pub(crate) u32);

impl Type {
    /// A list of these.
    #[must_use]
    pub fn list(element: Type) -> Self {
        Type::List(Rc::new(element))
    }

    /// A map from these to those.
    #[must_use]
    pub fn map(key: Type, value: Type) -> Self {
        Type::Map(Rc::new(key), Rc::new(value))
    }

    /// The type that a name stands for.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Type::Bool,
            "bytes" => Type::Bytes,
            "double" => Type::Double,
            "google.protobuf.Duration" => Type::Duration,
            "int" => Type::Int,
            "list" => Type::list(Type::Dynamic),
            "map" => Type::map(Type::Dynamic, Type::Dynamic),
            "null_type" => Type::Null,
            "string" => Type::String,
            "google.protobuf.Timestamp" => Type::Timestamp,
            "type" => Type::Type,
            "uint" => Type::Uint,
            _ => return None,
        })
    }
}

impl Type {
    /// The type as text, cut short where it is deep: nested maps can double with every level.
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
        let word = match self {
            Type::List(_) | Type::Map(..) if depth == 0 => "…",
            Type::Bool => "bool",
            Type::Bytes => "bytes",
            Type::Double => "double",
            Type::Duration => "duration",
            Type::Dynamic | Type::Unknown(_) => "dyn",
            Type::Int => "int",
            Type::List(element) => {
                f.write_str("list(")?;
                element.write(f, depth - 1)?;
                ")"
            }
            Type::Map(key, value) => {
                f.write_str("map(")?;
                key.write(f, depth - 1)?;
                f.write_str(", ")?;
                value.write(f, depth - 1)?;
                ")"
            }
            Type::Null => "null",
            Type::Request => "request",
            Type::String => "string",
            Type::Timestamp => "timestamp",
            Type::Type => "type",
            Type::Uint => "uint",
        };
        f.write_str(word)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DEPTH_MAX: u32 = 4;
        self.write(f, DEPTH_MAX)
    }
}

//! What a value is.

use std::rc::Rc;

/// A value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A number with a fraction.
    Double(f64),
    /// A text; what clients send need not be UTF-8.
    String(Rc<[u8]>),
    /// Bytes.
    Bytes(Rc<[u8]>),
    /// A list.
    List(Rc<Vec<Value>>),
    /// Values by keys, in the order in which they were written.
    Map(Rc<Vec<(Value, Value)>>),
    /// A point in time.
    Timestamp(Timestamp),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A type.
    Type(Type),
    /// The request.
    Request,
}

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds after that.
    pub nanos: u32,
}

/// Why there is no value, in the words of CEL.
pub type Problem = &'static str;

/// The types of the arguments are not those of any form of the function.
pub const NO_OVERLOAD: Problem = "no such overload";
/// A result is larger than the limits allow.
pub const TOO_LARGE: Problem = "the value is too large";

macro_rules! types {
    ($($variant:ident $name:literal,)*) => {
        /// The type of a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Type { $(#[doc = concat!("`", $name, "`")] $variant,)* }

        impl Type {
            /// The name in expressions.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The type of this name.
            #[must_use]
            pub fn by_name(name: &[u8]) -> Option<Self> {
                $(if name == $name.as_bytes() { return Some(Self::$variant); })*
                None
            }
        }
    };
}

types! {
    Null "null_type",
    Bool "bool",
    Int "int",
    Uint "uint",
    Double "double",
    String "string",
    Bytes "bytes",
    List "list",
    Map "map",
    Timestamp "google.protobuf.Timestamp",
    Duration "google.protobuf.Duration",
    Type "type",
    Request "http.Request",
}

impl Value {
    /// A text.
    #[must_use]
    pub fn string(text: &[u8]) -> Self {
        Self::String(text.into())
    }

    /// A list, if it is not too long.
    pub(crate) fn list(items: Vec<Value>) -> Result<Self, Problem> {
        if items.len() > crate::ITEMS_MAX {
            return Err(TOO_LARGE);
        }
        Ok(Self::List(Rc::new(items)))
    }

    /// A text, if it is not too long.
    pub(crate) fn text(text: Vec<u8>) -> Result<Self, Problem> {
        if text.len() > crate::TEXT_BYTES_MAX {
            return Err(TOO_LARGE);
        }
        Ok(Self::String(text.into()))
    }

    /// How much there is to look at: bytes of texts, elements of lists.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::String(text) | Self::Bytes(text) => text.len(),
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
            _ => 1,
        }
    }

    /// Its type.
    #[must_use]
    pub const fn ty(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::List(_) => Type::List,
            Self::Map(_) => Type::Map,
            Self::Timestamp(_) => Type::Timestamp,
            Self::Duration(_) => Type::Duration,
            Self::Type(_) => Type::Type,
            Self::Request => Type::Request,
        }
    }
}

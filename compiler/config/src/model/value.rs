//! Small values that occur all over the model.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use zs_diagnostics::{FileId, Span};

use crate::values::{duration, status};

/// Where in the source a node comes from. All origins are equal, so that nodes can be compared by what they mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin(pub Span);

impl Origin {
    /// The place.
    #[must_use]
    pub fn span(self) -> Span {
        self.0
    }
}

impl From<Span> for Origin {
    fn from(span: Span) -> Self {
        Origin(span)
    }
}

/// The field of an object that is the object's place, when it is read from JSON. No JSON text has it.
pub(crate) const ORIGIN: &str = "@origin";

/// A value with its place, when it is read from JSON.
pub(crate) const AT: &str = "@at";

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (file, start, end) = Deserialize::deserialize(deserializer)?;
        Ok(Origin(Span::new(FileId::from_index(file), start, end)))
    }
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origin {}

/// A length of time in nanoseconds, as Caddy's JSON has it. Negative values have a meaning of their own in some places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Duration(pub i64);

/// A number of nanoseconds, or a text as in a Caddyfile.
impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time, such as `\"30s\"`")
            }

            fn visit_i64<E: de::Error>(self, nanoseconds: i64) -> Result<Duration, E> {
                Ok(Duration(nanoseconds))
            }

            fn visit_u64<E: de::Error>(self, nanoseconds: u64) -> Result<Duration, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Unsigned(nanoseconds), &self);
                i64::try_from(nanoseconds).map(Duration).map_err(wrong)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                let wrong = || E::invalid_value(de::Unexpected::Str(text), &self);
                duration::parse(text).map(Duration).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_any(Read)
    }
}

impl Duration {
    /// Nanoseconds per second.
    pub const SECOND: i64 = 1_000_000_000;

    /// The whole milliseconds, rounded up so that a positive time never becomes none; negative times count as none.
    #[must_use]
    pub fn as_millis_ceil(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0).div_ceil(1_000_000)
    }
}

/// An HTTP status: a number known at build time, or a text with placeholders that is one at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusCode {
    /// A code from 100 to 999.
    Code(u16),
    /// A text with at least one placeholder.
    Template(String),
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StatusCode::Code(code) => write!(f, "{code}"),
            StatusCode::Template(text) => f.write_str(text),
        }
    }
}

impl Serialize for StatusCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            StatusCode::Code(code) => serializer.serialize_u16(*code),
            StatusCode::Template(text) => serializer.serialize_str(text),
        }
    }
}

/// A number, or a text that may hold placeholders.
impl<'de> Deserialize<'de> for StatusCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = StatusCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status from 100 to 999, or a placeholder")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<StatusCode, E> {
                let wrong = || E::invalid_value(de::Unexpected::Unsigned(number), &self);
                status::parse(&number.to_string()).ok_or_else(wrong)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusCode, E> {
                let wrong = || E::invalid_value(de::Unexpected::Str(text), &self);
                status::parse(text).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_any(Read)
    }
}

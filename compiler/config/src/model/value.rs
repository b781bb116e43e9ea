//! Small values that occur all over the model.

use std::fmt;

use serde::{Serialize, Serializer};
use zs_diagnostics::Span;

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

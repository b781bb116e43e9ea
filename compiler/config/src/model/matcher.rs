//! Conditions on requests.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::{Serialize, Serializer};

use super::{Origin, is_default};

/// Conditions that must all hold. Fields stand in alphabetical order, as they are printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MatcherSet {
    /// A condition on the error's status; only in error routes.
    #[serde(skip_serializing_if = "is_default")]
    pub expression: Option<At<StatusExpression>>,
    /// Header fields.
    #[serde(skip_serializing_if = "is_default")]
    pub header: Option<At<HeaderMatcher>>,
    /// The host, without port.
    #[serde(skip_serializing_if = "is_default")]
    pub host: Option<At<HostMatcher>>,
    /// The method, one of these.
    #[serde(skip_serializing_if = "is_default")]
    pub method: Option<At<Vec<String>>>,
    /// Sets of which none may hold.
    #[serde(skip_serializing_if = "is_default")]
    pub not: Option<At<NotMatcher>>,
    /// The path.
    #[serde(skip_serializing_if = "is_default")]
    pub path: Option<At<PathMatcher>>,
    /// A regular expression on the path.
    #[serde(skip_serializing_if = "is_default")]
    pub path_regexp: Option<At<Regexp>>,
    /// `http`, `https`, `grpc`, `http/1.1`, `http/2+`, …
    #[serde(skip_serializing_if = "is_default")]
    pub protocol: Option<At<String>>,
    /// Query parameters.
    #[serde(skip_serializing_if = "is_default")]
    pub query: Option<At<QueryMatcher>>,
    /// The address of the peer.
    #[serde(skip_serializing_if = "is_default")]
    pub remote_ip: Option<At<IpRanges>>,
    /// The matcher token or the named matcher's definition.
    #[serde(skip)]
    pub origin: Origin,
}

impl MatcherSet {
    /// Whether there is no condition, so that every request matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }
}

/// A value with the place that it comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// The place.
    #[serde(skip)]
    pub origin: Origin,
}

impl<T> At<T> {
    /// Puts a value and its place together.
    pub fn new(value: T, origin: impl Into<Origin>) -> Self {
        At {
            value,
            origin: origin.into(),
        }
    }
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for At<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Hosts, of which one must match: exact names in lower case, `*` for one label, or placeholders.
pub type HostMatcher = Vec<String>;

/// Path patterns, of which one must match: exact, `prefix*`, `*suffix`, `*inside*` or a shell pattern; case-insensitive.
pub type PathMatcher = Vec<String>;

/// Header fields by name. All fields must match, each with one of its values (`*x`, `x*`, `*x*`, `*` or exact); `None`
/// means that the field must be absent.
pub type HeaderMatcher = BTreeMap<String, Option<Vec<String>>>;

/// Query parameters by name. All must match, each with one of its values, where `*` is any value. An empty map matches
/// the request without a query.
pub type QueryMatcher = BTreeMap<String, Vec<String>>;

/// Address ranges, of which one must contain the peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IpRanges {
    /// Addresses and CIDR ranges, as written; each is well-formed.
    #[serde(skip_serializing_if = "is_default")]
    pub ranges: Vec<String>,
}

/// A regular expression in Go's syntax.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Regexp {
    /// The name under which captures are found, `{re.<name>.1}`.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The pattern.
    pub pattern: String,
}

/// The negation of several sets: none may match. Printed as a bare list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct NotMatcher {
    /// The sets.
    pub sets: Vec<MatcherSet>,
}

/// The condition of `handle_errors 404 5xx`: the error's status is one of the codes or of one of the classes. Printed as
/// the expression that Caddy's adapter makes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusExpression {
    /// First digits of classes, such as 5 for `5xx`.
    pub classes: Vec<u8>,
    /// Single codes.
    pub codes: Vec<u16>,
}

impl StatusExpression {
    /// The expression in CEL.
    #[must_use]
    pub fn to_cel(&self) -> String {
        const STATUS: &str = "{http.error.status_code}";
        let mut terms: Vec<String> = self
            .classes
            .iter()
            .map(|class| format!("{STATUS} >= {class}00 && {STATUS} <= {class}99"))
            .collect();
        if !self.codes.is_empty() {
            let codes: Vec<String> = self.codes.iter().map(|code| format!("{code:03}")).collect();
            terms.push(format!("{STATUS} in [{}]", codes.join(", ")));
        }
        terms.join(" || ")
    }
}

impl Serialize for StatusExpression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_cel())
    }
}

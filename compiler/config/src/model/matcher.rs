//! Conditions on requests.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use zs_cel::Source;

use super::{AT, FileMatcher, Origin, is_default};

/// Conditions that must all hold. Fields stand in alphabetical order, as they are printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename(deserialize = "@http.matchers"))]
pub struct MatcherSet {
    /// The address of the client, behind trusted proxies.
    #[serde(skip_serializing_if = "is_default")]
    pub client_ip: Option<At<IpRanges>>,
    /// A condition in the language CEL.
    #[serde(skip_serializing_if = "is_default")]
    pub expression: Option<At<Expression>>,
    /// Files that exist.
    #[serde(skip_serializing_if = "is_default")]
    pub file: Option<At<FileMatcher>>,
    /// Header fields.
    #[serde(skip_serializing_if = "is_default")]
    pub header: Option<At<HeaderMatcher>>,
    /// Regular expressions on header fields.
    #[serde(skip_serializing_if = "is_default")]
    pub header_regexp: Option<At<RegexpMatcher>>,
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
    /// The handshake.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: Option<At<TlsMatcher>>,
    /// A pattern of URLs.
    #[serde(skip_serializing_if = "is_default")]
    pub url_pattern: Option<At<UrlPattern>>,
    /// Variables.
    #[serde(skip_serializing_if = "is_default")]
    pub vars: Option<At<VarsMatcher>>,
    /// Regular expressions on variables.
    #[serde(skip_serializing_if = "is_default")]
    pub vars_regexp: Option<At<RegexpMatcher>>,
    /// The matcher token or the named matcher's definition.
    #[serde(skip_serializing, rename = "@origin")]
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Read<T> {
            type Value = At<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place and a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<At<T>, A::Error> {
                let origin: Origin = parts.next_element()?.unwrap_or_default();
                match parts.next_element()? {
                    Some(value) => Ok(At { value, origin }),
                    None => Err(de::Error::invalid_length(1, &self)),
                }
            }
        }

        deserializer.deserialize_tuple_struct(AT, 2, Read(PhantomData))
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

/// Regular expressions by what they are about: header fields, which must all match, or variables, of which one must.
pub type RegexpMatcher = BTreeMap<String, Regexp>;

/// Values by variable, or by placeholder in braces. One of them must have one of its values.
pub type VarsMatcher = BTreeMap<String, Vec<String>>;

/// A condition on the handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsMatcher {
    /// Whether it is complete, so that the request is no early data; either way when none.
    #[serde(skip_serializing_if = "is_default")]
    pub handshake_complete: Option<bool>,
}

/// A pattern of URLs as browsers have it (<https://urlpattern.spec.whatwg.org>).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UrlPattern {
    /// The pattern.
    #[serde(skip_serializing_if = "is_default")]
    pub pattern: String,
    /// What the pattern is relative to.
    #[serde(skip_serializing_if = "is_default")]
    pub base_url: String,
    /// Whether small and large letters are the same.
    #[serde(skip_serializing_if = "is_default")]
    pub ignore_case: bool,
}

/// A condition in the language CEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// What `handle_errors` makes of statuses.
    Status(StatusExpression),
    /// Any other.
    Cel(CelExpression),
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Expression;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Expression, E> {
                Ok(match StatusExpression::from_cel(text) {
                    Some(status) => Expression::Status(status),
                    None => Expression::Cel(CelExpression {
                        expr: text.to_owned(),
                        ..CelExpression::default()
                    }),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Expression, A::Error> {
                let members = MapAccessDeserializer::new(members);
                CelExpression::deserialize(members).map(Expression::Cel)
            }
        }

        deserializer.deserialize_any(Read)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Expression::Status(status) => status.serialize(serializer),
            Expression::Cel(cel) if cel.name.is_empty() => serializer.serialize_str(&cel.expr),
            Expression::Cel(cel) => cel.serialize(serializer),
        }
    }
}

/// An expression as a text. Printed as the bare text when it has no name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CelExpression {
    /// The text.
    pub expr: String,
    /// The name under which captures of its regular expressions are found.
    pub name: String,
    /// The text with its place, when it was written in a Caddyfile.
    #[serde(skip)]
    pub source: Source,
}

/// Address ranges, of which one must contain the peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpRanges {
    /// Addresses and CIDR ranges, as written; each is well-formed.
    #[serde(skip_serializing_if = "is_default")]
    pub ranges: Vec<String>,
}

/// A regular expression in Go's syntax.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Regexp {
    /// The name under which captures are found, `{re.<name>.1}`.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The pattern.
    pub pattern: String,
}

/// The negation of several sets: none may match. Printed as a bare list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// The condition that an expression in CEL is, if it is written exactly as this one is printed.
    #[must_use]
    pub fn from_cel(text: &str) -> Option<Self> {
        let mut status = StatusExpression::default();
        for term in text.split(" || ") {
            match term.split_once(" in [") {
                Some((_, codes)) => {
                    let codes = codes.trim_end_matches(']').split(", ");
                    status.codes = codes.map(|code| code.parse().ok()).collect::<Option<_>>()?;
                }
                None => {
                    let (_, first) = term.split_once(" >= ")?;
                    status.classes.push(first.get(..1)?.parse().ok()?);
                }
            }
        }
        (status.to_cel() == text).then_some(status)
    }

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

//! Changes to header fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Origin, is_default};

/// Field names in canonical form with their values.
pub type HeaderMap = BTreeMap<String, Vec<String>>;

/// The `headers` handler; also what a proxy does to the requests and responses that pass it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// Changes to the request.
    #[serde(skip_serializing_if = "is_default")]
    pub request: Option<HeaderOps>,
    /// Changes to the response.
    #[serde(skip_serializing_if = "is_default")]
    pub response: Option<ResponseHeaderOps>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Changes, made in this order: delete with wildcards, add, set, delete, replace. Names and values may hold placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeaderOps {
    /// Fields to add.
    #[serde(skip_serializing_if = "is_default")]
    pub add: HeaderMap,
    /// Fields to set.
    #[serde(skip_serializing_if = "is_default")]
    pub set: HeaderMap,
    /// Fields to delete: `Name`, `Prefix*`, `*suffix`, `*inside*` or `*`.
    #[serde(skip_serializing_if = "is_default")]
    pub delete: Vec<String>,
    /// Replacements inside values by field name, `*` for all fields.
    #[serde(skip_serializing_if = "is_default")]
    pub replace: BTreeMap<String, Vec<Replacement>>,
}

/// One replacement inside a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replacement {
    /// A text to look for.
    #[serde(skip_serializing_if = "is_default")]
    pub search: String,
    /// Or a regular expression to look for.
    #[serde(skip_serializing_if = "is_default")]
    pub search_regexp: String,
    /// What to put in its place.
    #[serde(skip_serializing_if = "is_default")]
    pub replace: String,
}

/// Changes to a response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "ResponseHeaderFields")]
pub struct ResponseHeaderOps {
    /// The changes.
    #[serde(flatten)]
    pub ops: HeaderOps,
    /// Only if the response is like this.
    #[serde(skip_serializing_if = "is_default")]
    pub require: Option<ResponseMatcher>,
    /// Made when the response head is written instead of when the handler runs.
    #[serde(skip_serializing_if = "is_default")]
    pub deferred: bool,
}

/// What is read of changes to a response: all fields side by side, so that an unknown one is found.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseHeaderFields {
    add: HeaderMap,
    set: HeaderMap,
    delete: Vec<String>,
    replace: BTreeMap<String, Vec<Replacement>>,
    require: Option<ResponseMatcher>,
    deferred: bool,
}

impl From<ResponseHeaderFields> for ResponseHeaderOps {
    fn from(fields: ResponseHeaderFields) -> Self {
        ResponseHeaderOps {
            ops: HeaderOps {
                add: fields.add,
                set: fields.set,
                delete: fields.delete,
                replace: fields.replace,
            },
            require: fields.require,
            deferred: fields.deferred,
        }
    }
}

/// A condition on a response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseMatcher {
    /// One of these codes; a number below 10 stands for its class.
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Vec<u16>,
    /// Fields by name as in the request matcher: `None` means absent.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: BTreeMap<String, Option<Vec<String>>>,
}

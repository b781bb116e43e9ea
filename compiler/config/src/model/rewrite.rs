//! Changes to method and URI.

use serde::{Deserialize, Serialize};

use super::{Origin, is_default};

/// The `rewrite` handler. Its parts are applied in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rewrite {
    /// The new method.
    #[serde(skip_serializing_if = "is_default")]
    pub method: String,
    /// The new URI: path, query or both.
    #[serde(skip_serializing_if = "is_default")]
    pub uri: String,
    /// A prefix to take off the path.
    #[serde(skip_serializing_if = "is_default")]
    pub strip_path_prefix: String,
    /// A suffix to take off the path.
    #[serde(skip_serializing_if = "is_default")]
    pub strip_path_suffix: String,
    /// Replacements in the URI.
    #[serde(skip_serializing_if = "is_default")]
    pub uri_substring: Vec<SubstringReplacement>,
    /// Replacements by regular expression in the path.
    #[serde(skip_serializing_if = "is_default")]
    pub path_regexp: Vec<PathRegexpReplacement>,
    /// Changes to the query.
    #[serde(skip_serializing_if = "is_default")]
    pub query: Option<QueryOps>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Replacement of a text in the URI.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubstringReplacement {
    /// What to look for.
    #[serde(skip_serializing_if = "is_default")]
    pub find: String,
    /// What to put in its place.
    #[serde(skip_serializing_if = "is_default")]
    pub replace: String,
    /// How many to replace at most; all when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub limit: i64,
}

/// Replacement by regular expression in the path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PathRegexpReplacement {
    /// The pattern.
    #[serde(skip_serializing_if = "is_default")]
    pub find: String,
    /// What to put in its place, with `$1` for captures.
    #[serde(skip_serializing_if = "is_default")]
    pub replace: String,
}

/// Changes to the query, made in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryOps {
    /// Keys to rename.
    #[serde(skip_serializing_if = "is_default")]
    pub rename: Vec<KeyValue>,
    /// Parameters to set.
    #[serde(skip_serializing_if = "is_default")]
    pub set: Vec<KeyValue>,
    /// Parameters to add.
    #[serde(skip_serializing_if = "is_default")]
    pub add: Vec<KeyValue>,
    /// Replacements inside values.
    #[serde(skip_serializing_if = "is_default")]
    pub replace: Vec<QueryReplacement>,
    /// Keys to delete.
    #[serde(skip_serializing_if = "is_default")]
    pub delete: Vec<String>,
}

/// A key with a value, or an old key with its new name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValue {
    /// The key.
    #[serde(skip_serializing_if = "is_default")]
    pub key: String,
    /// The value.
    #[serde(skip_serializing_if = "is_default")]
    pub val: String,
}

/// A replacement inside the values of a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryReplacement {
    /// The key, `*` for all.
    #[serde(skip_serializing_if = "is_default")]
    pub key: String,
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

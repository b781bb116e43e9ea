//! What is done with responses on their way to the client.

use serde::{Deserialize, Serialize};

use super::{Origin, ResponseMatcher, Route, StatusCode, is_default};

/// What to do with certain responses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseHandler {
    /// Which responses; all when none.
    #[serde(rename = "match", skip_serializing_if = "is_default")]
    pub matcher: Option<ResponseMatcher>,
    /// The status that they get, if they stay as they are otherwise.
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Option<StatusCode>,
    /// What answers in their place.
    #[serde(skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
    /// The line.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Looks at the responses of the handlers behind it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intercept {
    /// What to do with them; the first that matches counts.
    #[serde(skip_serializing_if = "is_default")]
    pub handle_response: Vec<ResponseHandler>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Sends the response of an upstream from within a `handle_response`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CopyResponse {
    /// Another status.
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Option<StatusCode>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Takes fields of an upstream's response over from within a `handle_response`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CopyResponseHeaders {
    /// Which ones; all when none.
    #[serde(skip_serializing_if = "is_default")]
    pub include: Vec<String>,
    /// Which ones not.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<String>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Compresses responses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Encode {
    /// How to compress.
    #[serde(skip_serializing_if = "is_default")]
    pub encodings: Encodings,
    /// The same in the order in which they are preferred.
    #[serde(skip_serializing_if = "is_default")]
    pub prefer: Vec<String>,
    /// How long a response must be; 512 bytes when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub minimum_length: i64,
    /// Which responses; those of a list of types of text when none.
    #[serde(rename = "match", skip_serializing_if = "is_default")]
    pub matcher: Option<ResponseMatcher>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Ways to compress.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename(deserialize = "@http.encoders"))]
pub struct Encodings {
    /// Gzip.
    #[serde(skip_serializing_if = "is_default")]
    pub gzip: Option<Gzip>,
    /// Zstandard.
    #[serde(skip_serializing_if = "is_default")]
    pub zstd: Option<Zstd>,
}

/// Settings of gzip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gzip {
    /// The level; 5 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub level: i64,
}

/// Settings of Zstandard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Zstd {
    /// The level: `fastest`, `default`, `better` or `best`.
    #[serde(skip_serializing_if = "is_default")]
    pub level: String,
    /// Whether checksums are written; so when none.
    #[serde(skip_serializing_if = "is_default")]
    pub checksum: Option<bool>,
}

/// Runs response bodies as templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Templates {
    /// The folder of included files; the variable `root` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub file_root: String,
    /// Types of responses that are templates; HTML, plain text and Markdown when none.
    #[serde(skip_serializing_if = "is_default")]
    pub mime_types: Vec<String>,
    /// What stands around actions; `{{` and `}}` when none.
    #[serde(skip_serializing_if = "is_default")]
    pub delimiters: Vec<String>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

//! Handlers that look at requests: who sends them, how large and how slow they are, what is noted about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Duration, HeaderOps, NoSettings, Origin, VarValue, is_default, json};

/// The `authentication` handler: who may ask.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Authentication {
    /// The ways to prove who one is.
    #[serde(skip_serializing_if = "is_default")]
    pub providers: AuthenticationProviders,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Ways to prove who one is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename(deserialize = "@http.authentication.providers"))]
pub struct AuthenticationProviders {
    /// Name and password with each request.
    #[serde(skip_serializing_if = "is_default")]
    pub http_basic: Option<HttpBasic>,
}

/// Name and password with each request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpBasic {
    /// How passwords are hashed.
    #[serde(skip_serializing_if = "is_default")]
    pub hash: Option<PasswordHash>,
    /// Who may ask.
    #[serde(skip_serializing_if = "is_default")]
    pub accounts: Vec<Account>,
    /// What browsers show; `restricted` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub realm: String,
    /// Whether checked passwords are remembered.
    #[serde(skip_serializing_if = "is_default")]
    pub hash_cache: Option<NoSettings>,
}

json::tagged! {
    "PasswordHash" as "@algorithm http.authentication.hashes";
    /// How passwords are hashed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    #[serde(tag = "algorithm", rename_all = "snake_case")]
    #[non_exhaustive]
    pub enum PasswordHash {
        /// Argon2id.
        Argon2id,
        /// Bcrypt.
        Bcrypt,
    }
}

/// A name with a password's hash.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The name.
    pub username: String,
    /// The hash.
    pub password: String,
}

/// Limits and replaces request bodies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestBody {
    /// How many bytes may be read; any number when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub max_size: i64,
    /// What takes the body's place.
    #[serde(skip_serializing_if = "is_default")]
    pub set: String,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Limits how slow a client may be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// How long reading may stand still.
    #[serde(skip_serializing_if = "is_default")]
    pub read_timeout: Duration,
    /// How many bytes per second must arrive.
    #[serde(skip_serializing_if = "is_default")]
    pub read_min_rate: i64,
    /// How long writing may stand still.
    #[serde(skip_serializing_if = "is_default")]
    pub write_timeout: Duration,
    /// How many bytes per second must go out.
    #[serde(skip_serializing_if = "is_default")]
    pub write_min_rate: i64,
    /// How many bytes are written at a time.
    #[serde(skip_serializing_if = "is_default")]
    pub max_write_chunk: i64,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Sets variables by what a text is like, when they are first asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MapHandler {
    /// The text, with placeholders.
    #[serde(skip_serializing_if = "is_default")]
    pub source: String,
    /// The placeholders that get a value.
    #[serde(skip_serializing_if = "is_default")]
    pub destinations: Vec<String>,
    /// What is compared, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub mappings: Vec<Mapping>,
    /// The values when nothing fits.
    #[serde(skip_serializing_if = "is_default")]
    pub defaults: Vec<String>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// A text or expression, and a value for each destination.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mapping {
    /// The whole text.
    #[serde(skip_serializing_if = "is_default")]
    pub input: String,
    /// Or a regular expression.
    #[serde(skip_serializing_if = "is_default")]
    pub input_regexp: String,
    /// The values; the default in the place of a null.
    #[serde(skip_serializing_if = "is_default")]
    pub outputs: Vec<VarValue>,
}

/// Adds a field to the access log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogAppend {
    /// The field.
    #[serde(skip_serializing_if = "is_default")]
    pub key: String,
    /// Its value: a placeholder, a variable's name, or a constant.
    #[serde(skip_serializing_if = "is_default")]
    pub value: String,
    /// Whether the value is taken before later handlers run.
    #[serde(skip_serializing_if = "is_default")]
    pub early: bool,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Serves counters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricsHandler {
    /// Whether only the older format is spoken.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_openmetrics: bool,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Sends what clients will ask for ahead.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Push {
    /// What is sent.
    #[serde(skip_serializing_if = "is_default")]
    pub resources: Vec<PushResource>,
    /// Changes to the fields of the requests that are answered.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: Option<HeaderOps>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Something that is sent ahead.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PushResource {
    /// The method; `GET` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub method: String,
    /// The path.
    #[serde(skip_serializing_if = "is_default")]
    pub target: String,
}

/// Reports spans to a collector of traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tracing {
    /// The span's name.
    pub span: String,
    /// More about the span.
    #[serde(skip_serializing_if = "is_default")]
    pub span_attributes: BTreeMap<String, String>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

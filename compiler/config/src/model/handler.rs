//! What a route does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::{
    AcmeServer, At, Authentication, CopyResponse, CopyResponseHeaders, Encode, ErrorRoutes,
    FileServer, HeaderMap, Headers, Intercept, LogAppend, MapHandler, MetricsHandler, Origin, Push,
    RequestBody, ReverseProxy, Rewrite, Route, StatusCode, Templates, Timeouts, Tracing,
    is_default, json,
};

macro_rules! handlers {
    ($($(#[doc = $doc:literal])* $variant:ident($type:ty) = $name:literal;)*) => {
        /// One handler of a route.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Handler {
            $($(#[doc = $doc])* $variant($type),)*
        }

        impl Handler {
            /// The name that Caddy's JSON gives this handler.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Handler::$variant(_) => $name,)*
                }
            }

            /// The directive that asked for it.
            #[must_use]
            pub fn origin(&self) -> Origin {
                match self {
                    $(Handler::$variant(handler) => handler.origin,)*
                }
            }

            fn to_json(&self) -> serde_json::Result<serde_json::Value> {
                match self {
                    $(Handler::$variant(handler) => json::module("handler", $name, handler),)*
                }
            }
        }

        json::read_modules!(Handler by "handler" in "http.handlers" { $($variant(value) => $name,)* });
    };
}

handlers! {
    /// `acme_server`: let others get certificates from a local authority.
    AcmeServer(AcmeServer) = "acme_server";
    /// `basic_auth`: let only those in who can prove who they are.
    Authentication(Authentication) = "authentication";
    /// `copy_response`: send an upstream's response.
    CopyResponse(CopyResponse) = "copy_response";
    /// `copy_response_headers`: take fields of an upstream's response over.
    CopyResponseHeaders(CopyResponseHeaders) = "copy_response_headers";
    /// `encode`: compress responses.
    Encode(Encode) = "encode";
    /// `error`: fail with a status.
    Error(StaticError) = "error";
    /// `file_server`: serve files.
    FileServer(Box<FileServer>) = "file_server";
    /// `header`, `request_header`: change header fields.
    Headers(Headers) = "headers";
    /// `intercept`: look at responses.
    Intercept(Intercept) = "intercept";
    /// `invoke`: run a named route.
    Invoke(Invoke) = "invoke";
    /// `log_append`: add to the access log.
    LogAppend(LogAppend) = "log_append";
    /// `map`: set variables by what a text is like.
    Map(MapHandler) = "map";
    /// `metrics`: serve counters.
    Metrics(MetricsHandler) = "metrics";
    /// `push`: send what clients will ask for ahead.
    Push(Push) = "push";
    /// `request_body`: limit and replace request bodies.
    RequestBody(RequestBody) = "request_body";
    /// `reverse_proxy`, `php_fastcgi`, `forward_auth`: let another server answer.
    ReverseProxy(Box<ReverseProxy>) = "reverse_proxy";
    /// `rewrite`, `uri`, `method`: change the request's URI or method.
    Rewrite(Rewrite) = "rewrite";
    /// `respond`, `redir`, `abort`: answer at once.
    StaticResponse(StaticResponse) = "static_response";
    /// `handle`, `route` and whole sites: routes within a route.
    Subroute(Subroute) = "subroute";
    /// `templates`: run response bodies as templates.
    Templates(Templates) = "templates";
    /// `timeouts`: limit how slow a client may be.
    Timeouts(Timeouts) = "timeouts";
    /// `tracing`: report spans.
    Tracing(Tracing) = "tracing";
    /// `vars`, `root`, `fs`, `log_skip`, `log_name`: set variables.
    Vars(Vars) = "vars";
}

/// A handler is printed as an object with its name under `handler` and, since Caddy's adapter sends it through a map,
/// with all keys sorted at every depth.
impl Serialize for Handler {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json()
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// Raises an error into the error routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StaticError {
    /// The message.
    #[serde(skip_serializing_if = "is_default")]
    pub error: String,
    /// The status, 500 when none.
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Option<StatusCode>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Runs a named route of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Invoke {
    /// The route's name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Answers with what is known beforehand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StaticResponse {
    /// The status, 200 when none (or the error's status in an error route).
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Option<StatusCode>,
    /// Fields to set.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: HeaderMap,
    /// The body; may hold placeholders.
    #[serde(skip_serializing_if = "is_default")]
    pub body: String,
    /// Close the connection after the response.
    #[serde(skip_serializing_if = "is_default")]
    pub close: bool,
    /// Close the connection at once, without a response.
    #[serde(skip_serializing_if = "is_default")]
    pub abort: bool,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Routes within a route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subroute {
    /// The routes, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
    /// Error routes of their own.
    #[serde(skip_serializing_if = "is_default")]
    pub errors: Option<ErrorRoutes>,
    /// The directive.
    #[serde(skip_serializing, rename = "@origin")]
    pub origin: Origin,
}

/// Sets variables, `{http.vars.<name>}`. Names and texts may hold placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "At<BTreeMap<String, VarValue>>")]
pub struct Vars {
    /// The variables by name.
    #[serde(flatten)]
    pub values: BTreeMap<String, VarValue>,
    /// The directive.
    #[serde(skip)]
    pub origin: Origin,
}

impl From<At<BTreeMap<String, VarValue>>> for Vars {
    fn from(At { value, origin }: At<BTreeMap<String, VarValue>>) -> Self {
        Vars {
            values: value,
            origin,
        }
    }
}

/// A variable's value: a quoted word is a text, other words are what they look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, a number, a truth value or a list of texts is expected here"
)]
pub enum VarValue {
    /// No value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(#[serde(serialize_with = "json::float")] f64),
    /// Anything else.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

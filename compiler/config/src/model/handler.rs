//! What a route does.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{
    ErrorRoutes, HeaderMap, Headers, Origin, ReverseProxy, Rewrite, Route, StatusCode, is_default,
    json,
};

/// One handler of a route.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Handler {
    /// `error`: fail with a status.
    Error(StaticError),
    /// `header`, `request_header`: change header fields.
    Headers(Headers),
    /// `invoke`: run a named route.
    Invoke(Invoke),
    /// `reverse_proxy`: let another server answer.
    ReverseProxy(Box<ReverseProxy>),
    /// `rewrite`, `uri`, `method`: change the request's URI or method.
    Rewrite(Rewrite),
    /// `respond`, `redir`, `abort`: answer at once.
    StaticResponse(StaticResponse),
    /// `handle`, `route` and whole sites: routes within a route.
    Subroute(Subroute),
    /// `vars`: set variables.
    Vars(Vars),
}

impl Handler {
    /// The name that Caddy's JSON gives this handler.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Handler::Error(_) => "error",
            Handler::Headers(_) => "headers",
            Handler::Invoke(_) => "invoke",
            Handler::ReverseProxy(_) => "reverse_proxy",
            Handler::Rewrite(_) => "rewrite",
            Handler::StaticResponse(_) => "static_response",
            Handler::Subroute(_) => "subroute",
            Handler::Vars(_) => "vars",
        }
    }

    /// The directive that asked for it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Handler::Error(handler) => handler.origin,
            Handler::Headers(handler) => handler.origin,
            Handler::Invoke(handler) => handler.origin,
            Handler::ReverseProxy(handler) => handler.origin,
            Handler::Rewrite(handler) => handler.origin,
            Handler::StaticResponse(handler) => handler.origin,
            Handler::Subroute(handler) => handler.origin,
            Handler::Vars(handler) => handler.origin,
        }
    }
}

/// A handler is printed as an object with its name under `handler` and, since Caddy's adapter sends it through a map,
/// with all keys sorted at every depth.
impl Serialize for Handler {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = match self {
            Handler::Error(handler) => json::module("handler", self.name(), handler),
            Handler::Headers(handler) => json::module("handler", self.name(), handler),
            Handler::Invoke(handler) => json::module("handler", self.name(), handler),
            Handler::ReverseProxy(handler) => json::module("handler", self.name(), handler),
            Handler::Rewrite(handler) => json::module("handler", self.name(), handler),
            Handler::StaticResponse(handler) => json::module("handler", self.name(), handler),
            Handler::Subroute(handler) => json::module("handler", self.name(), handler),
            Handler::Vars(handler) => json::module("handler", self.name(), handler),
        };
        object
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// Raises an error into the error routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StaticError {
    /// The message.
    #[serde(skip_serializing_if = "is_default")]
    pub error: String,
    /// The status, 500 when none.
    #[serde(skip_serializing_if = "is_default")]
    pub status_code: Option<StatusCode>,
    /// The directive.
    #[serde(skip)]
    pub origin: Origin,
}

/// Runs a named route of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Invoke {
    /// The route's name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The directive.
    #[serde(skip)]
    pub origin: Origin,
}

/// Answers with what is known beforehand.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    #[serde(skip)]
    pub origin: Origin,
}

/// Routes within a route.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Subroute {
    /// The routes, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
    /// Error routes of their own.
    #[serde(skip_serializing_if = "is_default")]
    pub errors: Option<ErrorRoutes>,
    /// The directive.
    #[serde(skip)]
    pub origin: Origin,
}

/// Sets variables, `{http.vars.<name>}`. Names and texts may hold placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Vars {
    /// The variables by name.
    #[serde(flatten)]
    pub values: BTreeMap<String, VarValue>,
    /// The directive.
    #[serde(skip)]
    pub origin: Origin,
}

/// A variable's value: a quoted word is a text, other words are what they look like.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum VarValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(#[serde(serialize_with = "json::float")] f64),
    /// Anything else.
    Text(String),
}

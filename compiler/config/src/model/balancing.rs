//! Which upstream gets a request: policies, retries, health.

use serde::{Deserialize, Serialize};

use super::{Duration, HeaderMap, MatcherSet, is_default, json};

/// Which upstream is chosen, and how often a request is tried again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancing {
    /// How to choose; `random` when none.
    #[serde(skip_serializing_if = "is_default")]
    pub selection_policy: Option<SelectionPolicy>,
    /// How often to try again.
    #[serde(skip_serializing_if = "is_default")]
    pub retries: i64,
    /// How long to try.
    #[serde(skip_serializing_if = "is_default")]
    pub try_duration: Duration,
    /// How long to wait between tries; 250 ms when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub try_interval: Duration,
    /// Which requests may be tried again although the upstream may have begun with them; those with `GET` when none.
    #[serde(skip_serializing_if = "is_default")]
    pub retry_match: Vec<MatcherSet>,
}

json::tagged! {
    "SelectionPolicy" as "@policy http.reverse_proxy.selection_policies";
    /// How an upstream is chosen among those that are available.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(tag = "policy", rename_all = "snake_case")]
    #[non_exhaustive]
    pub enum SelectionPolicy {
        /// By the client's address behind trusted proxies.
        ClientIpHash,
        /// By a cookie that names the upstream.
        Cookie {
            /// The cookie; `lb` when empty.
            #[serde(default, skip_serializing_if = "is_default")]
            name: String,
            /// By what the upstream's name is hashed.
            #[serde(default, skip_serializing_if = "is_default")]
            secret: String,
            /// How long the client keeps the cookie; for the session when 0.
            #[serde(default, skip_serializing_if = "is_default")]
            max_age: Duration,
            /// For clients without the cookie; `random` when none.
            #[serde(default, skip_serializing_if = "is_default")]
            fallback: Option<Box<SelectionPolicy>>,
        },
        /// The first.
        First,
        /// By a header field.
        Header {
            /// The field.
            #[serde(default, skip_serializing_if = "is_default")]
            field: String,
            /// For requests without the field; `random` when none.
            #[serde(default, skip_serializing_if = "is_default")]
            fallback: Option<Box<SelectionPolicy>>,
        },
        /// By the peer's address.
        IpHash,
        /// The one with the fewest requests.
        LeastConn,
        /// By a query parameter.
        Query {
            /// The parameter.
            #[serde(default, skip_serializing_if = "is_default")]
            key: String,
            /// For requests without the parameter; `random` when none.
            #[serde(default, skip_serializing_if = "is_default")]
            fallback: Option<Box<SelectionPolicy>>,
        },
        /// Any.
        Random,
        /// The one with the fewest requests among some that are drawn.
        RandomChoose {
            /// How many are drawn.
            #[serde(default, skip_serializing_if = "is_default")]
            choose: i64,
        },
        /// One after the other.
        RoundRobin,
        /// By the request's URI.
        UriHash,
        /// One after the other, some more often.
        WeightedRoundRobin {
            /// How often each upstream comes in a round.
            #[serde(default, skip_serializing_if = "is_default")]
            weights: Vec<i64>,
        },
    }
}

/// Which upstreams count as healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthChecks {
    /// Requests that are made only to see whether an upstream answers.
    #[serde(skip_serializing_if = "is_default")]
    pub active: Option<ActiveHealthChecks>,
    /// What is learnt from the requests of clients.
    #[serde(skip_serializing_if = "is_default")]
    pub passive: Option<PassiveHealthChecks>,
}

/// Requests that are made only to see whether an upstream answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActiveHealthChecks {
    /// The path, as older configurations have it.
    #[serde(skip_serializing_if = "is_default")]
    pub path: String,
    /// Path and query.
    #[serde(skip_serializing_if = "is_default")]
    pub uri: String,
    /// Another address to ask than the upstream's.
    #[serde(skip_serializing_if = "is_default")]
    pub upstream: String,
    /// Another port to ask than the upstream's.
    #[serde(skip_serializing_if = "is_default")]
    pub port: i64,
    /// Fields of the request.
    #[serde(skip_serializing_if = "is_default")]
    pub headers: HeaderMap,
    /// Its method; `GET` when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub method: String,
    /// Its body.
    #[serde(skip_serializing_if = "is_default")]
    pub body: String,
    /// Whether redirects are followed.
    #[serde(skip_serializing_if = "is_default")]
    pub follow_redirects: bool,
    /// How often to ask; every 30 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub interval: Duration,
    /// How long an answer may take; 5 s when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: Duration,
    /// How many answers in a row make an upstream healthy; 1 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub passes: i64,
    /// How many failures in a row make it unhealthy; 1 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub fails: i64,
    /// How much of an answer's body is read.
    #[serde(skip_serializing_if = "is_default")]
    pub max_size: i64,
    /// The status that counts as healthy, or its class when below 10; 2 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub expect_status: i64,
    /// A regular expression that the body must match.
    #[serde(skip_serializing_if = "is_default")]
    pub expect_body: String,
}

/// What is learnt from the requests of clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassiveHealthChecks {
    /// How long a failure counts; failures do not count when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub fail_duration: Duration,
    /// How many failures make an upstream unhealthy; 1 when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub max_fails: i64,
    /// How many requests at a time make it unavailable.
    #[serde(skip_serializing_if = "is_default")]
    pub unhealthy_request_count: i64,
    /// Statuses that count as failures; a number below 10 stands for its class.
    #[serde(skip_serializing_if = "is_default")]
    pub unhealthy_status: Vec<i64>,
    /// A time to answer that counts as a failure.
    #[serde(skip_serializing_if = "is_default")]
    pub unhealthy_latency: Duration,
}

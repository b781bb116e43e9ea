//! Upstreams that are looked up while requests come in.

use serde::{Deserialize, Serialize};

use super::{Duration, Resolver, is_default, json};

json::tagged! {
    "DynamicUpstreams" as "@source http.reverse_proxy.upstreams";
    /// Where upstreams come from.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(tag = "source", rename_all = "snake_case")]
    #[non_exhaustive]
    pub enum DynamicUpstreams {
        /// A and AAAA records.
        A(AddressRecords),
        /// Several sources together.
        Multi {
            /// The sources.
            #[serde(default, skip_serializing_if = "is_default")]
            sources: Vec<DynamicUpstreams>,
        },
        /// SRV records.
        Srv(ServiceRecords),
    }
}

/// A and AAAA records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddressRecords {
    /// The name.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// The port; 80 when empty.
    #[serde(skip_serializing_if = "is_default")]
    pub port: String,
    /// How long an answer is good; 1 min when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub refresh: Duration,
    /// Name servers of its own.
    #[serde(skip_serializing_if = "is_default")]
    pub resolver: Option<Resolver>,
    /// How long connecting to a name server may take.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_timeout: Duration,
    /// How long to wait for one kind of addresses before the other is tried.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_fallback_delay: Duration,
    /// Which kinds of addresses count; both when none.
    #[serde(skip_serializing_if = "is_default")]
    pub versions: Option<IpVersions>,
}

/// Kinds of addresses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpVersions {
    /// IPv4.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv4: Option<bool>,
    /// IPv6.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv6: Option<bool>,
}

/// SRV records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceRecords {
    /// The service, without underscore.
    #[serde(skip_serializing_if = "is_default")]
    pub service: String,
    /// The protocol, without underscore.
    #[serde(skip_serializing_if = "is_default")]
    pub proto: String,
    /// The name; the whole of it when service and protocol are empty.
    #[serde(skip_serializing_if = "is_default")]
    pub name: String,
    /// How long an answer is good; 1 min when 0.
    #[serde(skip_serializing_if = "is_default")]
    pub refresh: Duration,
    /// How long an old answer is good when there is no new one.
    #[serde(skip_serializing_if = "is_default")]
    pub grace_period: Duration,
    /// Name servers of its own.
    #[serde(skip_serializing_if = "is_default")]
    pub resolver: Option<Resolver>,
    /// How long connecting to a name server may take.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_timeout: Duration,
    /// How long to wait for one kind of addresses before the other is tried.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_fallback_delay: Duration,
    /// The network to reach the upstreams by.
    #[serde(skip_serializing_if = "is_default")]
    pub dial_network: String,
}

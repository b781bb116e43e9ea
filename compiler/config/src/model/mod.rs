//! The typed configuration: Caddy's JSON model in Rust.
//!
//! Printing a [`Config`] gives the JSON that Caddy's own adapter prints: the same field names, the same order, the same
//! fields left out when empty. The model holds only what the compiler can serve; what it cannot say is refused before.
//! Every route, handler and matcher carries its [`Origin`], the place in the source that asked for it, which is neither
//! printed nor compared.

mod acme_server;
mod balancing;
mod client_auth;
mod config;
mod dynamic_upstreams;
mod files;
mod handler;
mod headers;
mod http;
mod issuer;
mod json;
mod listen;
mod logging;
mod matcher;
mod request;
mod response;
mod reverse_proxy;
mod rewrite;
mod server;
mod tls;
mod transport;
mod trust_pool;
mod value;

pub use acme_server::{AcmePolicy, AcmeRules, AcmeServer};
pub use balancing::{
    ActiveHealthChecks, HealthChecks, LoadBalancing, PassiveHealthChecks, SelectionPolicy,
};
pub use client_auth::{
    ClientAuthentication, ClientVerifier, LeafCertificates, LeafFiles, LeafFolders, LeafLoader,
    LeafVerifier,
};
pub use config::{Admin, AdminConfig, Apps, Config, EventsApp, Storage};
pub use dynamic_upstreams::{AddressRecords, DynamicUpstreams, IpVersions, ServiceRecords};
pub use files::{Browse, FileMatcher, FileServer, NoSettings};
pub use handler::{Handler, Invoke, StaticError, StaticResponse, Subroute, VarValue, Vars};
pub use headers::{HeaderMap, HeaderOps, Headers, Replacement, ResponseHeaderOps, ResponseMatcher};
pub use http::{AutoHttps, ErrorRoutes, HttpApp, Route};
pub use issuer::{
    AcmeIssuer, CertificateAuthority, Challenges, DnsChallenge, ExternalAccount, InternalIssuer,
    Issuer, KeyPair, PkiApp, PortChallenge, PreferredChains, ZerosslIssuer,
};
pub use listen::{ListenAddress, Network, PortRange};
pub use logging::{
    AppendEncoder, CookieAction, CookieFilter, CustomLog, EncoderFormat, FileWriter, FilterAction,
    FilterEncoder, IpMaskFilter, JournaldEncoder, LogEncoder, LogFilter, LogSampling, LogWriter,
    Logging, MultiRegexpFilter, NetWriter, QueryAction, QueryFilter, RegexpFilter, RenameFilter,
    ReplaceFilter,
};
pub use matcher::{
    At, CelExpression, Expression, HeaderMatcher, HostMatcher, IpRanges, MatcherSet, NotMatcher,
    PathMatcher, QueryMatcher, Regexp, RegexpMatcher, StatusExpression, TlsMatcher, UrlPattern,
    VarsMatcher,
};
pub use request::{
    Account, Authentication, AuthenticationProviders, HttpBasic, LogAppend, MapHandler, Mapping,
    MetricsHandler, PasswordHash, Push, PushResource, RequestBody, Timeouts, Tracing,
};
pub use response::{
    CopyResponse, CopyResponseHeaders, Encode, Encodings, Gzip, Intercept, ResponseHandler,
    Templates, Zstd,
};
pub use reverse_proxy::{Dial, ReverseProxy, Upstream};
pub use rewrite::{
    KeyValue, PathRegexpReplacement, QueryOps, QueryReplacement, Rewrite, SubstringReplacement,
};
pub use server::{
    IpSource, ListenerWrapper, Metrics, ProxyProtocolPolicy, ProxyProtocolWrapper, Server,
    ServerLogs, StaticIpRanges,
};
pub use tls::{
    AutomationPolicy, CertificateFiles, CertificateManager, CertificateSelection, Certificates,
    ConnectionMatcher, ConnectionPolicy, EchName, EncryptedClientHello, HttpCertificates,
    HttpPermission, OnDemand, Permission, TlsApp, TlsAutomation,
};
pub use transport::{
    FastCgiTransport, HttpTransport, KeepAlive, NetworkProxy, Resolver, Transport, UpstreamTls,
};
pub use trust_pool::{
    AuthorityPool, CombinedPool, FilePool, HttpPool, InlinePool, StoragePool, SystemPool, TrustPool,
};
pub(crate) use value::{AT, ORIGIN};
pub use value::{Duration, Origin, StatusCode};

/// Go's `omitempty`: whether a value is the one that is not printed.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

//! Global options: the block without an address at the top of a file.

mod acme;
mod admin;
pub(crate) mod certificates;
mod lifetime;
mod listeners;
pub(crate) mod log;
pub(crate) mod maintenance;
mod metrics;
mod modules;
mod on_demand;
mod order;
pub(crate) mod pki;
pub(crate) mod servers;
pub(crate) mod storage;

use std::collections::BTreeMap;

use zs_syntax::{Segment, Token};

use self::maintenance::StorageClean;
use self::servers::ServerOptions;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::directives::Bind;
use crate::logging::{self, NamedLog};
use crate::model::{
    Admin, AdminConfig, CertificateAuthority, Duration, EchName, ExternalAccount, Issuer, Metrics,
    OnDemand, PreferredChains, Storage,
};
use crate::spec::{Entry, Grammar, Vocabulary, flag_word};
use crate::support::{Kind, Status, SupportRow, add, add_of};

/// What the global options say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The port that stands for plain HTTP.
    pub(crate) http_port: Option<u16>,
    /// The port that stands for HTTPS.
    pub(crate) https_port: Option<u16>,
    /// Where sites without `bind` listen.
    pub(crate) default_bind: Vec<Bind>,
    /// How long connections may finish at shutdown.
    pub(crate) grace_period: Duration,
    /// How long the server goes on after it was told to stop.
    pub(crate) shutdown_delay: Duration,
    /// What automatic HTTPS leaves undone; each word is a known one.
    pub(crate) auto_https: Vec<String>,
    /// All certificates come from the local authority.
    pub(crate) local_certs: bool,
    /// The local authority's root stays out of the trust store.
    pub(crate) skip_install_trust: bool,
    /// The kind of keys.
    pub(crate) key_type: Option<String>,
    /// The name that clients without one ask for.
    pub(crate) default_sni: String,
    /// The name to try for unknown ones.
    pub(crate) fallback_sni: String,
    /// The contact of ACME accounts.
    pub(crate) email: Option<String>,
    /// The directory of the ACME server.
    pub(crate) acme_ca: Option<String>,
    /// The root by which that server is verified.
    pub(crate) acme_ca_root: Option<String>,
    /// Where certificates are kept.
    pub(crate) storage: Option<Storage>,
    /// Whether everything is logged.
    pub(crate) debug: bool,
    /// The loggers.
    pub(crate) logs: Vec<NamedLog>,
    /// Settings of servers, one for each listener address.
    pub(crate) servers: Vec<ServerOptions>,
    /// What is counted.
    pub(crate) metrics: Option<Metrics>,
    /// An account that exists elsewhere.
    pub(crate) acme_eab: Option<ExternalAccount>,
    /// Who signs where a site says nothing about it.
    pub(crate) cert_issuers: Vec<Issuer>,
    /// The word by which that was said.
    pub(crate) cert_issuer_token: Option<Token>,
    /// Names are to be proved by the DNS provider of the option `dns`.
    pub(crate) acme_dns: Option<Token>,
    /// How long certificates are to be valid.
    pub(crate) cert_lifetime: Duration,
    /// Which of several chains.
    pub(crate) preferred_chains: Option<PreferredChains>,
    /// When certificates may be obtained at a handshake.
    pub(crate) on_demand: Option<OnDemand>,
    /// The local authorities.
    pub(crate) authorities: BTreeMap<String, CertificateAuthority>,
    /// Whether revocation is left out.
    pub(crate) ocsp_stapling_off: bool,
    /// The time between two looks at revocation.
    pub(crate) ocsp_interval: Duration,
    /// The time between two looks for certificates to renew.
    pub(crate) renew_interval: Duration,
    /// The part of its life that a certificate has left when it is renewed; 0 for the default.
    pub(crate) renewal_window_ratio: f64,
    /// Whether the storage is not tried out.
    pub(crate) storage_check_off: bool,
    /// How often the storage is cleaned.
    pub(crate) storage_clean: Option<StorageClean>,
    /// The name servers that are asked when names are proved.
    pub(crate) tls_resolvers: Vec<String>,
    /// Names that get certificates without being served.
    pub(crate) automate_names: Vec<String>,
    /// The names that are shown instead of the hidden ones.
    pub(crate) ech: Vec<EchName>,
    /// Whether there is an application for events, which is empty without plugins.
    pub(crate) events: bool,
    admin: Option<Admin>,
    persist_config_off: bool,
}

impl Options {
    /// The port of plain HTTP.
    pub(crate) fn http_port(&self) -> u16 {
        self.http_port.unwrap_or(80)
    }

    /// The port of HTTPS.
    pub(crate) fn https_port(&self) -> u16 {
        self.https_port.unwrap_or(443)
    }

    /// Whether `auto_https` has that word.
    pub(crate) fn auto_https_has(&self, word: &str) -> bool {
        self.auto_https.iter().any(|other| other == word)
    }

    /// What Caddy's configuration says about its administration endpoint.
    pub(crate) fn admin(&self) -> Option<Admin> {
        let mut admin = self.admin.clone();
        if self.persist_config_off {
            admin.get_or_insert_default().config = Some(AdminConfig {
                persist: Some(false),
            });
        }
        admin
    }
}

/// All global options by name.
pub(crate) const GRAMMAR: Grammar<Options> = Grammar {
    vocabulary: Vocabulary::Option,
    entries: &[
        DEBUG,
        listeners::ENTRIES,
        lifetime::ENTRIES,
        order::ENTRIES,
        storage::ENTRIES,
        acme::ENTRIES,
        certificates::ENTRIES,
        admin::ENTRIES,
        log::ENTRIES,
        servers::ENTRIES,
        metrics::ENTRIES,
        maintenance::ENTRIES,
        on_demand::ENTRIES,
        pki::ENTRIES,
        modules::ENTRIES,
    ],
    other: None,
};

/// Adds what may stand in the blocks of options to the table of what works.
pub(crate) fn add_words(rows: &mut Vec<SupportRow>) {
    let kind = Kind::Option;
    add_of(rows, kind, "log.", &logging::GLOBAL, Status::UNBUILT);
    add(rows, kind, "servers.", &servers::GRAMMAR);
    add(rows, kind, "servers timeouts.", &servers::TIMEOUTS);
    add(rows, kind, "servers listener_wrappers.", &servers::WRAPPERS);
    add(rows, kind, "pki ca.", &pki::AUTHORITY);
}

/// Reads the block of global options.
pub(crate) fn parse(lines: &[Segment], cx: &mut Context) -> Parsed<()> {
    let mut options = Options::default();
    let result = GRAMMAR.apply_all(lines, &mut options, cx);
    cx.options = options;
    result
}

const DEBUG: &[Entry<Options>] = &[Entry::with_status(
    flag_word!("debug" => debug),
    differences::DEBUG,
)];

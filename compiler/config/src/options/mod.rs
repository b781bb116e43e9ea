//! Global options: the block without an address at the top of a file.

mod acme;
mod admin;
mod certificates;
mod lifetime;
mod listeners;
pub(crate) mod log;
mod metrics;
mod order;
pub(crate) mod servers;
pub(crate) mod storage;

use zs_diagnostics::codes;
use zs_syntax::Segment;

use self::servers::ServerOptions;
use crate::context::{Context, Parsed};
use crate::directives::Bind;
use crate::logging::NamedLog;
use crate::model::{Admin, AdminConfig, Duration, Metrics, Storage};
use crate::spec::{Entry, Grammar, Line, Shape, Vocabulary};

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
        &[Entry::once("debug", Shape::arguments(0, 0, "debug"), debug)],
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
        NOT_YET,
    ],
    other: None,
};

const NOT_YET: &[Entry<Options>] = &[
    Entry::not_yet("acme_dns"),
    Entry::not_yet("acme_eab"),
    Entry::not_yet("cert_issuer"),
    Entry::not_yet("cert_lifetime"),
    Entry::not_yet("dns"),
    Entry::not_yet("ech"),
    Entry::not_yet("events"),
    Entry::not_yet("filesystem"),
    Entry::not_yet("ocsp_interval"),
    Entry::not_yet("ocsp_stapling"),
    Entry::not_yet("on_demand_tls"),
    Entry::not_yet("pki"),
    Entry::not_yet("preferred_chains"),
    Entry::not_yet("renew_interval"),
    Entry::not_yet("renewal_window_ratio"),
    Entry::not_yet("storage_check"),
    Entry::not_yet("storage_clean_interval"),
    Entry::not_yet("tls_resolvers"),
];

/// Reads the block of global options.
pub(crate) fn parse(lines: &[Segment], cx: &mut Context) -> Parsed<()> {
    let mut options = Options::default();
    let result = GRAMMAR.apply_all(lines, &mut options, cx);
    cx.options = options;
    result
}

fn debug(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    options.debug = true;
    let message =
        "`debug` changes nothing in a built server, which chooses its log level when it starts";
    cx.warn(
        line.name,
        codes::NO_EFFECT,
        message,
        "remove it, or keep it for Caddy",
    );
    Ok(())
}

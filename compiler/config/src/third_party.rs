//! Words that belong to modules which stock Caddy does not have.
//!
//! Files that were written for a Caddy with such modules are common. Their words get an error that names the module, says
//! in half a sentence what it is, and what to write instead where there is something.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Reported};

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Directives.
    Directive,
    /// Global options.
    Option,
    /// Request matchers.
    Matcher,
    /// Formats of `encode` and of `precompressed`.
    Encoding,
    /// Providers of DNS records.
    DnsProvider,
    /// Where certificates are kept.
    Storage,
    /// Sources of addresses of trusted proxies.
    IpSource,
    /// Transports to upstreams.
    Transport,
    /// Formats of logs.
    LogFormat,
    /// Handlers of events.
    EventHandler,
}

impl Place {
    const ALL: &[Place] = &[
        Place::Directive,
        Place::Option,
        Place::Matcher,
        Place::Encoding,
        Place::DnsProvider,
        Place::Storage,
        Place::IpSource,
        Place::Transport,
        Place::LogFormat,
        Place::EventHandler,
    ];

    /// The place of words of a kind, if there is one for them.
    pub(crate) fn named(noun: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|place| place.noun() == noun)
    }

    /// What a word at this place is.
    fn noun(self) -> &'static str {
        match self {
            Place::Directive => "directive",
            Place::Option => "global option",
            Place::Matcher => "matcher",
            Place::Encoding => "encoding",
            Place::DnsProvider => "DNS provider",
            Place::Storage => "storage",
            Place::IpSource => "source of addresses",
            Place::Transport => "transport",
            Place::LogFormat => "log format",
            Place::EventHandler => "event handler",
        }
    }
}

/// A module.
struct Module {
    places: &'static [Place],
    words: &'static [&'static str],
    /// Go's import path, by which Caddy is built with it.
    path: &'static str,
    /// What it is, as the end of a sentence that begins with "it".
    what: &'static str,
    /// What to do instead.
    instead: &'static str,
}

/// Reports that a word belongs to a module that is not here, if it does.
pub(crate) fn explain(place: Place, word: &Token, cx: &mut Context) -> Option<Reported> {
    let (message, help) = describe(place, &word.text)?;
    Some(cx.fail(word, codes::THIRD_PARTY_MODULE, message, help))
}

/// What is said of a word that belongs to a module that is not here, and what to do; none when it belongs to none.
pub(crate) fn describe(place: Place, name: &str) -> Option<(String, String)> {
    let (path, what, instead) = match find(place, name) {
        Some(module) => (module.path.to_owned(), module.what, module.instead),
        None if place == Place::DnsProvider && DNS_PROVIDERS.contains(&name) => (
            format!("github.com/caddy-dns/{name}"),
            "writes DNS records at that provider",
            "certificates for names without `*` need no DNS records",
        ),
        None => return None,
    };
    let message = format!("{} `{name}` belongs to the module {path}", place.noun());
    let help = if instead.is_empty() {
        format!("it {what}; remove it, or serve this site with a Caddy that has the module")
    } else {
        format!("it {what}; {instead}")
    };
    Some((message, help))
}

fn find(place: Place, name: &str) -> Option<&'static Module> {
    MODULES
        .iter()
        .find(|module| module.places.contains(&place) && module.words.contains(&name))
}

const fn directive(
    words: &'static [&'static str],
    path: &'static str,
    what: &'static str,
    instead: &'static str,
) -> Module {
    let places = &[Place::Directive];
    Module {
        places,
        words,
        path,
        what,
        instead,
    }
}

const fn module(
    places: &'static [Place],
    words: &'static [&'static str],
    path: &'static str,
    what: &'static str,
) -> Module {
    Module {
        places,
        words,
        path,
        what,
        instead: "",
    }
}

const BOTH: &[Place] = &[Place::Directive, Place::Option];

const MODULES: &[Module] = &[
    Module {
        places: BOTH,
        words: &["php_server", "php", "frankenphp"],
        path: "github.com/dunglas/frankenphp/caddy",
        what: "runs PHP inside the server",
        instead: "use `php_fastcgi` and a PHP-FPM process",
    },
    directive(
        &["mercure"],
        "github.com/dunglas/mercure/caddy",
        "is a hub for server-sent events",
        "run the hub by itself and use `reverse_proxy`",
    ),
    directive(
        &["vulcain"],
        "github.com/dunglas/vulcain/caddy",
        "sends related API resources ahead",
        "",
    ),
    directive(
        &["rate_limit"],
        "github.com/mholt/caddy-ratelimit",
        "limits how often clients may ask",
        "",
    ),
    module(
        BOTH,
        &["cache"],
        "github.com/caddyserver/cache-handler",
        "keeps responses for later requests",
    ),
    module(
        BOTH,
        &["crowdsec", "appsec"],
        "github.com/hslatman/caddy-crowdsec-bouncer",
        "refuses clients that CrowdSec lists",
    ),
    Module {
        places: &[Place::Matcher],
        words: &["crowdsec"],
        path: "github.com/hslatman/caddy-crowdsec-bouncer",
        what: "matches clients that CrowdSec lists",
        instead: "",
    },
    directive(
        &["cors"],
        "github.com/briandoesdev/caddy-cors",
        "answers requests from other origins",
        "set the `Access-Control-*` fields with `header`, and answer `OPTIONS` with `respond 204`",
    ),
    directive(
        &["realip"],
        "github.com/kirsch33/realip",
        "takes the client's address from a field",
        "use the global option `servers { trusted_proxies ... }`",
    ),
    directive(
        &["webdav"],
        "github.com/mholt/caddy-webdav",
        "serves files for writing",
        "",
    ),
    module(
        BOTH,
        &["exec"],
        "github.com/abiosoft/caddy-exec",
        "runs commands",
    ),
    Module {
        places: &[Place::EventHandler],
        words: &["exec"],
        path: "github.com/mholt/caddy-events-exec",
        what: "runs commands on events",
        instead: "",
    },
    Module {
        places: BOTH,
        words: &["authenticate", "authorize", "security"],
        path: "github.com/greenpau/caddy-security",
        what: "is a portal for logging in",
        instead: "use `forward_auth` and a separate service, or `basic_auth`",
    },
    directive(
        &["jwtauth"],
        "github.com/ggicci/caddy-jwt",
        "checks JSON web tokens",
        "use `forward_auth` and a service that checks them",
    ),
    directive(
        &["forward_proxy"],
        "github.com/caddyserver/forwardproxy",
        "lets clients reach other servers through this one",
        "",
    ),
    directive(
        &["replace"],
        "github.com/caddyserver/replace-response",
        "replaces text in response bodies",
        "",
    ),
    module(
        &[Place::Directive, Place::Matcher],
        &["geoip", "maxmind_geolocation"],
        "github.com/porech/caddy-maxmind-geolocation",
        "tells the country of clients",
    ),
    module(
        &[Place::Option, Place::Directive],
        &["layer4"],
        "github.com/mholt/caddy-l4",
        "proxies TCP and UDP without HTTP",
    ),
    directive(
        &["s3proxy"],
        "github.com/lindenlab/caddy-s3-proxy",
        "serves files from S3",
        "use `reverse_proxy` to the bucket's address if it is public",
    ),
    directive(
        &["cgi"],
        "github.com/aksdb/caddy-cgi/v2",
        "runs CGI programs",
        "run a FastCGI or HTTP server and use `reverse_proxy`",
    ),
    directive(
        &["coraza_waf"],
        "github.com/corazawaf/coraza-caddy/v2",
        "is a firewall for requests",
        "",
    ),
    directive(
        &["waf"],
        "github.com/fabriziosalmi/caddy-waf",
        "is a firewall for requests",
        "",
    ),
    directive(
        &["defender"],
        "pkg.jsn.cam/caddy-defender",
        "blocks or misleads crawlers by their addresses",
        "use `abort` behind a matcher `remote_ip`",
    ),
    directive(
        &["trace"],
        "github.com/greenpau/caddy-trace",
        "prints requests for debugging",
        "",
    ),
    module(
        BOTH,
        &["git"],
        "github.com/greenpau/caddy-git",
        "updates files from a repository",
    ),
    directive(
        &["webhook"],
        "github.com/WingLim/caddy-webhook",
        "updates files when a repository changes",
        "",
    ),
    module(
        &[Place::Directive, Place::Option],
        &["tailscale", "tailscale_auth"],
        "github.com/tailscale/caddy-tailscale",
        "joins a Tailscale network",
    ),
    module(
        &[Place::Option],
        &["dynamic_dns"],
        "github.com/mholt/caddy-dynamicdns",
        "keeps DNS records pointing to this machine",
    ),
    module(
        &[Place::Matcher],
        &["dynamic_client_ip"],
        "github.com/tuzzmaniandevil/caddy-dynamic-clientip",
        "matches addresses that other modules provide",
    ),
    module(
        &[Place::Matcher],
        &["remote_host"],
        "github.com/muety/caddy-remote-host",
        "matches clients by their host names",
    ),
    Module {
        places: &[Place::Encoding],
        words: &["br", "brotli"],
        path: "github.com/ueffel/caddy-brotli",
        what: "compresses with Brotli",
        instead: "write `encode zstd gzip`, which all browsers take, or serve `.br` files with `precompressed`",
    },
    Module {
        places: &[Place::Transport],
        words: &["http_ntlm"],
        path: "github.com/caddyserver/ntlm-transport",
        what: "keeps one connection per client for NTLM",
        instead: "",
    },
    Module {
        places: &[Place::LogFormat],
        words: &["transform", "formatted"],
        path: "github.com/caddyserver/transform-encoder",
        what: "writes logs by a template",
        instead: "use `format json` or `format console`",
    },
    module(
        &[Place::Storage],
        &["redis"],
        "github.com/pberkel/caddy-storage-redis",
        "keeps certificates in Redis",
    ),
    module(
        &[Place::Storage],
        &["consul"],
        "github.com/pteich/caddy-tlsconsul",
        "keeps certificates in Consul",
    ),
    module(
        &[Place::Storage],
        &["s3"],
        "github.com/ss098/certmagic-s3",
        "keeps certificates in S3",
    ),
    module(
        &[Place::Storage],
        &["dynamodb"],
        "github.com/silinternational/certmagic-storage-dynamodb/v3",
        "keeps certificates in DynamoDB",
    ),
    module(
        &[Place::Storage],
        &["postgres"],
        "github.com/yroc92/postgres-storage",
        "keeps certificates in PostgreSQL",
    ),
    module(
        &[Place::Storage],
        &["gcs"],
        "github.com/grafana/certmagic-gcs",
        "keeps certificates in Google Cloud Storage",
    ),
    module(
        &[Place::Storage],
        &["vault"],
        "github.com/gerolf-vent/caddy-vault-storage",
        "keeps certificates in Vault",
    ),
    Module {
        places: &[Place::IpSource],
        words: &["cloudflare"],
        path: "github.com/WeidiDeng/caddy-cloudflare-ip",
        what: "fetches the addresses of Cloudflare",
        instead: "write them out: `trusted_proxies static <ranges...>`",
    },
    Module {
        places: &[Place::IpSource],
        words: &["cloudfront"],
        path: "github.com/xcaddyplugins/caddy-trusted-cloudfront",
        what: "fetches the addresses of CloudFront",
        instead: "write them out: `trusted_proxies static <ranges...>`",
    },
    Module {
        places: &[Place::IpSource],
        words: &["combine"],
        path: "github.com/fvbommel/caddy-combine-ip-ranges",
        what: "joins several sources",
        instead: "write all ranges out: `trusted_proxies static <ranges...>`",
    },
    Module {
        places: &[Place::IpSource],
        words: &["dns"],
        path: "github.com/fvbommel/caddy-dns-ip-range",
        what: "takes addresses from DNS",
        instead: "write them out: `trusted_proxies static <ranges...>`",
    },
];

/// Providers with a module of the same name.
const DNS_PROVIDERS: &[&str] = &[
    "acmedns",
    "active24",
    "alidns",
    "azure",
    "bunny",
    "civo",
    "cloudflare",
    "cloudns",
    "ddnss",
    "desec",
    "digitalocean",
    "dinahosting",
    "directadmin",
    "dnsimple",
    "dnsmadeeasy",
    "dnspod",
    "domainnameshop",
    "dreamhost",
    "duckdns",
    "dynu",
    "dynv6",
    "easydns",
    "exoscale",
    "gandi",
    "gcore",
    "glesys",
    "godaddy",
    "googleclouddns",
    "he",
    "hetzner",
    "hexonet",
    "hosttech",
    "huaweicloud",
    "infomaniak",
    "inwx",
    "ionos",
    "katapult",
    "leaseweb",
    "linode",
    "loopia",
    "luadns",
    "mailinabox",
    "metaname",
    "mijnhost",
    "namecheap",
    "namedotcom",
    "namesilo",
    "nanelo",
    "netcup",
    "netlify",
    "nfsn",
    "njalla",
    "openstack-designate",
    "ovh",
    "porkbun",
    "powerdns",
    "rfc2136",
    "route53",
    "scaleway",
    "selectel",
    "simplydotcom",
    "tencentcloud",
    "timeweb",
    "totaluptime",
    "transip",
    "vercel",
    "volcengine",
    "vultr",
    "websupport",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{directives, matchers, options};

    #[test]
    fn no_word_is_in_the_table_and_in_the_language() {
        let taken = |place, name: &str| {
            assert!(
                find(place, name).is_none(),
                "`{name}` is read by this compiler"
            );
        };
        directives::all().for_each(|directive| taken(Place::Directive, directive.name));
        matchers::GRAMMAR
            .all()
            .for_each(|entry| taken(Place::Matcher, entry.name));
        options::GRAMMAR
            .all()
            .for_each(|entry| taken(Place::Option, entry.name));
    }

    #[test]
    fn providers_are_sorted_and_few_words_stand_twice() {
        assert!(DNS_PROVIDERS.is_sorted());
        for (index, module) in MODULES.iter().enumerate() {
            for other in &MODULES[..index] {
                let twice = module.words.iter().any(|word| other.words.contains(word));
                let meet = module
                    .places
                    .iter()
                    .any(|place| other.places.contains(place));
                assert!(!(twice && meet), "{} and {}", module.path, other.path);
            }
        }
    }
}

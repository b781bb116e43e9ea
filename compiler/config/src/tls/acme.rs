//! ACME issuers that nobody wrote down, and what the global options add to all of them.

use super::issuers::acme::challenges;
use crate::model::{AcmeIssuer, Challenges, DnsChallenge, Issuer, PortChallenge};
use crate::options::Options;

const ZEROSSL: &str = "https://acme.zerossl.com/v2/DV90";

/// The issuers for public names: Let's Encrypt, and ZeroSSL too when there is an address for the account.
pub(crate) fn default_issuers(email: &str) -> Vec<Issuer> {
    let mut issuers = vec![AcmeIssuer::default()];
    if !email.trim().is_empty() {
        issuers.push(AcmeIssuer {
            ca: ZEROSSL.to_owned(),
            email: email.to_owned(),
            ..AcmeIssuer::default()
        });
    }
    issuers.into_iter().map(acme).collect()
}

fn acme(issuer: AcmeIssuer) -> Issuer {
    Issuer::Acme(Box::new(issuer))
}

/// The issuers of a site whose `tls` directive says something about ACME: those of the global options, or else the default
/// ones, each with what the site says about it.
pub(crate) fn implicit_issuers(own: &AcmeIssuer, options: &Options) -> Vec<Issuer> {
    let global = options.cert_issuers.iter();
    let mut bases: Vec<AcmeIssuer> = global.filter_map(as_acme).collect();
    if bases.is_empty() {
        bases = if own.ca.is_empty() {
            let defaults = default_issuers(&own.email);
            defaults.iter().filter_map(as_acme).collect()
        } else {
            // One authority was chosen, so there is no second one to fall back to.
            vec![AcmeIssuer::default()]
        };
    }
    bases
        .into_iter()
        .map(|base| acme(merge(base, own)))
        .collect()
}

fn as_acme(issuer: &Issuer) -> Option<AcmeIssuer> {
    match issuer {
        Issuer::Acme(acme) => Some(AcmeIssuer::clone(acme)),
        Issuer::Internal(_) | Issuer::Zerossl(_) => None,
    }
}

/// Takes the first value, unless it says nothing.
fn or<T: Default + PartialEq + Clone>(first: &T, second: T) -> T {
    if *first == T::default() {
        second
    } else {
        first.clone()
    }
}

/// What a site says about an issuer goes before what is said elsewhere.
fn merge(base: AcmeIssuer, own: &AcmeIssuer) -> AcmeIssuer {
    let mut trusted_roots_pem_files = base.trusted_roots_pem_files;
    for root in &own.trusted_roots_pem_files {
        if !trusted_roots_pem_files.contains(root) {
            trusted_roots_pem_files.push(root.clone());
        }
    }
    let challenges = match (base.challenges, &own.challenges) {
        (Some(base), Some(own)) => Some(merge_challenges(base, own)),
        (base, own) => base.or_else(|| own.clone()),
    };
    AcmeIssuer {
        ca: or(&own.ca, base.ca),
        test_ca: or(&own.test_ca, base.test_ca),
        email: or(&own.email, base.email),
        profile: or(&own.profile, base.profile),
        external_account: or(&own.external_account, base.external_account),
        acme_timeout: or(&own.acme_timeout, base.acme_timeout),
        challenges,
        trusted_roots_pem_files,
        preferred_chains: or(&own.preferred_chains, base.preferred_chains),
        certificate_lifetime: or(&own.certificate_lifetime, base.certificate_lifetime),
    }
}

fn merge_challenges(base: Challenges, own: &Challenges) -> Challenges {
    let port = |base: Option<PortChallenge>, own: &Option<PortChallenge>| match (base, own) {
        (Some(base), Some(own)) => Some(PortChallenge {
            disabled: base.disabled || own.disabled,
            alternate_port: or(&own.alternate_port, base.alternate_port),
        }),
        (base, own) => base.or_else(|| own.clone()),
    };
    let dns = match (base.dns, &own.dns) {
        (Some(base), Some(own)) => Some(DnsChallenge {
            ttl: or(&own.ttl, base.ttl),
            propagation_delay: or(&own.propagation_delay, base.propagation_delay),
            propagation_timeout: or(&own.propagation_timeout, base.propagation_timeout),
            resolvers: or(&own.resolvers, base.resolvers),
            override_domain: or(&own.override_domain, base.override_domain),
        }),
        (base, own) => base.or_else(|| own.clone()),
    };
    Challenges {
        http: port(base.http, &own.http),
        tls_alpn: port(base.tls_alpn, &own.tls_alpn),
        dns,
        bind_host: or(&own.bind_host, base.bind_host),
        distributed: or(&own.distributed, base.distributed),
    }
}

/// Puts what the global options say into an ACME issuer, where it says nothing itself.
pub(crate) fn fill_in(issuer: &mut Issuer, options: &Options) {
    let Issuer::Acme(acme) = issuer else { return };
    let text = |option: &Option<String>| option.clone().unwrap_or_default();
    acme.email = or(&acme.email, text(&options.email));
    acme.ca = or(&acme.ca, text(&options.acme_ca));
    acme.external_account = or(&acme.external_account, options.acme_eab.clone());
    acme.preferred_chains = or(&acme.preferred_chains, options.preferred_chains.clone());
    acme.certificate_lifetime = or(&acme.certificate_lifetime, options.cert_lifetime);
    if let Some(root) = &options.acme_ca_root
        && !acme.trusted_roots_pem_files.contains(root)
    {
        acme.trusted_roots_pem_files.push(root.clone());
    }
    let by_dns = |acme: &AcmeIssuer| {
        let challenges = acme.challenges.as_ref();
        challenges.is_some_and(|challenges| challenges.dns.is_some())
    };
    if by_dns(acme) {
        // The other challenges are not used then.
        return;
    }
    if let Some(port) = options.http_port {
        let http = challenges(acme).http.get_or_insert_default();
        http.alternate_port = or(&http.alternate_port, port);
    }
    if let Some(port) = options.https_port {
        let tls_alpn = challenges(acme).tls_alpn.get_or_insert_default();
        tls_alpn.alternate_port = or(&tls_alpn.alternate_port, port);
    }
    if let Some(bind) = options.default_bind.first() {
        let host = &mut challenges(acme).bind_host;
        *host = or(host, bind.host().to_owned());
    }
}

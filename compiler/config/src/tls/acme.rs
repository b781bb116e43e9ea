//! ACME issuers that nobody wrote down.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::Context;
use crate::model::{AcmeIssuer, ChallengePort, Issuer};
use crate::options::Options;

const ZEROSSL: &str = "https://acme.zerossl.com/v2/DV90";

/// Says that a word about ACME is understood but changes nothing yet.
pub(crate) fn warn_no_effect(token: &Token, cx: &mut Context) {
    let message = format!(
        "`{}` has no effect yet, since a built server gets no certificates by ACME",
        token.text
    );
    let help = "give public sites a certificate with `tls <certificate> <key>`";
    cx.warn(token, codes::NO_EFFECT, message, help);
}

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
    issuers.into_iter().map(Issuer::Acme).collect()
}

/// The issuers of a site whose `tls` directive says something about its account.
pub(crate) fn implicit_issuers(account: &AcmeIssuer) -> Vec<Issuer> {
    let mut issuers = default_issuers(&account.email);
    for issuer in &mut issuers {
        if let Issuer::Acme(acme) = issuer {
            acme.email.clone_from(&account.email);
        }
    }
    issuers
}

/// Puts what the global options say into an ACME issuer, where it says nothing itself.
pub(crate) fn fill_in(issuer: &mut Issuer, options: &Options) {
    let Issuer::Acme(acme) = issuer else { return };
    if acme.email.is_empty() {
        acme.email = options.email.clone().unwrap_or_default();
    }
    if acme.ca.is_empty() {
        acme.ca = options.acme_ca.clone().unwrap_or_default();
    }
    if let Some(root) = &options.acme_ca_root
        && !acme.trusted_roots_pem_files.contains(root)
    {
        acme.trusted_roots_pem_files.push(root.clone());
    }
    if let Some(port) = options.http_port {
        let http = &mut acme.challenges.get_or_insert_default().http;
        http.get_or_insert(ChallengePort {
            alternate_port: port,
        });
    }
    if let Some(port) = options.https_port {
        let tls_alpn = &mut acme.challenges.get_or_insert_default().tls_alpn;
        tls_alpn.get_or_insert(ChallengePort {
            alternate_port: port,
        });
    }
    if acme
        .challenges
        .as_ref()
        .is_none_or(|challenges| challenges.bind_host.is_empty())
        && let Some(bind) = options.default_bind.first()
    {
        acme.challenges.get_or_insert_default().bind_host = bind.host().to_owned();
    }
}

//! `tls internal`, `tls <certificate> <key>`, `tls <email>`, `tls force_automate`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::{Call, Directive, Effect};
use crate::context::{Context, Parsed};
use crate::model::{AcmeIssuer, CertificateFiles, CertificateSelection, InternalIssuer, Issuer};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};
use crate::tls::{TlsDirective, acme};

pub(super) const DIRECTIVE: Directive = Directive::site(
    "tls",
    Shape::with_block(
        0,
        2,
        Block::Maybe,
        "tls internal|<email>|<certificate> <key>",
    ),
    parse,
);

pub(super) const GRAMMAR: Grammar<TlsDirective> = Grammar {
    vocabulary: Vocabulary::Subdirective("tls"),
    entries: &[&[
        Entry::not_yet("protocols"),
        Entry::not_yet("ciphers"),
        Entry::not_yet("curves"),
        Entry::not_yet("client_auth"),
        Entry::not_yet("alpn"),
        Entry::not_yet("load"),
        Entry::not_yet("ca"),
        Entry::not_yet("ca_root"),
        Entry::not_yet("key_type"),
        Entry::not_yet("eab"),
        Entry::not_yet("issuer"),
        Entry::not_yet("get_certificate"),
        Entry::not_yet("dns"),
        Entry::not_yet("resolvers"),
        Entry::not_yet("propagation_delay"),
        Entry::not_yet("propagation_timeout"),
        Entry::not_yet("dns_ttl"),
        Entry::not_yet("dns_challenge_override_domain"),
        Entry::not_yet("on_demand"),
        Entry::not_yet("reuse_private_keys"),
        Entry::not_yet("insecure_secrets_log"),
        Entry::not_yet("renewal_window_ratio"),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Effect> {
    let mut tls = match call.line.arguments {
        [] if call.line.lines().is_empty() => {
            let help = "write `tls internal`, or the files of a certificate and its key; HTTPS is on by itself for host names";
            return Err(call.cx.fail(
                call.line.name,
                codes::WRONG_ARGUMENTS,
                "`tls` says nothing",
                help,
            ));
        }
        [] => TlsDirective::default(),
        [word] => one_word(word, call.cx)?,
        [certificate, key, ..] => files(&certificate.text, &key.text, call.cx),
    };
    GRAMMAR.apply_all(call.line.lines(), &mut tls, call.cx)?;
    Ok(Effect::Tls(Box::new(tls)))
}

/// `internal`, `force_automate`, or the contact of an ACME account.
fn one_word(word: &Token, cx: &mut Context) -> Parsed<TlsDirective> {
    let mut tls = TlsDirective::default();
    match word.text.as_str() {
        "internal" => {
            tls.issuers
                .push(Issuer::Internal(InternalIssuer::default()));
            return Ok(tls);
        }
        "force_automate" => tls.force_automate = true,
        email if email.contains('@') => {
            let account = AcmeIssuer {
                email: email.to_owned(),
                ..AcmeIssuer::default()
            };
            tls.issuers = acme::implicit_issuers(&account);
        }
        other => {
            let message = format!("`{other}` is neither `internal` nor an e-mail address");
            let help = "a certificate needs two files: `tls <certificate> <key>`";
            return Err(cx.fail(word, codes::BAD_VALUE, message, help));
        }
    }
    acme::warn_no_effect(word, cx);
    Ok(tls)
}

/// Files of a certificate and its key. A file that is loaded twice would be found under its last tag only, so each has one
/// tag for good and is loaded once.
fn files(certificate: &str, key: &str, cx: &mut Context) -> TlsDirective {
    let count = cx.certificate_tags.len();
    let tag = cx
        .certificate_tags
        .entry(certificate.to_owned())
        .or_insert_with(|| format!("cert{count}"))
        .clone();
    let mut tls = TlsDirective::default();
    if cx.certificate_tags.len() > count {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        tls.files.push(CertificateFiles {
            certificate,
            key,
            tags: vec![tag.clone()],
        });
    }
    tls.policy.certificate_selection = Some(CertificateSelection { any_tag: vec![tag] });
    tls
}

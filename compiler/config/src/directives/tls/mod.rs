//! `tls internal|force_automate|<email>|<certificate> <key> { ... }`

mod client_auth;
mod handshake;
mod issuing;

use zs_diagnostics::codes;
use zs_syntax::Token;

use self::issuing::Issuing;
use super::{Call, Directive, Effect};
use crate::context::{Context, Parsed};
use crate::model::{CertificateFiles, CertificateSelection};
use crate::spec::{Block, Grammar, Shape, Vocabulary};
use crate::tls::TlsDirective;

pub(super) const DIRECTIVE: Directive = Directive::site(
    "tls",
    Shape::with_block(
        0,
        2,
        Block::Maybe,
        "tls internal|force_automate|<email>|<certificate> <key> { ... }",
    ),
    parse,
);

/// A directive that is being read.
#[derive(Debug, Default)]
pub(crate) struct Building {
    /// What it asks for so far.
    tls: TlsDirective,
    /// Who signs, as far as that is known only at the end.
    issuing: Issuing,
}

pub(super) const GRAMMAR: Grammar<Building> = Grammar {
    vocabulary: Vocabulary::Subdirective("tls"),
    entries: &[
        handshake::ENTRIES,
        client_auth::ENTRIES,
        issuing::ENTRIES,
        issuing::DNS,
    ],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Effect> {
    let mut building = Building::default();
    match call.line.arguments {
        [] if call.line.lines().is_empty() => {
            let help = "write `tls internal`, or the files of a certificate and its key; HTTPS is on by itself for host names";
            return Err(call.cx.fail(
                call.line.name,
                codes::WRONG_ARGUMENTS,
                "`tls` says nothing",
                help,
            ));
        }
        [] => {}
        [word] => one_word(word, &mut building, call.cx)?,
        [certificate, key, ..] => files(&certificate.text, &key.text, &mut building.tls, call.cx),
    }
    GRAMMAR.apply_all(call.line.lines(), &mut building, call.cx)?;
    let Building { mut tls, issuing } = building;
    tls.word = Some(call.line.name.clone());
    tls.issuers = issuing.finish(call.line.name, call.cx)?;
    Ok(Effect::Tls(Box::new(tls)))
}

/// `internal`, `force_automate`, or the contact of an ACME account.
fn one_word(word: &Token, building: &mut Building, cx: &mut Context) -> Parsed<()> {
    match word.text.as_str() {
        "internal" => building.issuing.internal = true,
        "force_automate" => {
            building.tls.force_automate = true;
            issuing::tell_acme(word, cx);
        }
        email if email.contains('@') => {
            email.clone_into(&mut building.issuing.acme().email);
            issuing::tell_acme(word, cx);
        }
        other => {
            let message = format!("`{other}` is neither `internal` nor an e-mail address");
            let help = "a certificate needs two files: `tls <certificate> <key>`";
            return Err(cx.fail(word, codes::BAD_VALUE, message, help));
        }
    }
    Ok(())
}

/// Files of a certificate and its key. A file that is loaded twice would be found under its last tag only, so each has one
/// tag for good and is loaded once.
fn files(certificate: &str, key: &str, tls: &mut TlsDirective, cx: &mut Context) {
    let count = cx.certificate_tags.len();
    let tag = cx
        .certificate_tags
        .entry(certificate.to_owned())
        .or_insert_with(|| format!("cert{count}"))
        .clone();
    if cx.certificate_tags.len() > count {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        tls.files.push(CertificateFiles {
            certificate,
            key,
            tags: vec![tag.clone()],
        });
    }
    tls.policy.certificate_selection = Some(CertificateSelection { any_tag: vec![tag] });
}

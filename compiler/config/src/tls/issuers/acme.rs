//! `issuer acme [<directory URL>] { ... }`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::dns::{self, DnsProved};
use super::preferred_chains;
use crate::context::{Context, Parsed};
use crate::model::{AcmeIssuer, Challenges, DnsChallenge, ExternalAccount, PortChallenge};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, text_word, value_word};
use crate::values::duration::{duration, timeout};
use crate::values::number::port;

impl DnsProved for AcmeIssuer {
    fn dns(&mut self, _: &Token) -> &mut DnsChallenge {
        challenges(self).dns.get_or_insert_default()
    }
}

/// How names are proved, which is empty at first.
pub(crate) fn challenges(issuer: &mut AcmeIssuer) -> &mut Challenges {
    issuer.challenges.get_or_insert_default()
}

fn http(issuer: &mut AcmeIssuer) -> &mut PortChallenge {
    challenges(issuer).http.get_or_insert_default()
}

fn tls_alpn(issuer: &mut AcmeIssuer) -> &mut PortChallenge {
    challenges(issuer).tls_alpn.get_or_insert_default()
}

const GRAMMAR: Grammar<AcmeIssuer> = Grammar {
    vocabulary: Vocabulary::Subdirective("issuer acme"),
    entries: &[
        ACCOUNT,
        CHALLENGES,
        &dns::words(),
        &[dns::override_domain()],
    ],
    other: None,
};

const ACCOUNT: &[Entry<AcmeIssuer>] = &[
    Entry::many("dir", Shape::arguments(1, 1, "dir <directory URL>"), dir),
    text_word!("test_dir", "<directory URL>" => test_ca),
    text_word!("email", "<address>" => email),
    text_word!("profile", "<name>" => profile),
    value_word!("lifetime", "<length of time>", timeout => certificate_lifetime),
    value_word!("timeout", "<length of time>", duration => acme_timeout),
    Entry::last(
        "eab",
        Shape::arguments(2, 2, "eab <key identifier> <key>"),
        |issuer, line, _| {
            issuer.external_account = Some(external_account(line));
            Ok(())
        },
    ),
    Entry::last(
        "trusted_roots",
        Shape::arguments(0, usize::MAX, "trusted_roots <PEM files...>"),
        |issuer, line, _| {
            issuer.trusted_roots_pem_files = line.texts();
            Ok(())
        },
    ),
    Entry::last(
        "preferred_chains",
        preferred_chains::SHAPE,
        |issuer, line, cx| {
            issuer.preferred_chains = Some(preferred_chains::parse(line, cx)?);
            Ok(())
        },
    ),
];

const CHALLENGES: &[Entry<AcmeIssuer>] = &[
    Entry::many(
        "disable_http_challenge",
        Shape::arguments(0, 0, "disable_http_challenge"),
        |issuer, _, _| {
            http(issuer).disabled = true;
            Ok(())
        },
    ),
    Entry::many(
        "disable_tlsalpn_challenge",
        Shape::arguments(0, 0, "disable_tlsalpn_challenge"),
        |issuer, _, _| {
            tls_alpn(issuer).disabled = true;
            Ok(())
        },
    ),
    Entry::last(
        "alt_http_port",
        Shape::arguments(1, 1, "alt_http_port <port>"),
        |issuer, line, cx| {
            http(issuer).alternate_port = port(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    Entry::last(
        "alt_tlsalpn_port",
        Shape::arguments(1, 1, "alt_tlsalpn_port <port>"),
        |issuer, line, cx| {
            tls_alpn(issuer).alternate_port = port(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    Entry::many(
        "distributed",
        Shape::arguments(1, 1, "distributed false"),
        distributed,
    ),
    Entry::many(
        "dns",
        Shape::with_block(0, usize::MAX, Block::Maybe, "dns [<provider> ...]"),
        |issuer, line, cx| {
            if !line.arguments.is_empty() {
                return Err(dns::refuse_provider(line, cx));
            }
            issuer.dns(line.name);
            Ok(())
        },
    ),
];

/// Reads the issuer.
pub(super) fn parse(line: &Line, cx: &mut Context) -> Parsed<AcmeIssuer> {
    let ca = line.text(0).to_owned();
    let mut issuer = AcmeIssuer {
        ca,
        ..AcmeIssuer::default()
    };
    GRAMMAR.apply_all(line.lines(), &mut issuer, cx)?;
    Ok(issuer)
}

/// An account that exists elsewhere, from two arguments.
pub(crate) fn external_account(line: &Line) -> ExternalAccount {
    ExternalAccount {
        key_id: line.text(0).to_owned(),
        mac_key: line.text(1).to_owned(),
    }
}

fn dir(issuer: &mut AcmeIssuer, line: &Line, cx: &mut Context) -> Parsed<()> {
    if !issuer.ca.is_empty() {
        let message = format!("the directory is `{}` already", issuer.ca);
        let help = "keep one of the two";
        return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
    }
    line.text(0).clone_into(&mut issuer.ca);
    Ok(())
}

fn distributed(issuer: &mut AcmeIssuer, line: &Line, cx: &mut Context) -> Parsed<()> {
    if line.text(0) != "false" {
        let message = format!("`distributed` cannot be `{}`", line.text(0));
        let help = "the only value is `false`";
        return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
    }
    challenges(issuer).distributed = Some(false);
    Ok(())
}

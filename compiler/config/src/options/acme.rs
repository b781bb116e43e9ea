//! What is said about ACME for all sites: `email`, `acme_ca`, `acme_ca_root`, `acme_eab`, `cert_issuer`, `cert_lifetime`,
//! `preferred_chains`, and DNS providers.

use super::Options;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::model::ExternalAccount;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, text_word, value_word};
use crate::tls::issuers::{self, dns, preferred_chains};
use crate::values::duration::duration;

/// A word whose one argument is an account's setting.
macro_rules! setting {
    ($name:ident, $usage:literal) => {
        Entry::with_status(
            Entry::last(
                stringify!($name),
                Shape::arguments(1, 1, $usage),
                |options, line, _| {
                    options.$name = Some(line.text(0).to_owned());
                    Ok(())
                },
            ),
            differences::ACME,
        )
    };
}

pub(super) const ENTRIES: &[Entry<Options>] = &[
    setting!(email, "email <address>"),
    setting!(acme_ca, "acme_ca <directory URL>"),
    setting!(acme_ca_root, "acme_ca_root <PEM file>"),
    Entry::with_status(
        Entry::last(
            "acme_eab",
            Shape::with_block(0, 0, Block::Maybe, "acme_eab { key_id ...; mac_key ... }"),
            |options, line, cx| {
                let mut account = ExternalAccount::default();
                ACCOUNT.apply_all(line.lines(), &mut account, cx)?;
                options.acme_eab = Some(account);
                Ok(())
            },
        ),
        differences::ACME,
    ),
    Entry::many(
        "cert_issuer",
        Shape::with_block(
            1,
            usize::MAX,
            Block::Maybe,
            "cert_issuer acme|zerossl|internal ...",
        ),
        cert_issuer,
    ),
    Entry::with_status(
        value_word!("cert_lifetime", "<length of time>", duration => cert_lifetime),
        differences::ACME,
    ),
    Entry::with_status(
        Entry::last(
            "preferred_chains",
            preferred_chains::SHAPE,
            |options, line, cx| {
                options.preferred_chains = Some(preferred_chains::parse(line, cx)?);
                Ok(())
            },
        ),
        differences::ACME,
    ),
    // Every provider is a third party's.
    Entry::foreign(Entry::many(
        "dns",
        Shape::with_block(1, usize::MAX, Block::Maybe, "dns <provider> ..."),
        |_, line, cx| Err(dns::refuse_provider(line, cx)),
    )),
    Entry::foreign(Entry::many(
        "acme_dns",
        Shape::with_block(0, usize::MAX, Block::Maybe, "acme_dns [<provider> ...]"),
        |options, line, cx| {
            if !line.arguments.is_empty() {
                return Err(dns::refuse_provider(line, cx));
            }
            options.acme_dns = Some(line.name.clone());
            Ok(())
        },
    )),
];

const ACCOUNT: Grammar<ExternalAccount> = Grammar {
    vocabulary: Vocabulary::Subdirective("acme_eab"),
    entries: &[&[
        text_word!("key_id", "<identifier>" => key_id),
        text_word!("mac_key", "<key>" => mac_key),
    ]],
    other: None,
};

fn cert_issuer(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let issuer = issuers::parse(&line.inner(), cx)?;
    options.cert_issuers.push(issuer);
    options.cert_issuer_token = Some(line.name.clone());
    Ok(())
}

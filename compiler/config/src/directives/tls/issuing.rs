//! The words of `tls` about how certificates are obtained.

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Building;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::model::{
    AcmeIssuer, CertificateManager, DnsChallenge, HttpCertificates, InternalIssuer, Issuer,
};
use crate::options::certificates::key_type;
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary, flag_word};
use crate::tls::issuers::acme::{challenges, external_account};
use crate::tls::issuers::dns::{self, DnsProved};
use crate::tls::{acme, issuers};
use crate::values::number::ratio;

/// Who signs, as the words say it one after the other.
#[derive(Debug, Default)]
pub(super) struct Issuing {
    /// `tls internal`
    pub(super) internal: bool,
    /// What is said about ACME in passing.
    acme: Option<AcmeIssuer>,
    /// The issuers that are written out.
    explicit: Vec<Issuer>,
    /// The words that need a DNS provider.
    need_provider: Vec<Token>,
}

impl Issuing {
    /// What is said about ACME in passing.
    pub(super) fn acme(&mut self) -> &mut AcmeIssuer {
        self.acme.get_or_insert_default()
    }

    /// The issuers that all words together ask for; none for the default.
    pub(super) fn finish(self, tls: &Token, cx: &mut Context) -> Parsed<Vec<Issuer>> {
        let mut provided = Ok(());
        for word in &self.need_provider {
            let message = format!("`{}` needs a DNS provider", word.text);
            let help = "DNS providers are plugins, which cannot be built in; remove the line";
            provided = Err(cx.fail(word, codes::BAD_VALUE, message, help));
        }
        provided?;
        let kinds = [
            !self.explicit.is_empty(),
            self.acme.is_some(),
            self.internal,
        ];
        if kinds.into_iter().filter(|kind| *kind).count() > 1 {
            let message = "the words in this block ask for different kinds of issuers";
            let help = "either write `issuer` lines with all that is to be said, or none";
            return Err(cx.fail(tls, codes::CONFLICT, message, help));
        }
        Ok(match &self.acme {
            Some(own) => acme::implicit_issuers(own, &cx.options),
            None if self.internal => vec![Issuer::Internal(InternalIssuer::default())],
            None => self.explicit,
        })
    }
}

impl DnsProved for Building {
    fn dns(&mut self, word: &Token) -> &mut DnsChallenge {
        self.issuing.need_provider.push(word.clone());
        challenges(self.issuing.acme()).dns.get_or_insert_default()
    }
}

/// Says what becomes of a word about ACME.
pub(super) fn tell_acme(word: &Token, cx: &mut Context) {
    cx.tell(word, codes::UNSUPPORTED_SUBDIRECTIVE, "", differences::ACME);
}

pub(super) const ENTRIES: &[Entry<Building>] = &[
    Entry::with_status(
        Entry::last(
            "ca",
            Shape::arguments(1, 1, "ca <directory URL>"),
            |building, line, _| {
                line.text(0).clone_into(&mut building.issuing.acme().ca);
                Ok(())
            },
        ),
        differences::ACME,
    ),
    Entry::with_status(
        Entry::many(
            "ca_root",
            Shape::arguments(1, 1, "ca_root <PEM file>"),
            |building, line, _| {
                let roots = &mut building.issuing.acme().trusted_roots_pem_files;
                roots.push(line.text(0).to_owned());
                Ok(())
            },
        ),
        differences::ACME,
    ),
    Entry::with_status(
        Entry::last(
            "eab",
            Shape::arguments(2, 2, "eab <key identifier> <key>"),
            |building, line, _| {
                building.issuing.acme().external_account = Some(external_account(line));
                Ok(())
            },
        ),
        differences::ACME,
    ),
    Entry::many(
        "issuer",
        Shape::with_block(
            1,
            usize::MAX,
            Block::Maybe,
            "issuer acme|zerossl|internal ...",
        ),
        |building, line, cx| {
            let issuer = issuers::parse(&line.inner(), cx)?;
            building.issuing.explicit.push(issuer);
            Ok(())
        },
    ),
    Entry::unbuilt(Entry::many(
        "get_certificate",
        Shape::with_block(
            1,
            usize::MAX,
            Block::Maybe,
            "get_certificate http|tailscale ...",
        ),
        |building, line, cx| MANAGERS.apply(&line.inner(), &mut building.tls.managers, cx),
    )),
    Entry::last(
        "key_type",
        Shape::arguments(1, 1, "key_type <kind>"),
        |building, line, cx| {
            building.tls.key_type = Some(key_type(&line.arguments[0], cx)?);
            Ok(())
        },
    ),
    Entry::unbuilt(flag_word!("on_demand" => tls.on_demand)),
    Entry::with_status(
        flag_word!("reuse_private_keys" => tls.reuse_private_keys),
        differences::REUSE_KEYS,
    ),
    Entry::with_status(
        Entry::last(
            "renewal_window_ratio",
            Shape::arguments(1, 1, "renewal_window_ratio <fraction>"),
            |building, line, cx| {
                building.tls.renewal_window_ratio = Some(ratio(&line.arguments[0], cx)?);
                Ok(())
            },
        ),
        differences::RENEWAL,
    ),
    Entry::foreign(Entry::many(
        "dns",
        Shape::with_block(0, usize::MAX, Block::Maybe, "dns <provider> ..."),
        |_, line, cx| Err(dns::refuse_provider(line, cx)),
    )),
];

pub(super) const DNS: &[Entry<Building>] = {
    let [delay, timeout, resolvers, ttl] = dns::words();
    &[
        Entry::foreign(delay),
        Entry::foreign(timeout),
        Entry::foreign(resolvers),
        Entry::foreign(ttl),
        Entry::foreign(dns::override_domain()),
    ]
};

const MANAGERS: Grammar<Vec<CertificateManager>> = Grammar {
    vocabulary: Vocabulary::Module("source of certificates"),
    entries: &[&[
        Entry::many(
            "http",
            Shape::arguments(1, 1, "get_certificate http <URL>"),
            |managers, line, _| {
                let url = line.text(0).to_owned();
                managers.push(CertificateManager::Http(HttpCertificates { url }));
                Ok(())
            },
        ),
        Entry::many(
            "tailscale",
            Shape::arguments(0, 0, "get_certificate tailscale"),
            |managers, _, _| {
                managers.push(CertificateManager::Tailscale);
                Ok(())
            },
        ),
    ]],
    other: None,
};

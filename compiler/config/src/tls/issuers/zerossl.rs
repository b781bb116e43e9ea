//! `issuer zerossl <API key> { ... }`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::dns::{self, DnsProved};
use crate::context::{Context, Parsed};
use crate::model::{DnsChallenge, ZerosslIssuer};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, value_word};
use crate::values::number::port;

impl DnsProved for ZerosslIssuer {
    fn dns(&mut self, _: &Token) -> &mut DnsChallenge {
        self.cname_validation.get_or_insert_default()
    }
}

const GRAMMAR: Grammar<ZerosslIssuer> = Grammar {
    vocabulary: Vocabulary::Subdirective("issuer zerossl"),
    entries: &[
        &[
            Entry::many(
                "validity_days",
                Shape::arguments(0, 1, "validity_days <number>"),
                |_, line, cx| {
                    let message = "`validity_days` cannot be set in a Caddyfile";
                    let help = "remove it: Caddy's reader of it takes no number";
                    Err(cx.fail(line.name, codes::BAD_VALUE, message, help))
                },
            ),
            value_word!("alt_http_port", "<port>", port => alternate_http_port),
            Entry::many(
                "dns",
                Shape::with_block(1, usize::MAX, Block::Maybe, "dns <provider> ..."),
                |_, line, cx| Err(dns::refuse_provider(line, cx)),
            ),
        ],
        &dns::words(),
    ],
    other: None,
};

/// Reads the issuer.
pub(super) fn parse(line: &Line, cx: &mut Context) -> Parsed<ZerosslIssuer> {
    let api_key = line.text(0).to_owned();
    let mut issuer = ZerosslIssuer {
        api_key,
        ..ZerosslIssuer::default()
    };
    GRAMMAR.apply_all(line.lines(), &mut issuer, cx)?;
    Ok(issuer)
}

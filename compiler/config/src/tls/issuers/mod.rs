//! `issuer` and `cert_issuer`: who signs certificates, with everything about it.

pub(crate) mod acme;
pub(crate) mod dns;
pub(crate) mod preferred_chains;
mod zerossl;

use crate::context::{Context, Parsed};
use crate::differences;
use crate::model::{InternalIssuer, Issuer};
use crate::spec::{
    Block, Entry, Grammar, Line, Shape, Vocabulary, flag_word, text_word, value_word,
};
use crate::values::duration::duration;

/// Reads an issuer; the line begins with its kind.
pub(crate) fn parse(line: &Line, cx: &mut Context) -> Parsed<Issuer> {
    let mut issuer = Issuer::Internal(InternalIssuer::default());
    ISSUERS.apply(line, &mut issuer, cx)?;
    Ok(issuer)
}

const ISSUERS: Grammar<Issuer> = Grammar {
    vocabulary: Vocabulary::Module("issuer"),
    entries: &[&[
        Entry::with_status(
            Entry::many(
                "acme",
                Shape::with_block(0, 1, Block::Maybe, "acme [<directory URL>] { ... }"),
                |issuer, line, cx| {
                    *issuer = Issuer::Acme(Box::new(acme::parse(line, cx)?));
                    Ok(())
                },
            ),
            differences::ACME,
        ),
        Entry::with_status(
            Entry::many(
                "zerossl",
                Shape::with_block(1, 1, Block::Maybe, "zerossl <API key> { ... }"),
                |issuer, line, cx| {
                    *issuer = Issuer::Zerossl(zerossl::parse(line, cx)?);
                    Ok(())
                },
            ),
            differences::ACME,
        ),
        Entry::many(
            "internal",
            Shape::with_block(0, 0, Block::Maybe, "internal { ... }"),
            |issuer, line, cx| {
                let mut internal = InternalIssuer::default();
                INTERNAL.apply_all(line.lines(), &mut internal, cx)?;
                *issuer = Issuer::Internal(internal);
                Ok(())
            },
        ),
    ]],
    other: None,
};

pub(crate) const INTERNAL: Grammar<InternalIssuer> = Grammar {
    vocabulary: Vocabulary::Subdirective("issuer internal"),
    entries: &[&[
        Entry::unbuilt(text_word!("ca", "<authority>" => ca)),
        Entry::unbuilt(value_word!("lifetime", "<length of time>", duration => lifetime)),
        Entry::unbuilt(flag_word!("sign_with_root" => sign_with_root)),
    ]],
    other: None,
};

//! `pki { ca [<id>] { ... } }`: local certificate authorities.

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Options;
use crate::context::{Context, Parsed};
use crate::model::{CertificateAuthority, KeyPair};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, text_word, value_word};
use crate::values::duration::duration;
use crate::values::number::float;

/// The authority that is meant where none is named.
pub(crate) const LOCAL: &str = "local";

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::last(
    "pki",
    Shape::with_block(0, usize::MAX, Block::Maybe, "pki { ca [<id>] { ... } }"),
    |options, line, cx| {
        options.authorities.clear();
        PKI.apply_all(line.lines(), options, cx)
    },
)];

const PKI: Grammar<Options> = Grammar {
    vocabulary: Vocabulary::Subdirective("pki"),
    entries: &[&[Entry::many(
        "ca",
        Shape::with_block(0, 1, Block::Maybe, "ca [<id>] { ... }"),
        authority,
    )]],
    other: None,
};

pub(crate) const AUTHORITY: Grammar<CertificateAuthority> = Grammar {
    vocabulary: Vocabulary::Subdirective("ca"),
    entries: &[&[
        Entry::unbuilt(text_word!("name", "<name>" => name)),
        Entry::unbuilt(text_word!("root_cn", "<name>" => root_common_name)),
        Entry::unbuilt(text_word!("intermediate_cn", "<name>" => intermediate_common_name)),
        Entry::unbuilt(
            value_word!("intermediate_lifetime", "<length of time>", duration => intermediate_lifetime),
        ),
        Entry::unbuilt(
            value_word!("maintenance_interval", "<length of time>", duration => maintenance_interval),
        ),
        Entry::unbuilt(
            value_word!("renewal_window_ratio", "<fraction>", part => renewal_window_ratio),
        ),
        Entry::unbuilt(Entry::many("root", KEY_PAIR, |authority, line, cx| {
            PAIR.apply_all(line.lines(), authority.root.get_or_insert_default(), cx)
        })),
        Entry::unbuilt(Entry::many(
            "intermediate",
            KEY_PAIR,
            |authority, line, cx| {
                let pair = authority.intermediate.get_or_insert_default();
                PAIR.apply_all(line.lines(), pair, cx)
            },
        )),
    ]],
    other: None,
};

const KEY_PAIR: Shape = Shape::with_block(
    0,
    0,
    Block::Maybe,
    "root|intermediate { cert ...; key ... }",
);

const PAIR: Grammar<KeyPair> = Grammar {
    vocabulary: Vocabulary::Subdirective("ca"),
    entries: &[&[
        text_word!("cert", "<path>" => certificate),
        text_word!("key", "<path>" => private_key),
        text_word!("format", "<format>" => format),
    ]],
    other: None,
};

fn authority(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let id = match line.text(0) {
        "" => LOCAL,
        id => id,
    };
    if id != LOCAL {
        let message = format!("an authority besides `{LOCAL}` is not supported yet");
        let help = format!("use the authority `{LOCAL}`");
        cx.refuse_building(&line.arguments[0], codes::UNSUPPORTED_OPTION, message, help);
    }
    let mut authority = CertificateAuthority::default();
    AUTHORITY.apply_all(line.lines(), &mut authority, cx)?;
    // Of two blocks for one authority the later one counts.
    options.authorities.insert(id.to_owned(), authority);
    Ok(())
}

/// A part that may be the whole.
fn part(token: &Token, cx: &mut Context) -> Parsed<f64> {
    let part = float(token, cx)?;
    if part > 0.0 && part <= 1.0 {
        return Ok(part);
    }
    let message = format!("`{}` is not between 0 and 1", token.text);
    let help = "write a fraction such as `0.33`";
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}

//! `--emit=tokens` and `--emit=tree`.

use std::fmt::Write;

use zs_diagnostics::SourceMap;

use crate::{Quote, Segment, Token, Tree};

/// One word per line with its place.
#[must_use]
pub fn dump_tokens(tokens: &[Token], sources: &SourceMap) -> String {
    let mut out = String::new();
    for token in tokens {
        let _ = writeln!(out, "{:<20} {}", sources.describe(token.span), spell(token));
    }
    out
}

/// The tree with one segment per line, blocks indented, and the place of each.
#[must_use]
pub fn dump_tree(tree: &Tree, sources: &SourceMap) -> String {
    let mut out = String::new();
    for block in &tree.blocks {
        let kind = match (block.keys.is_empty(), block.has_braces()) {
            (true, _) => "options",
            (false, true) => "site",
            (false, false) => "site without braces",
        };
        let place = block
            .head()
            .map(|token| sources.describe(token.span))
            .unwrap_or_default();
        let _ = writeln!(out, "{kind}{} ; {place}", spell_all(&block.keys));
        dump_segments(&block.segments, 1, sources, &mut out);
    }
    out
}

fn dump_segments(segments: &[Segment], depth: usize, sources: &SourceMap, out: &mut String) {
    for segment in segments {
        let text = spell_all(&segment.words);
        let brace = if segment.block.is_some() { " {" } else { "" };
        let place = sources.describe(segment.name().span);
        let _ = writeln!(
            out,
            "{:width$}{}{brace} ; {place}",
            "",
            text.trim_start(),
            width = depth * 4
        );
        if let Some(block) = &segment.block {
            dump_segments(block, depth + 1, sources, out);
            let _ = writeln!(out, "{:width$}}}", "", width = depth * 4);
        }
    }
}

fn spell_all(tokens: &[Token]) -> String {
    tokens
        .iter()
        .map(|token| format!(" {}", spell(token)))
        .collect()
}

fn spell(token: &Token) -> String {
    match token.quote {
        Quote::None => token.text.clone(),
        Quote::Double => format!("{:?}", token.text),
        Quote::Backtick => format!("`{}`", token.text.escape_debug()),
        Quote::Heredoc => format!("<<{:?}", token.text),
    }
}

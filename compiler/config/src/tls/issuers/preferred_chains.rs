//! `preferred_chains smallest` or `preferred_chains { root_common_name ...; any_common_name ... }`

use zs_diagnostics::codes;

use crate::context::{Context, Parsed};
use crate::model::PreferredChains;
use crate::spec::{Block, Grammar, Line, Shape, Vocabulary, list_word};

pub(crate) const SHAPE: Shape = Shape::with_block(
    0,
    1,
    Block::Maybe,
    "preferred_chains smallest|{ root_common_name|any_common_name <names...> }",
);

const GRAMMAR: Grammar<PreferredChains> = Grammar {
    vocabulary: Vocabulary::Subdirective("preferred_chains"),
    entries: &[&[
        list_word!("root_common_name", 1, "<names...>" => root_common_name),
        list_word!("any_common_name", 1, "<names...>" => any_common_name),
    ]],
    other: None,
};

/// Reads which chains are preferred.
pub(crate) fn parse(line: &Line, cx: &mut Context) -> Parsed<PreferredChains> {
    let mut chains = PreferredChains::default();
    GRAMMAR.apply_all(line.lines(), &mut chains, cx)?;
    let ways = [
        !line.arguments.is_empty(),
        !chains.root_common_name.is_empty(),
        !chains.any_common_name.is_empty(),
    ];
    match line.text(0) {
        "" => {}
        "smallest" => chains.smallest = Some(true),
        other => {
            let message = format!("`preferred_chains` knows no `{other}`");
            let help = "write `smallest`, or names in a block";
            return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
        }
    }
    if ways.into_iter().filter(|way| *way).count() != 1 {
        let message = "`preferred_chains` needs exactly one way to choose";
        let help = "write one of `smallest`, `root_common_name` and `any_common_name`";
        return Err(cx.fail(line.name, codes::WRONG_ARGUMENTS, message, help));
    }
    Ok(chains)
}

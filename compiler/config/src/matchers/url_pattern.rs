//! `url_pattern <pattern> { base_url <url>; ignore_case }`

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::{At, UrlPattern};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const ENTRY: Entry<Matching> = Entry::<Matching>::once(
    "url_pattern",
    Shape::with_block(1, 1, Block::Maybe, "url_pattern <pattern>"),
    apply,
)
.unbuilt();

pub(crate) const GRAMMAR: Grammar<UrlPattern> = Grammar {
    vocabulary: Vocabulary::Subdirective("url_pattern"),
    entries: &[&[
        Entry::<UrlPattern>::last(
            "base_url",
            Shape::arguments(1, 1, "base_url <url>"),
            |pattern, line, _| {
                line.text(0).clone_into(&mut pattern.base_url);
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<UrlPattern>::many(
            "ignore_case",
            Shape::arguments(0, 0, "ignore_case"),
            |pattern, _, _| {
                pattern.ignore_case = true;
                Ok(())
            },
        )
        .unbuilt(),
    ]],
    other: None,
};

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut pattern = UrlPattern {
        pattern: line.text(0).to_owned(),
        ..UrlPattern::default()
    };
    GRAMMAR.apply_all(line.lines(), &mut pattern, cx)?;
    matching.set.url_pattern = Some(At::new(pattern, line.name.span));
    Ok(())
}

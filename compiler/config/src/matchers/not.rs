//! `not <matcher> ...` and `not { <matchers...> }`

use super::{Matching, nested_set};
use crate::context::{Context, Parsed};
use crate::model::{At, NotMatcher};
use crate::spec::{Block, Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "not",
    Shape::with_block(0, usize::MAX, Block::Maybe, "not <matcher> <arguments...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    // Captures inside a negation have no name: nothing can be captured when the negation holds.
    let set = nested_set(line, "", matching.depth + 1, cx)?;
    matching
        .set
        .not
        .get_or_insert_with(|| At::new(NotMatcher::default(), line.name.span))
        .sets
        .push(set);
    Ok(())
}

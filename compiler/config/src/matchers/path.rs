//! `path <paths...>`

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "path",
    Shape::arguments(1, usize::MAX, "path <paths...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, _: &mut Context) -> Parsed<()> {
    let paths = matching
        .set
        .path
        .get_or_insert_with(|| At::new(Vec::new(), line.name.span));
    paths.extend(line.texts());
    Ok(())
}

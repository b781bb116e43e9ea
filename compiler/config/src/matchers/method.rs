//! `method <methods...>`

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "method",
    Shape::arguments(1, usize::MAX, "method <methods...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, _: &mut Context) -> Parsed<()> {
    let methods = matching
        .set
        .method
        .get_or_insert_with(|| At::new(Vec::new(), line.name.span));
    methods.extend(line.texts());
    Ok(())
}

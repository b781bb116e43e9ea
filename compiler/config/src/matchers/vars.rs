//! `vars <variable> <values...>`

use std::collections::BTreeMap;

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "vars",
    Shape::arguments(2, usize::MAX, "vars <variable> <values...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, _: &mut Context) -> Parsed<()> {
    let variables = matching
        .set
        .vars
        .get_or_insert_with(|| At::new(BTreeMap::new(), line.name.span));
    let values = line.arguments[1..].iter().map(|token| token.text.clone());
    variables
        .entry(line.text(0).to_owned())
        .or_default()
        .extend(values);
    Ok(())
}

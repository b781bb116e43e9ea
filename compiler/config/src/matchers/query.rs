//! `query <key>=<value>...`

use std::collections::BTreeMap;

use zs_diagnostics::codes;

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "query",
    Shape::arguments(1, usize::MAX, "query <key>=<value>..."),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let query = matching
        .set
        .query
        .get_or_insert_with(|| At::new(BTreeMap::new(), line.name.span));
    // The empty word stands for the empty query, which is what no pairs at all mean.
    for token in line.arguments.iter().filter(|token| !token.text.is_empty()) {
        let Some((key, value)) = token.text.split_once('=') else {
            let help = "write `key=value`, `key=*` for any value, or `\"\"` for no query";
            return Err(cx.fail(
                token,
                codes::BAD_VALUE,
                format!("`{}` is no pair of key and value", token.text),
                help,
            ));
        };
        query
            .entry(key.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    Ok(())
}

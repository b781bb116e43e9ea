//! `vars_regexp [<name>] <variable> <pattern>`

use std::collections::BTreeMap;

use zs_diagnostics::codes;

use super::{Matching, named_regexp};
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "vars_regexp",
    Shape::arguments(2, 3, "vars_regexp [<name>] <variable> <pattern>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let (variable, regexp) = named_regexp(matching, line);
    let variables = matching
        .set
        .vars_regexp
        .get_or_insert_with(|| At::new(BTreeMap::new(), line.name.span));
    if variables.insert(variable.clone(), regexp).is_some() {
        let message =
            format!("`{variable}` has an expression already, and only the last one counts");
        cx.warn(
            line.name,
            codes::SUSPICIOUS,
            message,
            "join the two expressions",
        );
    }
    Ok(())
}

//! `header_regexp [<name>] <field> <pattern>`

use std::collections::BTreeMap;

use zs_diagnostics::codes;

use super::{Matching, named_regexp};
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::<Matching>::many(
    "header_regexp",
    Shape::arguments(2, 3, "header_regexp [<name>] <field> <pattern>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let (field, regexp) = named_regexp(matching, line);
    let fields = matching
        .set
        .header_regexp
        .get_or_insert_with(|| At::new(BTreeMap::new(), line.name.span));
    if fields.contains_key(&field) {
        let message = format!("the field `{field}` has an expression already");
        let help = "join the two expressions";
        return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
    }
    fields.insert(field, regexp);
    Ok(())
}

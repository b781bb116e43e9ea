//! `header <field> <value>` and `header !<field>`

use std::collections::BTreeMap;

use zs_diagnostics::codes;

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::{At, HeaderMatcher};
use crate::spec::{Entry, Line, Shape};
use crate::values::header;

pub(super) const ENTRY: Entry<Matching> = Entry::many("header", SHAPE, apply);

pub(super) const SHAPE: Shape = Shape::arguments(1, 2, "header [!]<field> [<value>]");

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let fields = matching
        .set
        .header
        .get_or_insert_with(|| At::new(BTreeMap::new(), line.name.span));
    add(&mut fields.value, line, cx)
}

/// Adds a condition to a set of fields. Values of one field are alternatives; after `!` a field counts as absent until a
/// later line gives it a value.
pub(super) fn add(fields: &mut HeaderMatcher, line: &Line, cx: &mut Context) -> Parsed<()> {
    let token = &line.arguments[0];
    if let Some(field) = token.text.strip_prefix('!') {
        header::check(field, token, cx)?;
        if let Some(value) = line.arguments.get(1) {
            let message = "a field that must be absent has no value";
            return Err(cx.fail(
                value,
                codes::WRONG_ARGUMENTS,
                message,
                format!("write `header !{field}`"),
            ));
        }
        fields.insert(field.to_owned(), None);
        return Ok(());
    }
    header::check(&token.text, token, cx)?;
    let Some(value) = line.arguments.get(1) else {
        let message = format!("no value is given for the field `{}`", token.text);
        let help = format!(
            "write `header {0} *` for any value, or `header !{0}` for none",
            token.text
        );
        return Err(cx.fail(token, codes::WRONG_ARGUMENTS, message, help));
    };
    let field = fields.entry(header::canonical(&token.text)).or_default();
    field.get_or_insert_default().push(value.text.clone());
    Ok(())
}

//! `host <hosts...>`

use zs_diagnostics::codes;

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "host",
    Shape::arguments(1, usize::MAX, "host <hosts...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let hosts = matching
        .set
        .host
        .get_or_insert_with(|| At::new(Vec::new(), line.name.span));
    for token in line.arguments {
        if hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(&token.text))
        {
            let message = format!("host `{}` stands in this matcher twice", token.text);
            return Err(cx.fail(
                token,
                codes::DUPLICATE_SETTING,
                message,
                "keep one of the two",
            ));
        }
        hosts.push(token.text.clone());
    }
    Ok(())
}

//! `path_regexp [<name>] <pattern>`

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::{At, Regexp};
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::once(
    "path_regexp",
    Shape::arguments(1, 2, "path_regexp [<name>] <pattern>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, _: &mut Context) -> Parsed<()> {
    let (name, pattern) = match line.arguments.len() {
        1 => ("", line.text(0)),
        _ => (line.text(0), line.text(1)),
    };
    let name = if name.is_empty() {
        matching.name.clone()
    } else {
        name.to_owned()
    };
    matching.set.path_regexp = Some(At::new(
        Regexp {
            name,
            pattern: pattern.to_owned(),
        },
        line.name.span,
    ));
    Ok(())
}

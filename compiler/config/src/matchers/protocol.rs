//! `protocol http|https|grpc|http/<version>[+]`

use zs_diagnostics::codes;

use super::Matching;
use crate::context::{Context, Parsed, suggest};
use crate::model::At;
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::once(
    "protocol",
    Shape::arguments(1, 1, "protocol http|https|grpc|http/<version>[+]"),
    apply,
);

const PROTOCOLS: &[&str] = &[
    "grpc",
    "http",
    "https",
    "http/1.0",
    "http/1.0+",
    "http/1.1",
    "http/1.1+",
    "http/2",
    "http/2+",
    "http/3",
    "http/3+",
];

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let token = &line.arguments[0];
    if !PROTOCOLS.contains(&token.text.as_str()) {
        let help = suggest(
            &token.text,
            PROTOCOLS.iter().copied(),
            &format!("one of {}", PROTOCOLS.join(", ")),
        );
        return Err(cx.fail(
            token,
            codes::BAD_VALUE,
            format!("`{}` is no protocol", token.text),
            help,
        ));
    }
    matching.set.protocol = Some(At::new(token.text.clone(), line.name.span));
    Ok(())
}

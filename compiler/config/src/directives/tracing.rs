//! `tracing [<matcher>] { span <name>; span_attributes { <name> <value> } }`

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, Tracing};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "tracing",
    Shape::with_block(0, 0, Block::Maybe, "tracing [<matcher>] { ... }"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<Tracing> = Grammar {
    vocabulary: Vocabulary::Subdirective("tracing"),
    entries: &[&[
        Entry::<Tracing>::last(
            "span",
            Shape::arguments(1, 1, "span <name>"),
            |tracing, line, _| {
                line.text(0).clone_into(&mut tracing.span);
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Tracing>::many(
            "span_attributes",
            Shape::with_block(0, 0, Block::Maybe, "span_attributes { <name> <value> }"),
            attributes,
        )
        .unbuilt(),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut tracing = Tracing {
        origin: call.origin().into(),
        ..Tracing::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut tracing, call.cx)?;
    Ok(Handler::Tracing(tracing))
}

fn attributes(tracing: &mut Tracing, line: &Line, cx: &mut Context) -> Parsed<()> {
    for segment in line.lines() {
        let line = Line::new(segment);
        Shape::arguments(1, 1, "<name> <value>").check(&line, cx)?;
        let (name, value) = (line.name.text.clone(), line.text(0).to_owned());
        tracing.span_attributes.insert(name, value);
    }
    Ok(())
}

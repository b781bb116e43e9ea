//! `push [<matcher>] [<resource>] { [GET|HEAD] <resource>; headers { ... } }`

use super::header_ops::{Colon, HeaderChange};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, Push, PushResource};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::support::Status;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "push",
    Shape::with_block(0, 1, Block::Maybe, "push [<matcher>] [<resource>]"),
    parse,
)
.with_status(Status::Unbuilt(
    "remove it: no browser takes what is pushed any more",
));

pub(super) const GRAMMAR: Grammar<Push> = Grammar {
    vocabulary: Vocabulary::Subdirective("push"),
    entries: &[&[
        Entry::<Push>::many("GET", Shape::arguments(1, 1, "GET <resource>"), resource).unbuilt(),
        Entry::<Push>::many("HEAD", Shape::arguments(1, 1, "HEAD <resource>"), resource).unbuilt(),
        Entry::<Push>::many(
            "headers",
            Shape::with_block(0, 0, Block::Maybe, "headers { [+|-]<field> [<value>] }"),
            headers,
        )
        .unbuilt(),
    ]],
    other: Some(|push, line, cx| {
        Shape::arguments(0, 0, "<resource>").check(line, cx)?;
        push.resources.push(PushResource {
            target: line.name.text.clone(),
            ..PushResource::default()
        });
        Ok(())
    }),
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut push = Push {
        origin: call.origin().into(),
        ..Push::default()
    };
    if let Some(token) = call.line.arguments.first() {
        push.resources.push(PushResource {
            target: token.text.clone(),
            ..PushResource::default()
        });
    }
    GRAMMAR.apply_all(call.line.lines(), &mut push, call.cx)?;
    Ok(Handler::Push(push))
}

fn resource(push: &mut Push, line: &Line, _: &mut Context) -> Parsed<()> {
    push.resources.push(PushResource {
        method: line.name.text.clone(),
        target: line.text(0).to_owned(),
    });
    Ok(())
}

fn headers(push: &mut Push, line: &Line, cx: &mut Context) -> Parsed<()> {
    for segment in line.lines() {
        let line = Line::new(segment);
        Shape::arguments(0, 2, "[+|-]<field> [<value>|<pattern>] [<replacement>]")
            .check(&line, cx)?;
        let change = HeaderChange::parse(line.name, line.arguments, Colon::Refused, cx)?;
        change.refuse_default(cx)?;
        change.apply(push.headers.get_or_insert_default());
    }
    Ok(())
}

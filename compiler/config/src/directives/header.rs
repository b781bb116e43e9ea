//! `header [<matcher>] [[+|-|?|>]<field> [<value>|<pattern>] [<replacement>]] { ... }`

use zs_diagnostics::codes;

use super::header_ops::{Change, HeaderChange};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::matchers::response;
use crate::model::{Handler, Headers, ResponseHeaderOps, ResponseMatcher};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handlers(
    "header",
    Shape::with_block(
        0,
        3,
        Block::Maybe,
        "header [<matcher>] [+|-|?|>]<field> [<value>|<pattern>] [<replacement>]",
    ),
    parse,
);

/// What the lines of a block ask for: changes that are made anyway, and defaults that are made when fields are missing.
#[derive(Debug, Default)]
pub(super) struct Changes {
    response: ResponseHeaderOps,
    defaults: ResponseHeaderOps,
    on_first_line: bool,
}

pub(super) const GRAMMAR: Grammar<Changes> = Grammar {
    vocabulary: Vocabulary::Subdirective("header"),
    entries: &[&[
        Entry::many("defer", Shape::arguments(0, 0, "defer"), |changes, _, _| {
            changes.response.deferred = true;
            Ok(())
        }),
        Entry::many(
            "match",
            Shape::with_block(
                0,
                usize::MAX,
                Block::Maybe,
                "match status|header <arguments...>",
            ),
            |changes, line, cx| {
                changes.response.require = Some(response::parse(line, cx)?);
                Ok(())
            },
        ),
    ]],
    other: Some(field_line),
};

fn parse(call: &mut Call) -> Parsed<Vec<Handler>> {
    let mut changes = Changes::default();
    if let Some((field, values)) = call.line.arguments.split_first() {
        let change = HeaderChange::parse(field, values, call.cx)?;
        // On the first line a default belongs to the one handler that there is.
        apply(&change, &mut changes.response);
        changes.on_first_line = true;
    } else if call.line.block.is_none() {
        let help = "name a field and a value, or open a block with several";
        return Err(call.cx.fail(
            call.line.name,
            codes::WRONG_ARGUMENTS,
            "`header` changes nothing",
            help,
        ));
    }
    GRAMMAR.apply_all(call.line.lines(), &mut changes, call.cx)?;
    let origin = call.origin().into();
    let handlers = [changes.response, changes.defaults]
        .into_iter()
        .filter(|ops| *ops != ResponseHeaderOps::default());
    Ok(handlers
        .map(|ops| {
            Handler::Headers(Headers {
                request: None,
                response: Some(ops),
                origin,
            })
        })
        .collect())
}

fn field_line(changes: &mut Changes, line: &Line, cx: &mut Context) -> Parsed<()> {
    Shape::arguments(0, 2, "[+|-|?|>]<field> [<value>|<pattern>] [<replacement>]")
        .check(line, cx)?;
    if changes.on_first_line {
        let help = "move the first line's field into the block";
        return Err(cx.fail(
            line.name,
            codes::WRONG_ARGUMENTS,
            "`header` has both a field and a block of fields",
            help,
        ));
    }
    let change = HeaderChange::parse(line.name, line.arguments, cx)?;
    let target = if change.change == Change::Default {
        &mut changes.defaults
    } else {
        &mut changes.response
    };
    apply(&change, target);
    Ok(())
}

/// A deletion, and what is marked so, waits until the response head is written: the field may come from a later handler.
fn apply(change: &HeaderChange, ops: &mut ResponseHeaderOps) {
    match change.change {
        Change::Delete | Change::Deferred => ops.deferred = true,
        Change::Default => {
            let require = ops.require.get_or_insert_with(ResponseMatcher::default);
            require.headers.insert(change.field.to_owned(), None);
        }
        Change::Add | Change::Set => {}
    }
    change.apply(&mut ops.ops);
}

//! `header [<matcher>] [[+|-|?|>]<field> [<value>|<pattern>] [<replacement>]] { ... }`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::header_ops::{Change, Colon, HeaderChange};
use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::matchers::response;
use crate::model::{Handler, Headers, ResponseHeaderOps, ResponseMatcher};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::header::canonical;

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

/// What the lines of a block ask for: changes that are made anyway, and defaults, each made when its field is missing.
#[derive(Debug, Default)]
pub(super) struct Changes {
    response: ResponseHeaderOps,
    defaults: Vec<ResponseHeaderOps>,
    condition: Option<(Token, ResponseMatcher)>,
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
            Shape::with_block(0, usize::MAX, Block::Maybe, MATCH),
            |changes, line, cx| {
                changes.condition = Some((line.name.clone(), response::parse(line, cx)?));
                Ok(())
            },
        ),
    ]],
    other: Some(field_line),
};

const MATCH: &str = "match status|header <arguments...>";

fn parse(call: &mut Call) -> Parsed<Vec<Handler>> {
    let mut changes = Changes::default();
    if let Some((field, values)) = call.line.arguments.split_first() {
        changes.add(&HeaderChange::parse(
            field,
            values,
            Colon::Refused,
            call.cx,
        )?);
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
    changes.apply_condition(call.cx)?;
    let origin = call.origin().into();
    let anyway = Some(changes.response).filter(|ops| *ops != ResponseHeaderOps::default());
    let all = anyway.into_iter().chain(changes.defaults);
    Ok(all
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
    changes.add(&HeaderChange::parse(
        line.name,
        line.arguments,
        Colon::Dropped,
        cx,
    )?);
    Ok(())
}

impl Changes {
    /// A deletion, and what is marked so, waits until the response head is written: the field may come from a later
    /// handler.
    fn add(&mut self, change: &HeaderChange) {
        if change.change == Change::Default {
            let mut ops = ResponseHeaderOps::default();
            let headers = [(change.field.to_owned(), None)].into();
            ops.require = Some(ResponseMatcher {
                status_code: Vec::new(),
                headers,
            });
            change.apply(&mut ops.ops);
            self.defaults.push(ops);
            return;
        }
        self.response.deferred |= matches!(change.change, Change::Delete | Change::Deferred);
        change.apply(&mut self.response.ops);
    }

    /// Puts the block's condition on everything. A default has one already: that its own field is missing.
    fn apply_condition(&mut self, cx: &mut Context) -> Parsed<()> {
        let Some((token, condition)) = self.condition.take() else {
            return Ok(());
        };
        for ops in &mut self.defaults {
            let require = ops.require.get_or_insert_default();
            require.status_code.clone_from(&condition.status_code);
            for (field, values) in &condition.headers {
                if !ops.ops.set.contains_key(&canonical(field)) {
                    require.headers.insert(field.clone(), values.clone());
                } else if values.is_some() {
                    let message = format!(
                        "the field `{field}` must be present, but also has a default for when it is missing"
                    );
                    return Err(cx.fail(
                        &token,
                        codes::CONFLICT,
                        message,
                        "take one of the two away",
                    ));
                }
            }
        }
        self.response.require = Some(condition);
        Ok(())
    }
}

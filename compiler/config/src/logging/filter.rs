//! `format filter`: what is done to fields.

use std::collections::BTreeMap;

use zs_diagnostics::codes;

use crate::context::{Context, Parsed};
use crate::model::{
    CookieAction, CookieFilter, FilterAction, FilterEncoder, IpMaskFilter, LogFilter,
    MultiRegexpFilter, QueryAction, QueryFilter, RegexpFilter, RenameFilter, ReplaceFilter,
};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, value_word};
use crate::values::number::integer;

/// A filter encoder that is being described.
#[derive(Debug, Default)]
pub(super) struct Building {
    /// What it is so far.
    pub(super) encoder: FilterEncoder,
    /// The regular expressions by field, which add up.
    expressions: BTreeMap<String, Vec<RegexpFilter>>,
}

impl Building {
    /// The encoder, with several expressions of one field in one filter.
    pub(super) fn finish(mut self) -> FilterEncoder {
        for (field, mut operations) in self.expressions {
            let filter = match operations.len() {
                1 => LogFilter::Regexp(operations.remove(0)),
                _ => LogFilter::MultiRegexp(MultiRegexpFilter { operations }),
            };
            self.encoder.fields.insert(field, filter);
        }
        self.encoder
    }
}

/// Reads what is done to a field: the field, the filter, its arguments.
pub(super) fn field(building: &mut Building, line: &Line, cx: &mut Context) -> Parsed<()> {
    const FIELD: Shape = Shape::with_block(1, usize::MAX, Block::Maybe, "<field> <filter> ...");
    FIELD.check(line, cx)?;
    let field = &line.name.text;
    let mut filter = LogFilter::Delete;
    FILTERS.apply(&line.inner(), &mut filter, cx)?;
    if let LogFilter::Regexp(expression) = filter {
        building
            .expressions
            .entry(field.clone())
            .or_default()
            .push(expression);
        return Ok(());
    }
    if building.expressions.contains_key(field) || building.encoder.fields.contains_key(field) {
        let message = format!("the field `{field}` has a filter already");
        let help = "only filters of kind `regexp` can be several for one field";
        return Err(cx.fail(line.name, codes::CONFLICT, message, help));
    }
    building.encoder.fields.insert(field.clone(), filter);
    Ok(())
}

const FILTERS: Grammar<LogFilter> = Grammar {
    vocabulary: Vocabulary::Module("log filter"),
    entries: &[&[
        Entry::many("delete", NOTHING, |filter, _, _| {
            *filter = LogFilter::Delete;
            Ok(())
        }),
        Entry::many("hash", NOTHING, |filter, _, _| {
            *filter = LogFilter::Hash;
            Ok(())
        }),
        Entry::many(
            "replace",
            Shape::arguments(0, 1, "<field> replace <value>"),
            |filter, line, _| {
                let value = line.text(0).to_owned();
                *filter = LogFilter::Replace(ReplaceFilter { value });
                Ok(())
            },
        ),
        Entry::many(
            "rename",
            Shape::arguments(0, 1, "<field> rename <name>"),
            |filter, line, _| {
                let name = line.text(0).to_owned();
                *filter = LogFilter::Rename(RenameFilter { name });
                Ok(())
            },
        ),
        Entry::many(
            "regexp",
            Shape::arguments(0, 2, "<field> regexp <expression> <replacement>"),
            |filter, line, _| {
                *filter = LogFilter::Regexp(expression(line));
                Ok(())
            },
        ),
        Entry::many("multi_regexp", BLOCK, |filter, line, cx| {
            *filter = LogFilter::MultiRegexp(multi_regexp(line, cx)?);
            Ok(())
        }),
        Entry::many(
            "ip_mask",
            Shape::with_block(
                0,
                2,
                Block::Maybe,
                "<field> ip_mask [<IPv4 bits> [<IPv6 bits>]]",
            ),
            |filter, line, cx| {
                *filter = LogFilter::IpMask(ip_mask(line, cx)?);
                Ok(())
            },
        ),
        Entry::many("query", BLOCK, |filter, line, cx| {
            let mut query = QueryFilter::default();
            QUERY.apply_all(line.lines(), &mut query, cx)?;
            *filter = LogFilter::Query(query);
            Ok(())
        }),
        Entry::many("cookie", BLOCK, |filter, line, cx| {
            *filter = LogFilter::Cookie(cookie(line, cx)?);
            Ok(())
        }),
        Entry::many("set_cookie", BLOCK, |filter, line, cx| {
            *filter = LogFilter::SetCookie(cookie(line, cx)?);
            Ok(())
        }),
    ]],
    other: None,
};

const NOTHING: Shape = Shape::arguments(0, 0, "<field> delete|hash");
const BLOCK: Shape = Shape::with_block(0, 0, Block::Maybe, "<field> <filter> { ... }");

fn expression(line: &Line) -> RegexpFilter {
    RegexpFilter {
        regexp: line.text(0).to_owned(),
        value: line.text(1).to_owned(),
    }
}

const MULTI_REGEXP: Grammar<MultiRegexpFilter> = Grammar {
    vocabulary: Vocabulary::Subdirective("multi_regexp"),
    entries: &[&[Entry::many(
        "regexp",
        Shape::arguments(2, 2, "regexp <expression> <replacement>"),
        |filter, line, cx| {
            let pattern = line.text(0);
            if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
                let message = "the expression is empty or too long";
                let help = format!("at most {PATTERN_BYTES_MAX} bytes are possible");
                return Err(cx.fail(&line.arguments[0], codes::BAD_VALUE, message, help));
            }
            filter.operations.push(expression(line));
            Ok(())
        },
    )]],
    other: None,
};

/// Caddy's limits for `multi_regexp`.
const PATTERN_BYTES_MAX: usize = 1000;
const OPERATIONS_MAX: usize = 50;

fn multi_regexp(line: &Line, cx: &mut Context) -> Parsed<MultiRegexpFilter> {
    let mut filter = MultiRegexpFilter::default();
    MULTI_REGEXP.apply_all(line.lines(), &mut filter, cx)?;
    if filter.operations.is_empty() || filter.operations.len() > OPERATIONS_MAX {
        let message = format!("`multi_regexp` has {} expressions", filter.operations.len());
        let help =
            format!("write one to {OPERATIONS_MAX} lines `regexp <expression> <replacement>`");
        return Err(cx.fail(line.name, codes::WRONG_ARGUMENTS, message, help));
    }
    Ok(filter)
}

const IP_MASK: Grammar<IpMaskFilter> = Grammar {
    vocabulary: Vocabulary::Subdirective("ip_mask"),
    entries: &[&[
        value_word!("ipv4", "<bits>", integer => ipv4_cidr),
        value_word!("ipv6", "<bits>", integer => ipv6_cidr),
    ]],
    other: None,
};

fn ip_mask(line: &Line, cx: &mut Context) -> Parsed<IpMaskFilter> {
    let mut mask = IpMaskFilter::default();
    if let Some(bits) = line.arguments.first() {
        mask.ipv4_cidr = integer(bits, cx)?;
    }
    if let Some(bits) = line.arguments.get(1) {
        mask.ipv6_cidr = integer(bits, cx)?;
    }
    IP_MASK.apply_all(line.lines(), &mut mask, cx)?;
    Ok(mask)
}

/// The entries for the three things that can be done to a parameter or cookie.
macro_rules! actions {
    ($action:ident, $name:ident) => {
        &[
            actions!(
                $action,
                $name,
                "replace",
                Replace,
                2,
                "replace <name> <value>"
            ),
            actions!($action, $name, "hash", Hash, 1, "hash <name>"),
            actions!($action, $name, "delete", Delete, 1, "delete <name>"),
        ]
    };
    ($action:ident, $name:ident, $word:literal, $kind:ident, $count:literal, $usage:literal) => {
        Entry::many(
            $word,
            Shape::arguments($count, $count, $usage),
            |filter, line, _| {
                filter.actions.get_or_insert_default().push($action {
                    kind: FilterAction::$kind,
                    $name: line.text(0).to_owned(),
                    value: line.text(1).to_owned(),
                });
                Ok(())
            },
        )
    };
}

const QUERY: Grammar<QueryFilter> = Grammar {
    vocabulary: Vocabulary::Subdirective("query"),
    entries: &[actions!(QueryAction, parameter)],
    other: None,
};

const COOKIE: Grammar<CookieFilter> = Grammar {
    vocabulary: Vocabulary::Subdirective("cookie"),
    entries: &[actions!(CookieAction, name)],
    other: None,
};

fn cookie(line: &Line, cx: &mut Context) -> Parsed<CookieFilter> {
    let mut filter = CookieFilter::default();
    COOKIE.apply_all(line.lines(), &mut filter, cx)?;
    Ok(filter)
}

//! `uri [<matcher>] strip_prefix|strip_suffix|replace|path_regexp|query ...`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::{Call, Directive};
use crate::context::{Context, Parsed, suggest};
use crate::model::{
    Handler, KeyValue, PathRegexpReplacement, QueryOps, QueryReplacement, Rewrite,
    SubstringReplacement,
};
use crate::spec::{Block, Line, Shape};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "uri",
    Shape::with_block(
        1,
        5,
        Block::Maybe,
        "uri [<matcher>] strip_prefix|strip_suffix|replace|path_regexp|query <arguments...>",
    ),
    parse,
);

/// The operations by name, each with its form and what it does.
const OPERATIONS: &[(&str, Shape, Operation)] = &[
    (
        "strip_prefix",
        Shape::arguments(1, 1, "uri strip_prefix <prefix>"),
        strip_prefix,
    ),
    (
        "strip_suffix",
        Shape::arguments(1, 1, "uri strip_suffix <suffix>"),
        strip_suffix,
    ),
    (
        "replace",
        Shape::arguments(2, 3, "uri replace <find> <replacement> [<limit>]"),
        replace,
    ),
    (
        "path_regexp",
        Shape::arguments(2, 2, "uri path_regexp <pattern> <replacement>"),
        path_regexp,
    ),
    (
        "query",
        Shape::with_block(0, 3, Block::Maybe, QUERY_USAGE),
        query,
    ),
];

type Operation = fn(&mut Rewrite, &Line, &mut Context) -> Parsed<()>;

const QUERY_USAGE: &str =
    "uri query [-|+]<key> [<value>], <key>><new key>, or <key> <pattern> <replacement>";

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut rewrite = Rewrite {
        origin: call.origin().into(),
        ..Rewrite::default()
    };
    let (name, arguments) = (&call.line.arguments[0], &call.line.arguments[1..]);
    let Some((_, shape, apply)) = OPERATIONS.iter().find(|(known, _, _)| *known == name.text)
    else {
        let known = OPERATIONS.iter().map(|(known, _, _)| *known);
        let help = suggest(
            &name.text,
            known,
            "one of strip_prefix, strip_suffix, replace, path_regexp, query",
        );
        return Err(call.cx.fail(
            name,
            codes::BAD_VALUE,
            format!("`uri` knows no operation `{}`", name.text),
            help,
        ));
    };
    let line = Line {
        name,
        arguments,
        block: call.line.block,
    };
    shape.check(&line, call.cx)?;
    apply(&mut rewrite, &line, call.cx)?;
    Ok(Handler::Rewrite(rewrite))
}

fn strip_prefix(rewrite: &mut Rewrite, line: &Line, _: &mut Context) -> Parsed<()> {
    rewrite.strip_path_prefix = line.text(0).to_owned();
    Ok(())
}

fn strip_suffix(rewrite: &mut Rewrite, line: &Line, _: &mut Context) -> Parsed<()> {
    rewrite.strip_path_suffix = line.text(0).to_owned();
    Ok(())
}

fn replace(rewrite: &mut Rewrite, line: &Line, cx: &mut Context) -> Parsed<()> {
    let limit = match line.arguments.get(2) {
        None => 0,
        Some(token) => match token.text.parse() {
            Ok(limit) => limit,
            Err(_) => {
                let message = format!("`{}` is no number", token.text);
                return Err(cx.fail(
                    token,
                    codes::BAD_VALUE,
                    message,
                    "write how many to replace at most",
                ));
            }
        },
    };
    let (find, replace) = (line.text(0).to_owned(), line.text(1).to_owned());
    rewrite.uri_substring.push(SubstringReplacement {
        find,
        replace,
        limit,
    });
    Ok(())
}

fn path_regexp(rewrite: &mut Rewrite, line: &Line, _: &mut Context) -> Parsed<()> {
    let (find, replace) = (line.text(0).to_owned(), line.text(1).to_owned());
    rewrite
        .path_regexp
        .push(PathRegexpReplacement { find, replace });
    Ok(())
}

fn query(rewrite: &mut Rewrite, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut ops = QueryOps::default();
    match (line.arguments.split_first(), line.block) {
        (Some(_), Some(_)) => {
            let help = "keep either the arguments or the block";
            return Err(cx.fail(
                line.name,
                codes::WRONG_ARGUMENTS,
                "`query` has both arguments and a block",
                help,
            ));
        }
        (Some((key, values)), None) => query_op(&mut ops, key, values, cx)?,
        (None, _) => {
            for segment in line.lines() {
                query_op(&mut ops, segment.name(), segment.arguments(), cx)?;
            }
        }
    }
    rewrite.query = Some(ops);
    Ok(())
}

/// One change: `-key`, `+key value`, `key>new`, `key pattern replacement`, or `key value`.
fn query_op(ops: &mut QueryOps, key: &Token, values: &[Token], cx: &mut Context) -> Parsed<()> {
    let text = key.text.as_str();
    let value = |index: usize| {
        values
            .get(index)
            .map(|token: &Token| token.text.clone())
            .unwrap_or_default()
    };
    let pair = |key: &str, val: String| KeyValue {
        key: key.to_owned(),
        val,
    };
    let count = match text.as_bytes().first() {
        Some(b'-') => 0,
        Some(b'+') => 1,
        _ if text.contains('>') => 0,
        _ if values.len() == 2 => 2,
        _ => 1,
    };
    if values.len() != count {
        let wanted = ["no argument", "one argument", "two arguments"][count];
        let message = format!("this change takes {wanted} after the key");
        return Err(cx.fail(
            key,
            codes::WRONG_ARGUMENTS,
            message,
            format!("the form is `{QUERY_USAGE}`"),
        ));
    }
    match text.as_bytes().first() {
        Some(b'-') => ops.delete.push(text.trim_start_matches('-').to_owned()),
        Some(b'+') => ops.add.push(pair(text.trim_start_matches('+'), value(0))),
        _ if text.contains('>') => {
            let mut names = text.split('>');
            let (old, new) = (
                names.next().unwrap_or_default(),
                names.next().unwrap_or_default(),
            );
            ops.rename.push(pair(old, new.to_owned()));
        }
        _ if count == 2 => ops.replace.push(QueryReplacement {
            key: text.to_owned(),
            search: String::new(),
            search_regexp: value(0),
            replace: value(1),
        }),
        _ => ops.set.push(pair(text, value(0))),
    }
    Ok(())
}

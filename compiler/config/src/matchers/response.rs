//! Conditions on responses: `match status 2xx` and `match { status 200 ... header Field value }`.

use zs_diagnostics::codes;

use super::header;
use crate::context::{Context, Parsed};
use crate::model::ResponseMatcher;
use crate::spec::{Entry, Grammar, Line, Shape, Vocabulary};

/// What a response is compared with.
pub(crate) const GRAMMAR: Grammar<ResponseMatcher> = Grammar {
    vocabulary: Vocabulary::Subdirective("match"),
    entries: &[&[
        Entry::many("header", header::SHAPE, |matcher, line, cx| {
            header::add(&mut matcher.headers, line, cx)
        }),
        Entry::many(
            "status",
            Shape::arguments(1, usize::MAX, "status <codes...>"),
            status,
        ),
    ]],
    other: None,
};

/// The condition that a line describes, on itself or in its block.
pub(crate) fn parse(line: &Line, cx: &mut Context) -> Parsed<ResponseMatcher> {
    let mut matcher = ResponseMatcher::default();
    if let Some((first, rest)) = line.arguments.split_first() {
        let inner = Line {
            name: first,
            arguments: rest,
            block: line.block,
        };
        GRAMMAR.apply(&inner, &mut matcher, cx)?;
    } else {
        GRAMMAR.apply_all(line.lines(), &mut matcher, cx)?;
    }
    Ok(matcher)
}

fn status(matcher: &mut ResponseMatcher, line: &Line, cx: &mut Context) -> Parsed<()> {
    for token in line.arguments {
        let code = match token.text.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=9).contains(class)),
            None => token
                .text
                .parse()
                .ok()
                .filter(|code| (100..=999).contains(code)),
        };
        let Some(code) = code else {
            let message = format!("`{}` is no status", token.text);
            return Err(cx.fail(
                token,
                codes::BAD_VALUE,
                message,
                "write a code such as `404` or a class such as `4xx`",
            ));
        };
        matcher.status_code.push(code);
    }
    Ok(())
}

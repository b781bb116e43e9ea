//! `handle_errors [<status...>] { <directives...> }`

use zs_diagnostics::codes;

use super::{Call, Directive, Effect};
use crate::assemble::subroute::{Sorting, subroute};
use crate::context::Parsed;
use crate::model::{At, Expression, Handler, MatcherSet, Route, StatusExpression};
use crate::spec::{Block, Shape};

pub(super) const DIRECTIVE: Directive = Directive::site(
    "handle_errors",
    Shape::with_block(
        0,
        usize::MAX,
        Block::Maybe,
        "handle_errors [<status...>] { <directives...> }",
    ),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Effect> {
    let condition = statuses(call)?;
    let routes = call.block_routes()?;
    let handler = Handler::Subroute(subroute(
        routes,
        Sorting::ByDirective,
        call.line.name,
        call.cx,
    )?);
    let origin = call.origin();
    let matchers = condition
        .map(|condition| MatcherSet {
            expression: Some(At::new(Expression::Status(condition), origin)),
            origin: origin.into(),
            ..MatcherSet::default()
        })
        .into_iter()
        .collect();
    Ok(Effect::ErrorRoute(Route {
        matchers,
        handle: vec![handler],
        origin: origin.into(),
        ..Route::default()
    }))
}

/// The statuses, `404` or `5xx`; none when there are no arguments.
fn statuses(call: &mut Call) -> Parsed<Option<StatusExpression>> {
    if call.line.arguments.is_empty() {
        return Ok(None);
    }
    let mut condition = StatusExpression::default();
    for token in call.line.arguments {
        let text = token.text.as_str();
        let class = text
            .strip_suffix("xx")
            .filter(|_| text.len() == 3)
            .and_then(|class| class.parse().ok());
        let code = text
            .parse()
            .ok()
            .filter(|_| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()));
        match (class, code) {
            (Some(class), _) => condition.classes.push(class),
            (None, Some(code)) => condition.codes.push(code),
            (None, None) => {
                let message = format!("`{text}` is no status");
                let help = "write codes such as `404` and classes such as `5xx`";
                return Err(call.cx.fail(token, codes::BAD_VALUE, message, help));
            }
        }
    }
    Ok(Some(condition))
}

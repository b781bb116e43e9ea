//! The routes of one block: sorted, grouped, and put together where that changes nothing.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};
use crate::model::{Route, Subroute};
use crate::values::go_sort::sort_stable;

/// What a directive asked for, with the directive.
#[derive(Clone, Debug)]
pub(crate) struct OrderedRoute {
    /// The name under which the directive is sorted.
    pub(crate) directive: &'static str,
    /// What it asked for.
    pub(crate) unit: Unit,
}

/// What is sorted as a whole.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    /// One route.
    Route(Route),
    /// Routes that stay together.
    Sequence(Vec<Route>),
}

impl Unit {
    fn route(&self) -> Option<&Route> {
        match self {
            Unit::Route(route) => Some(route),
            Unit::Sequence(_) => None,
        }
    }

    fn into_routes(self) -> Vec<Route> {
        match self {
            Unit::Route(route) => vec![route],
            Unit::Sequence(routes) => routes,
        }
    }
}

/// In which order routes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sorting {
    /// By the order of directives, then by path.
    ByDirective,
    /// As they stand in the source.
    AsWritten,
}

/// Builds the handler of a block from its routes.
pub(crate) fn subroute(
    mut routes: Vec<OrderedRoute>,
    sorting: Sorting,
    owner: &Token,
    cx: &mut Context,
) -> Parsed<Subroute> {
    if sorting == Sorting::ByDirective {
        if let Some(route) = routes
            .iter()
            .find(|route| cx.order.position(route.directive).is_none())
        {
            let message = format!(
                "`{}` has no place in the order of directives",
                route.directive
            );
            let help =
                "put it into a `route` block, or give it a place with the global option `order`";
            return Err(cx.fail(owner, codes::MISPLACED_DIRECTIVE, message, help));
        }
        sort(&mut routes, cx);
    }
    group(&mut routes, cx);
    let routes = consolidate(
        routes
            .into_iter()
            .flat_map(|route| route.unit.into_routes())
            .collect(),
    );
    Ok(Subroute {
        routes,
        errors: None,
        origin: owner.span.into(),
    })
}

/// Sorts by the order of directives; routes of one directive by how specific their one path is.
fn sort(routes: &mut [OrderedRoute], cx: &Context) {
    sort_stable(routes, |left, right| {
        if left.directive != right.directive {
            return cx.order.position(left.directive) < cx.order.position(right.directive);
        }
        let (Some(before), Some(after)) = (left.unit.route(), right.unit.route()) else {
            return false;
        };
        // The last one that sets a variable wins, so there the least specific comes first. Caddy turns the whole
        // comparison round, which turns equal ones round as well.
        (left.directive == "vars") != more_specific(before, after)
    });
}

fn more_specific(left: &Route, right: &Route) -> bool {
    match (single_path(left), single_path(right)) {
        (Some(left), Some(right)) => {
            let (left_base, right_base) = (trim_star(left), trim_star(right));
            if left_base == right_base {
                left.len() < right.len()
            } else if left_base.len() == right_base.len() {
                left_base < right_base
            } else {
                left_base.len() > right_base.len()
            }
        }
        _ => !left.matchers.is_empty() && right.matchers.is_empty(),
    }
}

/// The path of a route that has one matcher set with one path in it, which is not empty.
fn single_path(route: &Route) -> Option<&str> {
    let [set] = route.matchers.as_slice() else {
        return None;
    };
    let [path] = set.path.as_ref()?.value.as_slice() else {
        return None;
    };
    Some(path.as_str()).filter(|path| !path.is_empty())
}

fn trim_star(path: &str) -> &str {
    path.strip_suffix('*').unwrap_or(path)
}

/// Directives of which only the first that matches runs are put into a group. The names are in alphabetical order, in
/// which groups are numbered.
fn group(routes: &mut [OrderedRoute], cx: &mut Context) {
    for directive in ["handle", "rewrite", "root"] {
        let count = routes
            .iter()
            .filter(|route| route.directive == directive)
            .count();
        // A rewrite changes what the next route sees, so it must not be joined with its neighbours, for which a group of
        // its own provides. The number is used up even when there is none.
        if count > 1 || directive == "rewrite" {
            let name = cx.next_group();
            for route in routes
                .iter_mut()
                .filter(|route| route.directive == directive)
            {
                if let Unit::Route(route) = &mut route.unit {
                    route.group.clone_from(&name);
                }
            }
        }
    }
}

/// Joins neighbours that have the same matchers, group and terminal mark.
pub(crate) fn consolidate(routes: Vec<Route>) -> Vec<Route> {
    let mut out: Vec<Route> = Vec::with_capacity(routes.len());
    for route in routes {
        match out.last_mut() {
            Some(last)
                if last.matchers == route.matchers
                    && last.terminal == route.terminal
                    && last.group == route.group =>
            {
                last.handle.extend(route.handle);
            }
            _ => out.push(route),
        }
    }
    out
}

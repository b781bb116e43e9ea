//! `&(name) { ... }`: routes that `invoke` runs by name.

use std::collections::{BTreeMap, VecDeque};

use zs_diagnostics::{Diagnostic, Span, codes};
use zs_syntax::{ServerBlock, Token};

use super::subroute::{Sorting, subroute};
use crate::context::{Context, Parsed, suggest};
use crate::directives::block_routes;
use crate::matchers::Definitions;
use crate::model::{Handler, Route, Subroute};
use crate::shorthand;
use crate::site_files::SiteFiles;

/// All named routes.
#[derive(Debug, Default)]
pub(crate) struct NamedRoutes {
    by_name: BTreeMap<String, NamedRoute>,
}

#[derive(Debug)]
struct NamedRoute {
    route: Route,
    /// The routes that it runs in turn.
    invoked: Vec<Token>,
    span: Span,
}

/// The name of the route that a block defines, if it defines one.
pub(crate) fn name(block: &ServerBlock) -> Option<&str> {
    let first = block.keys.first().filter(|key| !key.is_quoted())?;
    first.text.strip_prefix("&(")?.strip_suffix(')')
}

impl NamedRoutes {
    /// Adds the route of a block that defines one.
    pub(crate) fn define(&mut self, block: &ServerBlock, cx: &mut Context) -> Parsed<()> {
        let (Some(token), Some(name)) = (block.keys.first(), name(block)) else {
            return Ok(());
        };
        if let Some(extra) = block.keys.get(1) {
            let message = "a named route has one name and no address";
            let help = "write `&(name) { <directives...> }`";
            return Err(cx.fail(extra, codes::BAD_SNIPPET, message, help));
        }
        if let Some(earlier) = self.by_name.get(name) {
            let message = format!("named route `{name}` is defined twice");
            let diagnostic = Diagnostic::error(codes::BAD_SNIPPET, token.span, message);
            let diagnostic = diagnostic
                .secondary(earlier.span, "defined here first")
                .help("give one of them another name");
            return Err(cx.report(token, diagnostic));
        }
        let mut segments = block.segments.clone();
        segments.iter_mut().for_each(shorthand::expand);
        cx.site_files = SiteFiles::new(&segments, cx.sources);
        let routes = block_routes(&segments, &Definitions::default(), token, cx);
        let invoked = std::mem::take(&mut cx.invoked);
        let subroute = subroute(routes?, Sorting::ByDirective, token, cx)?;
        let named = NamedRoute {
            route: simplest(subroute, token, cx),
            invoked,
            span: token.span,
        };
        self.by_name.insert(name.to_owned(), named);
        Ok(())
    }

    /// The routes that are invoked, and those that they invoke in turn.
    pub(crate) fn reached<'t>(
        &self,
        invoked: impl IntoIterator<Item = &'t Token>,
        cx: &mut Context,
    ) -> Parsed<BTreeMap<String, Route>> {
        let mut reached = BTreeMap::new();
        let mut waiting: VecDeque<Token> = invoked.into_iter().cloned().collect();
        let mut result = Ok(());
        while let Some(token) = waiting.pop_front() {
            if reached.contains_key(&token.text) {
                continue;
            }
            let Some(named) = self.by_name.get(&token.text) else {
                let message = format!("named route `{}` is not defined", token.text);
                let known = self.by_name.keys().map(String::as_str);
                let otherwise =
                    format!("define it outside of sites: `&({}) {{ ... }}`", token.text);
                let help = suggest(&token.text, known, &otherwise);
                result = Err(cx.fail(&token, codes::BAD_VALUE, message, help));
                continue;
            };
            reached.insert(token.text.clone(), named.route.clone());
            waiting.extend(named.invoked.iter().cloned());
        }
        result.map(|()| reached)
    }
}

/// A single route without condition needs no subroute around it. Caddy keeps only the first handler of such a route, so
/// that is what its configuration says.
fn simplest(mut subroute: Subroute, token: &Token, cx: &mut Context) -> Route {
    let origin = token.span.into();
    if let [only] = subroute.routes.as_mut_slice()
        && only.matchers.is_empty()
    {
        let mut handle = std::mem::take(&mut only.handle);
        if let Some(dropped) = handle.get(1) {
            let message = format!(
                "of the handlers of a named route without matchers Caddy keeps only the first, not `{}`",
                dropped.name()
            );
            let help = "put the directives into a `route` block";
            cx.warn(token, codes::SUSPICIOUS, message, help);
        }
        handle.truncate(1);
        return Route {
            handle,
            origin,
            ..Route::default()
        };
    }
    Route {
        handle: vec![Handler::Subroute(subroute)],
        origin,
        ..Route::default()
    }
}

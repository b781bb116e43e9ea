//! What is correct and hardly meant: warnings about a whole configuration.
//!
//! Comes in: the tree, and the configuration that was made of it. Goes out: warnings, each with a code of its own, by which
//! it can be switched off. A lint would rather miss a mistake than find one where there is none.

mod headers;
mod on_demand;
mod paths;
mod redirects;
mod secrets;
mod unreachable;

use zs_diagnostics::{Code, Diagnostic, Sink, SourceMap, Span};
use zs_syntax::Tree;

use crate::model::{Config, Handler, Route, Server};

/// Looks for what bites people. Lints about words are left out where there is no tree, because the configuration was JSON.
pub fn lint(tree: Option<&Tree>, config: &Config, sources: &SourceMap, sink: &mut Sink) {
    let mut lints = Lints { sink };
    if let Some(tree) = tree {
        secrets::check(tree, sources, &mut lints);
        on_demand::check(tree, &mut lints);
    }
    let http = config.apps.http.iter();
    for server in http.flat_map(|http| http.servers.values()) {
        check_server(server, &mut lints);
    }
}

fn check_server(server: &Server, lints: &mut Lints) {
    let errors = server.errors.iter().map(|errors| errors.routes.as_slice());
    for routes in std::iter::once(server.routes.as_slice()).chain(errors) {
        unreachable::check(routes, lints);
        paths::check(routes, lints);
        headers::check(routes, lints);
    }
    redirects::check(server, lints);
}

/// Where lints report to.
struct Lints<'l> {
    sink: &'l mut Sink,
}

impl Lints<'_> {
    /// Reports a warning.
    fn warn(&mut self, code: Code, span: Span, message: String, help: String) {
        self.report(Diagnostic::warning(code, span, message).help(help));
    }

    fn report(&mut self, warning: Diagnostic) {
        // What has no place was not written by anyone.
        if warning.primary.span != Span::default() {
            self.sink.report(warning);
        }
    }
}

/// The lists of routes within a handler.
fn nested(handler: &Handler) -> Vec<&[Route]> {
    match handler {
        Handler::Subroute(subroute) => {
            let errors = subroute.errors.iter();
            let errors = errors.map(|errors| errors.routes.as_slice());
            std::iter::once(subroute.routes.as_slice())
                .chain(errors)
                .collect()
        }
        _ => Vec::new(),
    }
}

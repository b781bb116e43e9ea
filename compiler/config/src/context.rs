//! What every directive, matcher and option parser has at hand.

use std::collections::BTreeMap;

use zs_diagnostics::{Code, Diagnostic, Sink, nearest};
use zs_syntax::{Imports, Token};

use crate::directives::order::Order;
use crate::options::Options;

/// An error was put into the sink; the value that was asked for does not exist.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Reported;

/// A value, or an error that is reported already.
pub(crate) type Parsed<T> = Result<T, Reported>;

/// Where parsers report to and what they share.
pub(crate) struct Context<'a> {
    imports: &'a Imports,
    sink: &'a mut Sink,
    /// The global options.
    pub(crate) options: Options,
    /// The order of directives.
    pub(crate) order: Order,
    /// Tags of certificate files by path, counted over all sites.
    pub(crate) certificate_tags: BTreeMap<String, String>,
    groups: u32,
}

impl<'a> Context<'a> {
    pub(crate) fn new(imports: &'a Imports, sink: &'a mut Sink) -> Self {
        let (options, order) = (Options::default(), Order::standard());
        Context {
            imports,
            sink,
            options,
            order,
            certificate_tags: BTreeMap::new(),
            groups: 0,
        }
    }

    /// A group name that was not used before. Caddy's adapter counts them in the order in which it meets subroutes.
    pub(crate) fn next_group(&mut self) -> String {
        self.groups += 1;
        format!("group{}", self.groups - 1)
    }

    /// Reports an error about a word, with the next step.
    pub(crate) fn fail(
        &mut self,
        token: &Token,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.report(
            token,
            Diagnostic::error(code, token.span, message).help(help),
        )
    }

    /// Reports an error about a word, with the imports that brought the word in.
    pub(crate) fn report(&mut self, token: &Token, error: Diagnostic) -> Reported {
        self.sink.report(self.imports.explain(token.import, error));
        Reported
    }

    /// Reports a warning about a word, with the next step.
    pub(crate) fn warn(
        &mut self,
        token: &Token,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let warning = Diagnostic::warning(code, token.span, message).help(help);
        self.sink
            .report(self.imports.explain(token.import, warning));
    }
}

/// "Did you mean …", or what else there is to say about an unknown word.
pub(crate) fn suggest<'n>(
    word: &str,
    known: impl IntoIterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    match nearest(word, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => otherwise.to_owned(),
    }
}

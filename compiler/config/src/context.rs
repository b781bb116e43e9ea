//! What every directive, matcher and option parser has at hand.

use std::collections::BTreeMap;

use zs_diagnostics::{Code, Diagnostic, Sink, codes, nearest};
use zs_syntax::{Host, Imports, SourceNames, Token, Tree};

use crate::differences;
use crate::directives::order::Order;
use crate::options::Options;
use crate::site_files::SiteFiles;
use crate::support::Status;

/// An error was put into the sink; the value that was asked for does not exist.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Reported;

/// A value, or an error that is reported already.
pub(crate) type Parsed<T> = Result<T, Reported>;

/// What a configuration is adapted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be printed: everything that Caddy's adapter understands is.
    Adapt,
    /// To become a site: what cannot be built is refused as well.
    Build,
}

/// Where parsers report to and what they share.
pub(crate) struct Context<'a> {
    imports: &'a Imports,
    /// The names of the source files.
    pub(crate) sources: &'a SourceNames,
    sink: &'a mut Sink,
    purpose: Purpose,
    /// Where the few files are read whose contents stand in the configuration.
    pub(crate) host: &'a dyn Host,
    /// The global options.
    pub(crate) options: Options,
    /// The order of directives.
    pub(crate) order: Order,
    /// Tags of certificate files by path, counted over all sites.
    pub(crate) certificate_tags: BTreeMap<String, String>,
    /// The files of the block that is being read.
    pub(crate) site_files: SiteFiles,
    /// The named routes that `invoke` named since this was taken last.
    pub(crate) invoked: Vec<Token>,
    /// The local authorities that `acme_server` directives sign with.
    pub(crate) acme_authorities: Vec<String>,
    groups: u32,
    logs: u32,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        tree: &'a Tree,
        purpose: Purpose,
        host: &'a dyn Host,
        sink: &'a mut Sink,
    ) -> Self {
        let (options, order) = (Options::default(), Order::standard());
        Context {
            imports: &tree.imports,
            sources: &tree.sources,
            sink,
            purpose,
            host,
            options,
            order,
            certificate_tags: BTreeMap::new(),
            site_files: SiteFiles::default(),
            invoked: Vec::new(),
            acme_authorities: Vec::new(),
            groups: 0,
            logs: 0,
        }
    }

    /// Counts groups from the start again, as Caddy's adapter does behind the named routes.
    pub(crate) fn restart_groups(&mut self) {
        self.groups = 0;
    }

    /// A group name that was not used before. Caddy's adapter counts them in the order in which it meets subroutes.
    pub(crate) fn next_group(&mut self) -> String {
        self.groups += 1;
        format!("group{}", self.groups - 1)
    }

    /// The name of a logger that has none, counted over all sites.
    pub(crate) fn next_log(&mut self) -> String {
        self.logs += 1;
        format!("log{}", self.logs - 1)
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

    /// Refuses something that is understood, unless the configuration is only to be printed.
    pub(crate) fn refuse_building(
        &mut self,
        token: &Token,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.purpose == Purpose::Build {
            let Reported = self.fail(token, code, message, help);
        }
    }

    /// Looks closer at a word, unless the configuration is only to be printed. What is found is reported with the imports
    /// that brought the word in.
    pub(crate) fn check_building(&mut self, token: &Token, check: impl FnOnce(&mut Sink)) {
        if self.purpose == Purpose::Build {
            let mut found = Sink::new();
            check(&mut found);
            for diagnostic in found.take() {
                let Reported = self.report(token, diagnostic);
            }
        }
    }

    /// Says of something that was read what becomes of it when a site is built.
    pub(crate) fn tell(&mut self, token: &Token, code: Code, what: &str, status: Status) {
        match status {
            Status::Works | Status::Foreign => {}
            Status::Differs(difference) => {
                self.warn(token, codes::DIFFERENT, difference, differences::HELP);
            }
            Status::Unbuilt(help) => {
                let message = format!("{what} is not supported yet");
                self.refuse_building(token, code, message, help);
            }
        }
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

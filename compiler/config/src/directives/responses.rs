//! `@name`, `replace_status` and `handle_response`, which say what becomes of certain responses.

use std::collections::BTreeMap;

use zs_diagnostics::{Diagnostic, Span, codes};
use zs_syntax::{Segment, Token};

use super::{Call, block_routes};
use crate::assemble::subroute::{Sorting, subroute};
use crate::context::{Context, Parsed, suggest};
use crate::matchers::response;
use crate::model::{ResponseHandler, ResponseMatcher};
use crate::spec::{Block, Line, Shape};
use crate::values::status::status;

/// What is said about responses so far.
#[derive(Debug, Default)]
pub(super) struct Responses {
    matchers: BTreeMap<String, (ResponseMatcher, Span)>,
    handlers: Vec<ResponseHandler>,
    /// The `handle_response` lines, which are read when all names are known.
    later: Vec<Later>,
}

/// A line with a block that is read later.
#[derive(Debug)]
struct Later {
    name: Token,
    arguments: Vec<Token>,
    block: Vec<Segment>,
}

/// The shape of `handle_response`.
pub(super) const HANDLE: Shape = Shape::with_block(
    0,
    1,
    Block::Maybe,
    "handle_response [@<name>] { <directives...> }",
);

/// The shape of `replace_status`.
pub(super) const REPLACE: Shape = Shape::arguments(1, 2, "replace_status [@<name>] <status>");

/// Whether a line names a condition on responses.
pub(super) fn is_matcher(line: &Line) -> bool {
    line.name.text.starts_with('@')
}

impl Responses {
    /// Begins with a handler that the directive brings along.
    pub(super) fn starting_with(handler: ResponseHandler) -> Self {
        Responses {
            handlers: vec![handler],
            ..Responses::default()
        }
    }

    /// `@name status 2xx`, or several conditions in a block
    pub(super) fn define(&mut self, line: &Line, cx: &mut Context) -> Parsed<()> {
        let token = line.name;
        if let Some((_, earlier)) = self.matchers.get(&token.text) {
            let message = format!("response matcher `{}` is defined twice", token.text);
            let diagnostic = Diagnostic::error(codes::BAD_MATCHER, token.span, message);
            let diagnostic = diagnostic
                .secondary(*earlier, "defined here first")
                .help("give one of them another name");
            return Err(cx.report(token, diagnostic));
        }
        let matcher = response::parse(line, cx)?;
        self.matchers
            .insert(token.text.clone(), (matcher, token.span));
        Ok(())
    }

    /// `replace_status [@<name>] <status>`
    pub(super) fn replace_status(&mut self, line: &Line, cx: &mut Context) -> Parsed<()> {
        let (matcher, code) = match line.arguments {
            [name, code, ..] => (Some(self.find(name, cx)?), code),
            [code] => (None, code),
            [] => (None, line.name),
        };
        self.handlers.push(ResponseHandler {
            matcher,
            status_code: Some(status(code, cx)?),
            origin: line.name.span.into(),
            ..ResponseHandler::default()
        });
        Ok(())
    }

    /// `handle_response [@<name>] { <directives...> }`
    pub(super) fn handle_later(&mut self, line: &Line) {
        self.later.push(Later {
            name: line.name.clone(),
            arguments: line.arguments.to_vec(),
            block: line.lines().to_vec(),
        });
    }

    /// All handlers; those for all responses come last, since the first that matches runs.
    pub(super) fn finish(mut self, call: &mut Call) -> Parsed<Vec<ResponseHandler>> {
        let mut result = Ok(());
        for later in std::mem::take(&mut self.later) {
            match self.handler(&later, call) {
                Ok(handler) => self.handlers.push(handler),
                Err(reported) => result = Err(reported),
            }
        }
        self.handlers
            .sort_by_key(|handler| handler.matcher.is_none());
        result.map(|()| self.handlers)
    }

    fn handler(&self, later: &Later, call: &mut Call) -> Parsed<ResponseHandler> {
        let matcher = match later.arguments.first() {
            Some(name) => Some(self.find(name, call.cx)?),
            None => None,
        };
        let routes = block_routes(&later.block, call.definitions, &later.name, call.cx)?;
        let routes = subroute(routes, Sorting::ByDirective, &later.name, call.cx)?.routes;
        Ok(ResponseHandler {
            matcher,
            status_code: None,
            routes,
            origin: later.name.span.into(),
        })
    }

    fn find(&self, name: &Token, cx: &mut Context) -> Parsed<ResponseMatcher> {
        if !name.text.starts_with('@') {
            let message = format!("`{}` is no name of a response matcher", name.text);
            let help = "define one above, such as `@ok status 2xx`, and name it with its `@`";
            return Err(cx.fail(name, codes::BAD_MATCHER, message, help));
        }
        if let Some((matcher, _)) = self.matchers.get(&name.text) {
            return Ok(matcher.clone());
        }
        let message = format!("response matcher `{}` is not defined", name.text);
        let known = self.matchers.keys().map(String::as_str);
        let otherwise = "define it in the same block, such as `@ok status 2xx`";
        let help = suggest(&name.text, known, otherwise);
        Err(cx.fail(name, codes::BAD_MATCHER, message, help))
    }
}

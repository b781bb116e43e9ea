//! Tokens to nodes, and what is said when that fails.

use lalrpop_util::ParseError;
use zs_diagnostics::{Diagnostic, Sink, codes};

use crate::grammar::ExpressionParser;
use crate::node::Node;
use crate::placeholders::Expanded;
use crate::token::{Problem, Token, lex};

/// Parses an expression.
pub(crate) fn parse(expanded: &Expanded, sink: &mut Sink) -> Option<Node> {
    let parsed = lex(&expanded.text).and_then(|tokens| {
        ExpressionParser::new()
            .parse(tokens.into_iter().map(Ok))
            .map_err(|error| problem(error, &expanded.text))
    });
    match parsed {
        Ok(node) => Some(node),
        Err(problem) => {
            let span = expanded.span(problem.start, problem.end);
            let error = Diagnostic::error(codes::BAD_EXPRESSION, span, problem.message);
            sink.report(error.help(problem.help));
            None
        }
    }
}

/// What the grammar's actions fail with.
pub(crate) fn failed(error: Problem) -> ParseError<usize, Token, Problem> {
    ParseError::User { error }
}

fn problem(error: ParseError<usize, Token, Problem>, text: &str) -> Problem {
    let (start, end) = match error {
        ParseError::User { error } => return error,
        ParseError::UnrecognizedToken {
            token: (start, _, end),
            ..
        }
        | ParseError::ExtraToken {
            token: (start, _, end),
        } => (start, end),
        ParseError::InvalidToken { location } | ParseError::UnrecognizedEof { location, .. } => {
            (location, location)
        }
    };
    let found = &text[start..end];
    let (message, help) = match found {
        "" if text.trim().is_empty() => (
            "the expression is empty".to_owned(),
            "write a condition, such as `path('/api/*')`",
        ),
        "" => (
            "the expression ends too early".to_owned(),
            "an operand or a closing bracket is missing",
        ),
        "?" => (
            format!("`{found}` cannot stand here"),
            "a choice is `condition ? one : other`",
        ),
        _ => (
            format!("`{found}` cannot stand here"),
            "an operator, an operand or a bracket is missing before it",
        ),
    };
    Problem {
        start,
        end,
        message,
        help,
    }
}

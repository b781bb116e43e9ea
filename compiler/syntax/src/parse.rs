//! The whole way from text to tree.

use lalrpop_util::ParseError;
use zs_diagnostics::{Diagnostic, FileId, Sink, SourceMap, Span, codes};

use crate::expand::expand;
use crate::grammar::FileParser;
use crate::terminal::Terminal;
use crate::{Host, SourceNames, Token, Tree};

/// Parses a file and what it imports, which is added to the sources. Errors go to the sink; none is returned then.
pub fn parse(
    sources: &mut SourceMap,
    file: FileId,
    host: &dyn Host,
    sink: &mut Sink,
) -> Option<Tree> {
    let mut expanded = expand(sources, file, host, sink)?;
    for token in expanded.terminals.iter().filter_map(Terminal::token) {
        expanded.open.count(&token.text);
    }
    let terminals = expanded
        .terminals
        .into_iter()
        .enumerate()
        .map(|(at, terminal)| Ok((at, terminal, at + 1)));
    match FileParser::new().parse(terminals) {
        Ok(blocks) => Some(Tree {
            blocks,
            imports: expanded.imports,
            open: expanded.open,
            sources: SourceNames::new(sources, file, host.folder()),
        }),
        Err(error) => {
            sink.report(unexpected(error, file));
            None
        }
    }
}

/// The expander speaks about every mistake that it knows of; this is for what it lets pass.
fn unexpected(error: ParseError<usize, Terminal, ()>, file: FileId) -> Diagnostic {
    let terminal = match error {
        ParseError::UnrecognizedToken {
            token: (_, terminal, _),
            ..
        }
        | ParseError::ExtraToken {
            token: (_, terminal, _),
        } => Some(terminal),
        ParseError::InvalidToken { .. }
        | ParseError::UnrecognizedEof { .. }
        | ParseError::User { .. } => None,
    };
    match terminal.as_ref().and_then(Terminal::token) {
        Some(Token { text, span, .. }) => Diagnostic::error(
            codes::BAD_BRACES,
            *span,
            format!("`{text}` cannot stand here"),
        ),
        None => Diagnostic::error(
            codes::BAD_BRACES,
            Span::new(file, 0, 0),
            "the blocks of the file do not close",
        ),
    }
}

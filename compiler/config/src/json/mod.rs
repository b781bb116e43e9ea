//! Caddy's JSON to the model.
//!
//! Comes in: a text. Goes out: a [`Config`], the same that the adapter makes of a Caddyfile, or diagnostics. Two steps:
//! `text` makes a tree whose nodes know where they are written; `reader` is what the model's own `Deserialize` reads from.
//! Nothing is dropped in silence: what the model has no field for is an error at its place in the text.

mod modules;
mod problem;
mod reader;
mod text;

use zs_diagnostics::{Diagnostic, FileId, Sink, Span, codes};

use crate::model::Config;
use problem::Problem;

/// Reads a configuration. The first thing that is wrong is reported, with its JSON pointer; none is returned then.
#[must_use]
pub fn from_json(text: &str, file: FileId, sink: &mut Sink) -> Option<Config> {
    let read = text::parse(text, file).and_then(|document| {
        for span in &document.identifiers {
            let message = "`@id` has no effect: a built server has no administration endpoint";
            let warning = Diagnostic::warning(codes::NO_EFFECT, *span, message);
            sink.report(warning.help("remove it if nothing reads this file but the compiler"));
        }
        reader::read(&document.root, file)
    });
    match read {
        Ok(config) => Some(config),
        Err(problem) => {
            sink.report(diagnostic(problem, file));
            None
        }
    }
}

fn diagnostic(problem: Problem, file: FileId) -> Diagnostic {
    let span = problem.span.unwrap_or(Span::new(file, 0, 0));
    let pointer: String = problem
        .path
        .iter()
        .rev()
        .map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")))
        .collect();
    let mut error = Diagnostic::error(problem.code, span, &problem.message);
    if !pointer.is_empty() {
        error = error.label(pointer);
    }
    if let Some(earlier) = problem.earlier {
        error = error.secondary(earlier, "given here first");
    }
    match &problem.help {
        Some(help) => error.help(help),
        None => error,
    }
}

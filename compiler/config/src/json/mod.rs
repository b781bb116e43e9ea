//! Caddy's JSON to the model.
//!
//! Comes in: a text. Goes out: a [`Config`], the same that the adapter makes of a Caddyfile, or diagnostics. Two steps:
//! `text` makes a tree whose nodes know where they are written; `reader` is what the model's own `Deserialize` reads from.
//! Nothing is dropped in silence: what the model has no field for is an error at its place in the text.

mod modules;
mod places;
mod problem;
mod reader;
mod text;

use zs_diagnostics::{Diagnostic, FileId, Sink, Span, codes};

pub use places::Places;

use crate::model::Config;
use crate::{Purpose, differences};
use problem::Problem;
use text::Document;
pub(crate) use text::{Node, Value};

/// As many mistakes are told of in one go. The text is read anew after each.
const MISTAKES_MAX: usize = 50;

/// Reads a configuration, to be printed or to become a site. Everything that is wrong is reported, each with its JSON
/// pointer; none is returned then.
#[must_use]
pub fn from_json(text: &str, file: FileId, purpose: Purpose, sink: &mut Sink) -> Option<Config> {
    let mut document = match text::parse(text, file) {
        Ok(document) => document,
        Err(problem) => {
            sink.report(diagnostic(&problem, file));
            return None;
        }
    };
    for span in &document.identifiers {
        let message = "`@id` has no effect: a built server has no administration endpoint";
        let warning = Diagnostic::warning(codes::NO_EFFECT, *span, message);
        sink.report(warning.help("remove it if nothing reads this file but the compiler"));
    }
    let mut config = read(&mut document, file, sink)?;
    if purpose == Purpose::Build {
        differences::tell(&document.root, sink);
        config.places = Places::new(&document.root);
    }
    Some(config)
}

/// Reads the tree. After a mistake the value that has it is removed and the rest read again, so that the next one is found.
fn read(document: &mut Document, file: FileId, sink: &mut Sink) -> Option<Config> {
    for already in 0..MISTAKES_MAX {
        let problem = match reader::read(&document.root, file) {
            Ok(config) if already == 0 => return Some(config),
            Ok(_) => return None,
            Err(problem) => problem,
        };
        let Some(node) = find(&mut document.root, problem.path.iter().rev()) else {
            sink.report(diagnostic(&problem, file));
            return None;
        };
        // What is only missing because it was removed has been told of.
        if !node.has_gap() {
            sink.report(diagnostic(&problem, file));
        }
        node.value = Value::Removed;
    }
    None
}

/// The value at the end of a way from the root, unless it is the root.
fn find<'d, 't>(
    root: &'d mut Node<'t>,
    mut way: impl Iterator<Item = impl AsRef<str>>,
) -> Option<&'d mut Node<'t>> {
    let first = root.child_mut(way.next()?.as_ref())?;
    way.try_fold(first, |node, step| node.child_mut(step.as_ref()))
}

fn diagnostic(problem: &Problem, file: FileId) -> Diagnostic {
    let span = problem.span.unwrap_or(Span::new(file, 0, 0));
    let pointer = places::pointer(problem.path.iter().rev());
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

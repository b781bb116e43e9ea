//! Source files, spans, diagnostics and how they are shown.
//!
//! Every compiler stage takes a [`Sink`] and reports into it; nobody prints. A [`Diagnostic`] names a stable [`Code`],
//! says what is wrong in one sentence, points at one primary place and may explain with further places and a next step.
//! The [`SourceMap`] owns all texts that spans point into. Exit codes and output streams are the driver's business.

#![forbid(unsafe_code)]

pub mod codes;
mod diagnostic;
mod explanation;
mod line;
mod nearest;
mod render;
mod sink;
mod source;

pub use codes::Code;
pub use diagnostic::{Diagnostic, Label, Severity};
pub use explanation::explanation;
pub use line::{to_github_line, to_short_line};
pub use nearest::nearest;
pub use render::{Style, render, render_all, to_json_line};
pub use sink::Sink;
pub use source::{FileId, Position, SourceFile, SourceMap, Span};

//! What a trace consists of.

use zs_diagnostics::Span;

/// One thing that happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part of the configuration that asked for it.
    pub span: Option<Span>,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A matcher was asked.
    Matcher {
        /// The matcher as it is written.
        text: String,
        /// Its answer.
        yes: bool,
        /// What of the request or of the matcher decided.
        because: String,
    },
    /// Something was changed.
    Operation {
        /// What was done.
        text: String,
        /// What is different now.
        changes: Vec<String>,
    },
    /// The chain of handlers was left.
    Action {
        /// What for.
        text: String,
    },
    /// Something that the runtime did by itself.
    Note {
        /// What it was.
        text: String,
    },
}

impl What {
    /// Its name in documents.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Matcher { .. } => "matcher",
            Self::Operation { .. } => "operation",
            Self::Action { .. } => "action",
            Self::Note { .. } => "note",
        }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        match self {
            Self::Matcher { text, .. }
            | Self::Operation { text, .. }
            | Self::Action { text }
            | Self::Note { text } => text,
        }
    }
}

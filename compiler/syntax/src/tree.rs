//! Blocks within blocks.

use std::path::{Path, PathBuf};

use zs_diagnostics::{FileId, SourceMap, Span};
use zs_open::OpenValues;

use crate::{Imports, Token};

/// A parsed file with everything that it imports.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The blocks in order. One without keys is the global options.
    pub blocks: Vec<ServerBlock>,
    /// How tokens came in through imports.
    pub imports: Imports,
    /// Variables that are left open; the text of a token holds a marker for each.
    pub open: OpenValues,
    /// What the files are called that tokens come from.
    pub sources: SourceNames,
}

/// The names of source files.
#[derive(Clone, Debug, Default)]
pub struct SourceNames {
    names: Vec<String>,
    folder: Option<PathBuf>,
}

impl SourceNames {
    /// The names of all files. Every file but the first was imported, and has an absolute name if `folder`, to which
    /// relative names are relative, is known.
    pub(crate) fn new(sources: &SourceMap, first: FileId, folder: Option<PathBuf>) -> Self {
        let name = |file: FileId, name: &str| match &folder {
            Some(folder) if file != first => folder.join(name).to_string_lossy().into_owned(),
            _ => name.to_owned(),
        };
        let names = sources
            .files()
            .map(|(file, source)| name(file, &source.name))
            .collect();
        SourceNames { names, folder }
    }

    /// The name of a file.
    #[must_use]
    pub fn name(&self, file: FileId) -> Option<&str> {
        self.names.get(file.index()).map(String::as_str)
    }

    /// What relative names are relative to, when that is known.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

/// A site, the global options, or a named route.
#[derive(Clone, Debug)]
pub struct ServerBlock {
    /// Addresses, without commas.
    pub keys: Vec<Token>,
    /// What stands in the block.
    pub segments: Vec<Segment>,
    /// The opening brace, if there are braces.
    pub open: Option<Token>,
    /// The closing brace, if there are braces.
    pub close: Option<Token>,
}

impl ServerBlock {
    /// Whether the block has braces. One without takes the rest of the file.
    #[must_use]
    pub fn has_braces(&self) -> bool {
        self.open.is_some()
    }

    /// The word that stands for the block in messages: the first key, else the opening brace.
    #[must_use]
    pub fn head(&self) -> Option<&Token> {
        self.keys.first().or(self.open.as_ref())
    }
}

/// A line with the block that it opens: a directive, subdirective, matcher or option. There is at least one word.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The name and its arguments.
    pub words: Vec<Token>,
    /// The lines of its block.
    pub block: Option<Vec<Segment>>,
    /// The closing brace of its block.
    pub close: Option<Token>,
}

impl Segment {
    /// The first word.
    #[must_use]
    pub fn name(&self) -> &Token {
        &self.words[0]
    }

    /// The words after the first.
    #[must_use]
    pub fn arguments(&self) -> &[Token] {
        &self.words[1..]
    }

    /// The first line, as far as it lies in one file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.words
            .iter()
            .fold(self.words[0].span, |span, word| span.to(word.span))
    }
}

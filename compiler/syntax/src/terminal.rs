//! What the grammar reads.

use crate::Token;

/// A word or a piece of structure. Line ends are told only where they matter.
#[derive(Clone, Debug)]
pub(crate) enum Terminal {
    /// A word.
    Word(Token),
    /// A `{` at the end of a line.
    Open(Token),
    /// A `}` on a line of its own.
    Close(Token),
    /// The end of a segment that has no block.
    End,
    /// The end of the addresses of a site that is written without braces.
    Braceless,
}

impl Terminal {
    /// The word behind it, if there is one.
    pub(crate) fn token(&self) -> Option<&Token> {
        match self {
            Terminal::Word(token) | Terminal::Open(token) | Terminal::Close(token) => Some(token),
            Terminal::End | Terminal::Braceless => None,
        }
    }
}

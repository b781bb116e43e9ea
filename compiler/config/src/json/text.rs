//! Text to a tree whose nodes know where they are written (RFC 8259).

use std::collections::BTreeMap;

use logos::Logos;
use zs_diagnostics::{FileId, Span, codes};

use super::problem::Problem;

/// Values within values. Every stage recurses over them; a route inside a route takes four levels.
const DEPTH_MAX: u32 = 300;

/// Bytes of a text.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// A value and where it is written.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) value: Value<'t>,
    pub(crate) span: Span,
}

/// A value.
#[derive(Debug)]
pub(crate) enum Value<'t> {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(&'t str),
    Text(String),
    Array(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
    /// What was wrong here has been reported; reading goes on as if the value were not there.
    Removed,
}

impl<'t> Node<'t> {
    /// The value in this one of a name or a number, as a pointer has it (RFC 6901 §4).
    pub(crate) fn child(&self, step: &str) -> Option<&Node<'t>> {
        match &self.value {
            Value::Object(members) => {
                let member = members.iter().find(|member| member.key == step);
                member.map(|member| &member.value)
            }
            Value::Array(elements) => elements.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The place to name in messages about the value: of an object or list its start alone.
    pub(crate) fn place(&self) -> Span {
        let Span { file, start, .. } = self.span;
        match self.value {
            Value::Object(_) | Value::Array(_) => Span::new(file, start, start + 1),
            _ => self.span,
        }
    }

    /// As [`Node::child`], to be changed.
    pub(super) fn child_mut(&mut self, step: &str) -> Option<&mut Node<'t>> {
        match &mut self.value {
            Value::Object(members) => {
                let member = members.iter_mut().find(|member| member.key == step);
                member.map(|member| &mut member.value)
            }
            Value::Array(elements) => elements.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Whether something that belonged directly to the value has been removed.
    pub(super) fn has_gap(&self) -> bool {
        let removed = |node: &Node| matches!(node.value, Value::Removed);
        match &self.value {
            Value::Object(members) => members.iter().any(|member| removed(&member.value)),
            Value::Array(elements) => elements.iter().any(removed),
            _ => false,
        }
    }
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member<'t> {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node<'t>,
}

/// A whole text.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub(super) root: Node<'t>,
    /// Where the administration endpoint's identifiers stand. They belong to no module and are in no object.
    pub(super) identifiers: Vec<Span>,
}

/// Parses a text.
pub(super) fn parse(text: &str, file: FileId) -> Result<Document<'_>, Problem> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
        let span = Span::new(file, 0, 0);
        return Err(Problem::new(codes::LIMIT_EXCEEDED, message).at(span));
    }
    let mut parser = Parser {
        tokens: Token::lexer(text),
        file,
        identifiers: Vec::new(),
    };
    let token = parser.next()?;
    let root = parser.value(token, 0)?;
    match parser.tokens.next() {
        None => Ok(Document {
            root,
            identifiers: parser.identifiers,
        }),
        Some(_) => Err(parser.unexpected("the end of the text")),
    }
}

#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n]+")]
enum Token {
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token(":")]
    Colon,
    #[token(",")]
    Comma,
    #[token("null")]
    Null,
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[regex(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")]
    Number,
    #[regex(r#""([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*""#)]
    Text,
}

struct Parser<'t> {
    tokens: logos::Lexer<'t, Token>,
    file: FileId,
    identifiers: Vec<Span>,
}

/// The name of the identifiers that the administration endpoint finds objects by.
const IDENTIFIER: &str = "@id";

impl<'t> Parser<'t> {
    fn next(&mut self) -> Result<Option<Token>, Problem> {
        match self.tokens.next() {
            Some(Err(())) => Err(self.unexpected("a value")),
            Some(Ok(token)) => Ok(Some(token)),
            None => Ok(None),
        }
    }

    fn span(&self) -> Span {
        let range = self.tokens.span();
        Span::new(self.file, range.start as u32, range.end as u32)
    }

    fn value(&mut self, token: Option<Token>, depth: u32) -> Result<Node<'t>, Problem> {
        let start = self.span();
        let value = match token {
            Some(Token::OpenBrace | Token::OpenBracket) if depth >= DEPTH_MAX => {
                let message = format!("more than {DEPTH_MAX} values lie within each other");
                return Err(Problem::new(codes::LIMIT_EXCEEDED, message).at(start));
            }
            Some(Token::OpenBrace) => Value::Object(self.members(depth + 1)?),
            Some(Token::OpenBracket) => Value::Array(self.elements(depth + 1)?),
            Some(Token::Null) => Value::Null,
            Some(Token::True) => Value::Bool(true),
            Some(Token::False) => Value::Bool(false),
            Some(Token::Number) => Value::Number(self.tokens.slice()),
            Some(Token::Text) => Value::Text(self.text()?),
            Some(Token::CloseBrace | Token::CloseBracket | Token::Colon | Token::Comma) | None => {
                return Err(self.unexpected("a value"));
            }
        };
        let span = start.to(self.span());
        Ok(Node { value, span })
    }

    /// The text of a token, without quotes and escapes.
    fn text(&self) -> Result<String, Problem> {
        serde_json::from_str(self.tokens.slice()).map_err(|_| {
            let message = "the text has half of an escaped character pair";
            let help = "write the character itself, or both halves";
            Problem::new(codes::JSON_SYNTAX, message)
                .help(help)
                .at(self.span())
        })
    }

    fn elements(&mut self, depth: u32) -> Result<Vec<Node<'t>>, Problem> {
        let mut elements = Vec::new();
        let mut token = self.next()?;
        if token == Some(Token::CloseBracket) {
            return Ok(elements);
        }
        loop {
            elements.push(self.value(token, depth)?);
            match self.next()? {
                Some(Token::Comma) => token = self.next()?,
                Some(Token::CloseBracket) => return Ok(elements),
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn members(&mut self, depth: u32) -> Result<Vec<Member<'t>>, Problem> {
        let mut members = Vec::new();
        let mut known = BTreeMap::new();
        let mut token = self.next()?;
        if token == Some(Token::CloseBrace) {
            return Ok(members);
        }
        loop {
            let member = self.member(token, depth)?;
            if let Some(earlier) = known.insert(member.key.clone(), member.key_span) {
                let message = format!("`{}` is given twice", member.key);
                let problem = Problem::new(codes::DUPLICATE_SETTING, message);
                return Err(problem.at(member.key_span).after(earlier));
            }
            if member.key == IDENTIFIER {
                self.identifiers.push(member.key_span);
            } else {
                members.push(member);
            }
            match self.next()? {
                Some(Token::Comma) => token = self.next()?,
                Some(Token::CloseBrace) => return Ok(members),
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
    }

    fn member(&mut self, token: Option<Token>, depth: u32) -> Result<Member<'t>, Problem> {
        if token != Some(Token::Text) {
            return Err(self.unexpected("a name in quotes"));
        }
        let (key, key_span) = (self.text()?, self.span());
        if self.next()? != Some(Token::Colon) {
            return Err(self.unexpected("`:`"));
        }
        let token = self.next()?;
        let value = self.value(token, depth)?;
        Ok(Member {
            key,
            key_span,
            value,
        })
    }

    fn unexpected(&self, expected: &str) -> Problem {
        const SHOWN_MAX: usize = 40;
        let shown: String = self.tokens.slice().chars().take(SHOWN_MAX).collect();
        let message = match shown.as_str() {
            "" => format!("the text ends where {expected} is expected"),
            "\"" => "the text in quotes is not closed, or has a wrong escape".to_owned(),
            shown => format!("`{shown}` stands where {expected} is expected"),
        };
        let help = match shown.as_str() {
            "/" | "#" => Some("JSON has no comments"),
            "'" => Some("JSON has double quotes only"),
            "}" | "]" => Some("JSON has no comma after the last value"),
            _ => None,
        };
        let problem = Problem::new(codes::JSON_SYNTAX, message).at(self.span());
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

//! Text to tokens.

use logos::Logos;

use crate::literal;
use crate::tree::Constant;

/// A token of the grammar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    /// A field's name in backticks.
    QuotedName(String),
    Literal(Constant),
    Symbol(Symbol),
}

/// What went wrong in a text, and where.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// A token with its place.
pub(crate) type Spanned = (usize, Token, usize);

/// Symbols, which are their own text.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[\t \r\n\x0c]+")]
#[logos(skip(r"//[^\n]*", allow_greedy = true))]
pub(crate) enum Symbol {
    #[token("==")]
    Equal,
    #[token("!=")]
    NotEqual,
    #[token("in")]
    In,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">=")]
    GreaterEqual,
    #[token(">")]
    Greater,
    #[token("&&")]
    And,
    #[token("||")]
    Or,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token("(")]
    OpenParenthesis,
    #[token(")")]
    CloseParenthesis,
    #[token(".")]
    Dot,
    #[token(",")]
    Comma,
    #[token("-")]
    Minus,
    #[token("!")]
    Not,
    #[token("?")]
    Question,
    #[token(":")]
    Colon,
    #[token("+")]
    Plus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[token("null")]
    Null,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Name,
    #[regex(r"`[A-Za-z0-9_.\-/ ]+`")]
    QuotedName,
    #[regex(r"[0-9]+|0x[0-9a-fA-F]+")]
    Int,
    #[regex(r"[0-9]+[uU]|0x[0-9a-fA-F]+[uU]")]
    Uint,
    #[regex(r"[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+([eE][+-]?[0-9]+)?")]
    Double,
    /// The start of a text or bytes; the rest is completed by hand.
    #[regex(r#"[bB]?[rR]?("|'|"""|''')"#)]
    Quote,
}

impl Symbol {
    /// Whether a value can end with it, so that a `-` after it is a subtraction.
    fn ends_value(self) -> bool {
        use Symbol::{CloseBrace, CloseBracket, CloseParenthesis, Double, False, Int};
        use Symbol::{Name, Null, Quote, QuotedName, True, Uint};
        matches!(
            self,
            CloseBracket
                | CloseBrace
                | CloseParenthesis
                | True
                | False
                | Null
                | Name
                | QuotedName
                | Int
                | Uint
                | Double
                | Quote
        )
    }
}

/// Splits a text into tokens. A `-` that can only be a sign is part of the number after it.
pub(crate) fn lex(text: &str) -> Result<Vec<Spanned>, Problem> {
    let mut lexer = Symbol::lexer(text);
    let mut tokens: Vec<Spanned> = Vec::new();
    let mut after_value = false;
    let mut minus_is_sign = false;
    while let Some(symbol) = lexer.next() {
        let span = lexer.span();
        let Ok(symbol) = symbol else {
            let end = span.start + text[span.start..].chars().next().map_or(1, char::len_utf8);
            return Err(Problem {
                start: span.start,
                end: end.max(span.end),
                message: format!("`{}` is not part of the language", &text[span.start..end]),
                help: match &text[span.start..end] {
                    "=" => "compare with `==`",
                    "&" | "|" => "join conditions with `&&` and `||`",
                    _ => "texts stand in quotes, and placeholders look like `{http.request.uri}`",
                },
            });
        };
        let sign = match tokens.last() {
            Some((start, Token::Symbol(Symbol::Minus), _)) if minus_is_sign => Some(*start),
            _ => None,
        };
        let negative = sign.is_some() && matches!(symbol, Symbol::Int | Symbol::Double);
        let token = token(symbol, &mut lexer, negative)?;
        let start = match sign {
            Some(start) if negative => {
                tokens.pop();
                start
            }
            _ => span.start,
        };
        minus_is_sign = symbol == Symbol::Minus && !after_value;
        after_value = symbol.ends_value();
        tokens.push((start, token, lexer.span().end));
    }
    Ok(tokens)
}

fn token(
    symbol: Symbol,
    lexer: &mut logos::Lexer<'_, Symbol>,
    negative: bool,
) -> Result<Token, Problem> {
    let (span, slice) = (lexer.span(), lexer.slice());
    let number = |result: Result<Constant, literal::Problem>| {
        result.map_err(|message| Problem {
            start: span.start,
            end: span.end,
            message: message.to_owned(),
            help: "write a smaller number",
        })
    };
    Ok(match symbol {
        Symbol::Name => Token::Name(slice.to_owned()),
        Symbol::QuotedName => Token::QuotedName(slice.trim_matches('`').to_owned()),
        Symbol::True => Token::Literal(Constant::Bool(true)),
        Symbol::False => Token::Literal(Constant::Bool(false)),
        Symbol::Null => Token::Literal(Constant::Null),
        Symbol::Int => Token::Literal(number(literal::int(slice, negative))?),
        Symbol::Uint => Token::Literal(number(literal::uint(slice))?),
        Symbol::Double => Token::Literal(number(literal::double(slice, negative))?),
        Symbol::Quote => Token::Literal(quoted(lexer)?),
        symbol => Token::Symbol(symbol),
    })
}

/// Completes a text or bytes after its opening quotes.
fn quoted(lexer: &mut logos::Lexer<'_, Symbol>) -> Result<Constant, Problem> {
    let (start, opening) = (lexer.span().start, lexer.slice());
    let quotes = opening.trim_start_matches(['b', 'B', 'r', 'R']);
    let prefix = &opening[..opening.len() - quotes.len()];
    let raw = prefix.contains(['r', 'R']);
    let rest = lexer.remainder();
    let Some(length) = inside(rest, quotes, raw) else {
        return Err(Problem {
            start,
            end: lexer.span().end,
            message: "the text is not closed".to_owned(),
            help: "add the closing quote; only texts in `'''` span lines",
        });
    };
    lexer.bump(length + quotes.len());
    let value = match prefix.contains(['b', 'B']) {
        true => literal::bytes(&rest[..length], raw),
        false => literal::string(&rest[..length], raw),
    };
    value.map_err(|message| Problem {
        start,
        end: lexer.span().end,
        message: "the text has a wrong escape".to_owned(),
        help: message,
    })
}

/// How many bytes lie before the closing quotes.
fn inside(text: &str, quotes: &str, raw: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !raw => at += 2,
            b'\n' | b'\r' if quotes.len() == 1 => return None,
            _ if bytes[at..].starts_with(quotes.as_bytes()) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

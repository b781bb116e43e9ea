//! The typed tree.

use std::fmt;

use zs_diagnostics::Span;

use crate::{Function, Matcher, Type};

/// An expression with its type.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// The type of its value.
    pub ty: Type,
    /// Where it is written.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A value that is known.
    Constant(Constant),
    /// The value of a placeholder. Its name is a text, which nearly always is a constant.
    Placeholder(Box<Expr>),
    /// Whether a request matcher matches.
    Matcher(Matcher, Arguments),
    /// A variable that an expression around it declares.
    Variable(VariableId),
    /// The request itself; only equality is defined on it.
    Request,
    /// A type as a value.
    TypeName(Type),
    /// Logical and over two or more; a false one decides, whatever errors the others have.
    And(Vec<Expr>),
    /// Logical or over two or more; a true one decides, whatever errors the others have.
    Or(Vec<Expr>),
    /// One of two, by the first.
    Conditional(Box<[Expr; 3]>),
    /// A function of its arguments; the receiver of a method is the first.
    Call(Function, Vec<Expr>),
    /// The value of a map for a key that is written like a field.
    Select(Box<Expr>, String),
    /// Whether a map has a key that is written like a field.
    Has(Box<Expr>, String),
    /// A list.
    List(Vec<Expr>),
    /// A map.
    Map(Vec<(Expr, Expr)>),
    /// An expression for every element of a list, or for every key of a map.
    Comprehension(Box<Comprehension>),
    /// A variable with its value, and the expression that uses it.
    Bind {
        /// The variable.
        variable: VariableId,
        /// Its value.
        value: Box<Expr>,
        /// The expression.
        body: Box<Expr>,
    },
}

/// What is asked or made over a list or over the keys of a map.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Comprehension {
    /// Whether the condition holds for all.
    All(Range, Expr),
    /// Whether the condition holds for any.
    Exists(Range, Expr),
    /// Whether the condition holds for exactly one.
    ExistsOne(Range, Expr),
    /// Those for which the condition holds.
    Filter(Range, Expr),
    /// A value for each for which the condition, if any, holds.
    Map(Range, Option<Expr>, Expr),
    /// The elements in the order of a key.
    SortBy(Range, Expr),
}

/// What a comprehension goes over.
#[derive(Clone, Debug)]
pub struct Range {
    /// The list or the map.
    pub over: Expr,
    /// The element or the key.
    pub variable: VariableId,
}

/// Names a variable of one expression; each declaration has its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariableId(pub u32);

impl fmt::Display for VariableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "var{}", self.0)
    }
}

/// The arguments of a request matcher: texts that are constants, placeholders, or those joined by `+`.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// A list.
    Texts(Vec<Expr>),
    /// Names with values.
    Entries(Vec<Entry>),
}

/// A name with values.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub key: Expr,
    /// The values.
    pub values: Vec<Expr>,
}

/// A value that is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A number with a fraction.
    Double(f64),
    /// A text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Kind {
    /// The expressions directly inside.
    #[must_use]
    pub fn inside(&self) -> Vec<&Expr> {
        match self {
            Kind::Constant(_) | Kind::Variable(_) | Kind::Request | Kind::TypeName(_) => Vec::new(),
            Kind::Placeholder(inner) | Kind::Select(inner, _) | Kind::Has(inner, _) => vec![inner],
            Kind::Matcher(_, Arguments::Texts(inner))
            | Kind::And(inner)
            | Kind::Or(inner)
            | Kind::Call(_, inner)
            | Kind::List(inner) => inner.iter().collect(),
            Kind::Matcher(_, Arguments::Entries(entries)) => entries
                .iter()
                .flat_map(|entry| std::iter::once(&entry.key).chain(&entry.values))
                .collect(),
            Kind::Conditional(parts) => parts.iter().collect(),
            Kind::Map(entries) => entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .collect(),
            Kind::Bind { value, body, .. } => vec![value, body],
            Kind::Comprehension(comprehension) => match &**comprehension {
                Comprehension::All(range, inner)
                | Comprehension::Exists(range, inner)
                | Comprehension::ExistsOne(range, inner)
                | Comprehension::Filter(range, inner)
                | Comprehension::Map(range, None, inner)
                | Comprehension::SortBy(range, inner) => vec![&range.over, inner],
                Comprehension::Map(range, Some(condition), inner) => {
                    vec![&range.over, condition, inner]
                }
            },
        }
    }
}

impl Constant {
    /// The type of the value.
    #[must_use]
    pub fn ty(&self) -> Type {
        match self {
            Constant::Null => Type::Null,
            Constant::Bool(_) => Type::Bool,
            Constant::Int(_) => Type::Int,
            Constant::Uint(_) => Type::Uint,
            Constant::Double(_) => Type::Double,
            Constant::String(_) => Type::String,
            Constant::Bytes(_) => Type::Bytes,
        }
    }
}

impl Expr {
    /// Visits the expression and all inside it.
    pub fn visit(&self, visitor: &mut dyn FnMut(&Expr)) {
        visitor(self);
        for inner in self.kind.inside() {
            inner.visit(visitor);
        }
    }

    /// The text, when it is one that is known.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Constant(Constant::String(text)) => Some(text),
            _ => None,
        }
    }
}

//! The typed tree as text: one expression in prefix form with its types, for dumps and tests.

use std::fmt::{self, Display, Formatter};

use crate::tree::{Arguments, Comprehension, Constant, Entry, Expr, Kind, Range};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Constant(value) => return write!(f, "{value}"),
            Kind::Variable(variable) => write!(f, "{variable}"),
            Kind::Request => f.write_str("request"),
            Kind::TypeName(ty) => write!(f, "type {ty}"),
            Kind::Placeholder(name) => write!(f, "(placeholder {name})"),
            Kind::Matcher(matcher, Arguments::Texts(texts)) => call(f, matcher, texts),
            Kind::Matcher(matcher, Arguments::Entries(entries)) => call(f, matcher, entries),
            Kind::And(operands) => call(f, &"and", operands),
            Kind::Or(operands) => call(f, &"or", operands),
            Kind::Conditional(parts) => call(f, &"if", &**parts),
            Kind::Call(function, arguments) => call(f, function, arguments),
            Kind::Select(operand, field) => write!(f, "(select {operand} {field:?})"),
            Kind::Has(operand, field) => write!(f, "(has {operand} {field:?})"),
            Kind::List(elements) => call(f, &"list", elements),
            Kind::Map(entries) => {
                f.write_str("(map")?;
                for (key, value) in entries {
                    write!(f, " [{key} {value}]")?;
                }
                f.write_str(")")
            }
            Kind::Comprehension(comprehension) => write!(f, "{comprehension}"),
            Kind::Bind {
                variable,
                value,
                body,
            } => write!(f, "(bind {variable} {value} {body})"),
        }?;
        write!(f, ":{}", self.ty)
    }
}

fn call(f: &mut Formatter<'_>, name: &dyn Display, parts: &[impl Display]) -> fmt::Result {
    write!(f, "({name}")?;
    for part in parts {
        write!(f, " {part}")?;
    }
    f.write_str(")")
}

impl Display for Entry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        call(f, &self.key, &self.values)
    }
}

impl Display for Range {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.over)
    }
}

impl Display for Comprehension {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Comprehension::All(range, inner) => write!(f, "(all {range} {inner})"),
            Comprehension::Exists(range, inner) => write!(f, "(exists {range} {inner})"),
            Comprehension::ExistsOne(range, inner) => write!(f, "(exists_one {range} {inner})"),
            Comprehension::Filter(range, inner) => write!(f, "(filter {range} {inner})"),
            Comprehension::Map(range, None, inner) => write!(f, "(map {range} {inner})"),
            Comprehension::Map(range, Some(condition), inner) => {
                write!(f, "(map {range} {condition} {inner})")
            }
            Comprehension::SortBy(range, inner) => write!(f, "(sort_by {range} {inner})"),
        }
    }
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Null => f.write_str("null"),
            Constant::Bool(value) => write!(f, "{value}"),
            Constant::Int(value) => write!(f, "{value}"),
            Constant::Uint(value) => write!(f, "{value}u"),
            Constant::Double(value) => write!(f, "{value:?}"),
            Constant::String(text) => write!(f, "{text:?}"),
            Constant::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
        }
    }
}

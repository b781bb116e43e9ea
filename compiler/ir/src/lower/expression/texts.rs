//! Comparisons of a placeholder that always is a text with constants: tests of
//! texts, without registers.

use zs_abi::Source;
use zs_cel::{Constant, Expr, Function, Kind};
use zs_diagnostics::Span;

use super::super::matchers::method_test;
use super::{Lower, Ways, constant};
use crate::program::{Compare, Op, Test, TextRef, ViewText};
use crate::template::{self, Unknown};

/// A comparison of a text with constants.
pub struct TextTest {
    /// The placeholder.
    name: String,
    what: What,
    span: Span,
}

enum What {
    /// It is one of these.
    OneOf(Vec<String>),
    /// It is none other than this.
    Not(String),
    /// It compares with this.
    Compare(Compare, String),
    /// It matches this expression.
    Matches(String),
}

/// The comparison that an expression is, if it is one that cannot have an
/// error.
pub fn test_of(expr: &Expr) -> Option<TextTest> {
    let Kind::Call(function, arguments) = &expr.kind else {
        return None;
    };
    let [left, right] = &arguments[..] else {
        return None;
    };
    let (name, other) = match (text_placeholder(left), text_placeholder(right)) {
        (Some(name), None) => (name, right),
        (None, Some(name)) if matches!(function, Function::Equal | Function::NotEqual) => {
            (name, left)
        }
        _ => return None,
    };
    let constant = || constant::text(other);
    let what = match function {
        Function::Equal => What::OneOf(vec![constant()?]),
        Function::NotEqual => What::Not(constant()?),
        Function::StartsWith => What::Compare(Compare::Prefix, constant()?),
        Function::EndsWith => What::Compare(Compare::Suffix, constant()?),
        Function::Contains => What::Compare(Compare::Contains, constant()?),
        Function::Matches => What::Matches(constant()?),
        Function::In => What::OneOf(list_of_texts(other)?),
        _ => return None,
    };
    Some(TextTest {
        name: name.to_owned(),
        what,
        span: expr.span,
    })
}

fn list_of_texts(expr: &Expr) -> Option<Vec<String>> {
    match &expr.kind {
        Kind::List(items) => items.iter().map(constant::text).collect(),
        _ => None,
    }
}

/// The name of a placeholder whose value is a text for every request.
fn text_placeholder(expr: &Expr) -> Option<&str> {
    let Kind::Placeholder(name) = &expr.kind else {
        return None;
    };
    let Kind::Constant(Constant::String(name)) = &name.kind else {
        return None;
    };
    template::source(name)
        .is_some_and(is_always_text)
        .then_some(name)
}

fn is_always_text(source: Source) -> bool {
    matches!(
        source,
        Source::Host
            | Source::HostPort
            | Source::Method
            | Source::Scheme
            | Source::Uri
            | Source::UriEscaped
            | Source::Path
            | Source::PathEscaped
            | Source::PathSegment
            | Source::Dir
            | Source::File
            | Source::FileBase
            | Source::FileExt
            | Source::Query
            | Source::QueryEscaped
            | Source::PrefixedQuery
            | Source::QueryParameter
            | Source::OriginalMethod
            | Source::OriginalUri
            | Source::OriginalPath
            | Source::OriginalDir
            | Source::OriginalFile
            | Source::OriginalQuery
            | Source::OriginalPrefixedQuery
            | Source::RemoteHost
            | Source::ClientIp
            | Source::Header
            | Source::Cookie
            | Source::Label
            | Source::Proto
            | Source::ProtoName
            | Source::Uuid
            | Source::ResponseHeader
            | Source::Environment
            | Source::SystemHostname
    )
}

impl Lower<'_, '_, '_> {
    /// Lowers a comparison of a text.
    pub(super) fn text_test(&mut self, test: &TextTest, ways: Ways) {
        let Ways { yes, no, .. } = ways;
        let text = self.text(&test.name);
        let equal = |with: &str| Test::Text {
            text,
            compare: Compare::Equal,
            with: with.as_bytes().to_vec(),
        };
        match &test.what {
            What::OneOf(values) => {
                for value in values {
                    let next = self.code.block();
                    let test = method(&test.name, value).unwrap_or_else(|| equal(value));
                    self.code.branch(test, yes, next);
                    self.code.go(next);
                }
                self.code.jump(no);
            }
            What::Not(value) => {
                let test = method(&test.name, value).unwrap_or_else(|| equal(value));
                self.code.branch(test, no, yes);
            }
            What::Compare(compare, with) => {
                let test = Test::Text {
                    text,
                    compare: *compare,
                    with: with.as_bytes().to_vec(),
                };
                self.code.branch(test, yes, no);
            }
            What::Matches(pattern) => {
                let test = self.lowering.pattern(pattern, text, test.span);
                self.code.branch(test, yes, no);
            }
        }
    }

    /// The text of a placeholder: a field of the view where there is one.
    fn text(&mut self, name: &str) -> TextRef {
        match template::source(name) {
            Some(Source::Method) => return TextRef::View(ViewText::Method),
            Some(Source::Path) => return TextRef::View(ViewText::Path),
            Some(Source::Query) => return TextRef::View(ViewText::Query),
            _ => {}
        }
        let template = self
            .lowering
            .template(&format!("{{{name}}}"), Unknown::Empty, None);
        let out = self.code.value();
        self.code.op(Op::Expand { out, template });
        TextRef::Value(out)
    }
}

/// A test of the method, which may be one of its number.
fn method(name: &str, value: &str) -> Option<Test> {
    (template::source(name) == Some(Source::Method)).then(|| method_test(value))
}

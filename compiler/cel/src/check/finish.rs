//! Puts into a tree what was found out about its types.

use super::Checker;
use crate::tree::{Arguments, Comprehension, Expr, Kind};

impl Checker<'_, '_> {
    /// Resolves the types of an expression and of all inside it.
    pub(super) fn finish(&mut self, expr: &mut Expr) {
        expr.ty = self.unifier.resolve(&expr.ty, true);
        for inner in inside(&mut expr.kind) {
            self.finish(inner);
        }
    }
}

/// The expressions directly inside.
fn inside(kind: &mut Kind) -> Vec<&mut Expr> {
    match kind {
        Kind::Constant(_) | Kind::Variable(_) | Kind::Request | Kind::TypeName(_) => Vec::new(),
        Kind::Placeholder(inner) | Kind::Select(inner, _) | Kind::Has(inner, _) => vec![inner],
        Kind::Matcher(_, Arguments::Texts(inner))
        | Kind::And(inner)
        | Kind::Or(inner)
        | Kind::Call(_, inner)
        | Kind::List(inner) => inner.iter_mut().collect(),
        Kind::Matcher(_, Arguments::Entries(entries)) => entries
            .iter_mut()
            .flat_map(|entry| std::iter::once(&mut entry.key).chain(&mut entry.values))
            .collect(),
        Kind::Conditional(parts) => parts.iter_mut().collect(),
        Kind::Map(entries) => entries
            .iter_mut()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Kind::Bind { value, body, .. } => vec![value, body],
        Kind::Comprehension(comprehension) => match &mut **comprehension {
            Comprehension::All(range, inner)
            | Comprehension::Exists(range, inner)
            | Comprehension::ExistsOne(range, inner)
            | Comprehension::Filter(range, inner)
            | Comprehension::Map(range, None, inner)
            | Comprehension::SortBy(range, inner) => vec![&mut range.over, inner],
            Comprehension::Map(range, Some(condition), inner) => {
                vec![&mut range.over, condition, inner]
            }
        },
    }
}

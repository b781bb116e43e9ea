//! Calls of request matchers. Their arguments are texts that can be put together before the matcher runs.

use zs_diagnostics::{codes, nearest};

use super::call::is_placeholder;
use super::{Checked, Checker, Reported, literal_text};
use crate::Function;
use crate::matcher::{Matcher, Takes};
use crate::node::{Node, NodeKind};
use crate::tree::{Arguments, Constant, Entry, Expr, Kind};
use crate::types::Type;

impl Checker<'_, '_> {
    pub(super) fn matcher(
        &mut self,
        node: &Node,
        matcher: Matcher,
        arguments: &[Node],
    ) -> Checked<Expr> {
        let arguments = match (matcher.takes(), arguments) {
            (Takes::Texts { min, max }, arguments) if (min..=max).contains(&arguments.len()) => {
                Arguments::Texts(self.texts(matcher, arguments, is_text)?)
            }
            (Takes::Files, [one]) if matches!(one.kind, NodeKind::Map(_)) => {
                Arguments::Entries(self.file_entries(matcher, one)?)
            }
            (Takes::Files, arguments) => {
                Arguments::Texts(self.texts(matcher, arguments, is_plain_text)?)
            }
            (Takes::Entries, [one]) => Arguments::Entries(self.entries(matcher, one)?),
            (Takes::Texts { .. } | Takes::Entries, _) => {
                let message = format!("`{matcher}` does not take {} arguments", arguments.len());
                return Err(self.wrong(node, matcher, message));
            }
        };
        Ok(self.typed(node, Kind::Matcher(matcher, arguments), Type::Bool))
    }

    fn texts(
        &mut self,
        matcher: Matcher,
        nodes: &[Node],
        fits: fn(&Node) -> bool,
    ) -> Checked<Vec<Expr>> {
        for node in nodes {
            if !fits(node) {
                return Err(self.wrong(
                    node,
                    matcher,
                    "this is no text in quotes and no placeholder",
                ));
            }
        }
        self.exprs(nodes)
    }

    fn entries(&mut self, matcher: Matcher, node: &Node) -> Checked<Vec<Entry>> {
        let NodeKind::Map(entries) = &node.kind else {
            return Err(self.wrong(node, matcher, format!("`{matcher}` takes a map")));
        };
        let mut checked = Vec::new();
        for (key, value) in entries {
            if !is_text(key) {
                return Err(self.wrong(
                    key,
                    matcher,
                    "this is no text in quotes and no placeholder",
                ));
            }
            checked.push(self.entry(matcher, key, value)?);
        }
        Ok(checked)
    }

    fn entry(&mut self, matcher: Matcher, key: &Node, value: &Node) -> Checked<Entry> {
        let key = self.expr(key)?;
        let values = match &value.kind {
            NodeKind::List(values) => self.texts(matcher, values, is_text)?,
            _ => self.texts(matcher, std::slice::from_ref(value), is_text)?,
        };
        Ok(Entry { key, values })
    }

    /// The map of `file`, whose keys are known.
    fn file_entries(&mut self, matcher: Matcher, node: &Node) -> Checked<Vec<Entry>> {
        let NodeKind::Map(entries) = &node.kind else {
            return Ok(Vec::new());
        };
        let mut checked = Vec::new();
        for (key, value) in entries {
            let is_list = match literal_text(key) {
                Some("try_files" | "split_path") => true,
                Some("root" | "try_policy") => false,
                _ => return Err(self.unknown_key(matcher, key)),
            };
            if is_list != matches!(value.kind, NodeKind::List(_)) {
                let message = if is_list {
                    "a list belongs here"
                } else {
                    "a text belongs here"
                };
                return Err(self.wrong(value, matcher, message));
            }
            checked.push(self.entry(matcher, key, value)?);
        }
        Ok(checked)
    }

    fn unknown_key(&mut self, matcher: Matcher, key: &Node) -> Reported {
        const KEYS: &[&str] = &["root", "split_path", "try_files", "try_policy"];
        let near = literal_text(key).and_then(|text| nearest(text, KEYS.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", KEYS.join(", ")),
        };
        let message = format!("`{matcher}` has no such key");
        self.fail(codes::BAD_EXPRESSION, key, message, help)
    }

    fn wrong(&mut self, node: &Node, matcher: Matcher, message: impl Into<String>) -> Reported {
        let help = format!("write `{}`", matcher.usage());
        self.fail(codes::BAD_EXPRESSION, node, message, help)
    }
}

/// A text in quotes, or a placeholder.
fn is_plain_text(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Literal(Constant::String(_))) || is_placeholder(node)
}

/// A text in quotes, a placeholder, or several of them joined by `+`.
fn is_text(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Operator(Function::Add, parts) => parts.iter().all(is_text),
        _ => is_plain_text(node),
    }
}

//! Calls: which function is meant, and which of its signatures fit.

use zs_diagnostics::{codes, nearest};

use super::{Checked, Checker, REQUEST, Reported};
use crate::Function;
use crate::matcher::Matcher;
use crate::node::{Name, Node, NodeKind};
use crate::signature::usage;
use crate::tree::{Expr, Kind};
use crate::types::Type;

/// The function that reads a placeholder.
const PLACEHOLDER: &str = "ph";

impl Checker<'_, '_> {
    /// A call by name: a macro, a placeholder, a matcher, a function with a name of several parts, or a method.
    pub(super) fn call(
        &mut self,
        node: &Node,
        receiver: Option<&Node>,
        name: &Name,
        arguments: &[Node],
    ) -> Checked<Expr> {
        let Some(receiver) = receiver else {
            return self.global_call(node, name, arguments);
        };
        if let Some(expr) = self.method_macro(node, receiver, name, arguments) {
            return expr;
        }
        if let Some(path) = receiver.as_path()
            && let Some(function) = Function::by_name(&format!("{path}.{}", name.text))
            && !matches!(function, Function::Greatest | Function::Least)
        {
            let arguments = self.exprs(arguments)?;
            return self.resolve(node, function, false, arguments);
        }
        let receiver = self.expr(receiver);
        let arguments = self.exprs(arguments);
        let Some(function) = Function::by_name(&name.text) else {
            return Err(self.unknown(name, true));
        };
        let mut all = vec![receiver?];
        all.extend(arguments?);
        self.resolve(node, function, true, all)
    }

    fn global_call(&mut self, node: &Node, name: &Name, arguments: &[Node]) -> Checked<Expr> {
        if name.text == "has"
            && let [argument] = arguments
        {
            return self.has(node, argument);
        }
        if name.text == PLACEHOLDER {
            return self.placeholder(node, name, arguments);
        }
        if let Some(matcher) = Matcher::by_name(&name.text) {
            return self.matcher(node, matcher, arguments);
        }
        let arguments = self.exprs(arguments);
        match Function::by_name(&name.text) {
            Some(function) => self.resolve(node, function, false, arguments?),
            None => Err(self.unknown(name, false)),
        }
    }

    /// `ph(req, name)`, which is what `{name}` is short for.
    fn placeholder(&mut self, node: &Node, name: &Name, arguments: &[Node]) -> Checked<Expr> {
        if let [request, placeholder] = arguments
            && request.as_name().is_some_and(|name| name.text == REQUEST)
        {
            let text = self.expr(placeholder)?;
            if self.unifier.join(&text.ty, &Type::String).is_some() {
                return Ok(self.typed(node, Kind::Placeholder(Box::new(text)), Type::Dynamic));
            }
        }
        let message = "`ph` takes the request and the name of a placeholder";
        let help = "write a placeholder as `{http.request.uri}`";
        Err(self.fail_at(codes::EXPRESSION_TYPE, name, message, help))
    }

    fn unknown(&mut self, name: &Name, method: bool) -> Reported {
        let what = if method { "method" } else { "function" };
        let message = format!("{what} `{}` does not exist", name.text);
        let functions = Function::callable().map(Function::name);
        let matchers = Matcher::ALL.iter().map(|matcher| matcher.name());
        let known = functions.chain(matchers).chain(MACROS.iter().copied());
        let help = match nearest(&name.text, known) {
            Some(near) if near == name.text => format!("look at the number of arguments of `{near}`"),
            Some(near) => format!("did you mean `{near}`?"),
            None => "functions are those of CEL, request matchers, and its extensions for strings, lists and math".to_owned(),
        };
        self.fail_at(codes::BAD_EXPRESSION, name, message, help)
    }

    /// Finds the signatures that fit; all that do, since a dynamic value may be of several types.
    pub(super) fn resolve(
        &mut self,
        node: &Node,
        function: Function,
        method: bool,
        arguments: Vec<Expr>,
    ) -> Checked<Expr> {
        let types: Vec<Type> = arguments
            .iter()
            .map(|argument| argument.ty.clone())
            .collect();
        let mut result: Option<Type> = None;
        for signature in function.signatures() {
            if signature.method != method || signature.parameters.len() != types.len() {
                continue;
            }
            let instance = signature.instantiate(&mut self.unifier);
            if !self.unifier.assignable(&types, &instance.parameters) {
                continue;
            }
            let ty = self.unifier.resolve(&instance.result, false);
            result = Some(match result {
                Some(earlier) if earlier != ty => Type::Dynamic,
                _ => ty,
            });
        }
        let Some(ty) = result else {
            return Err(self.no_signature(node, function, method, &types));
        };
        self.check_conversion(node, function, &arguments)?;
        Ok(self.typed(node, Kind::Call(function, arguments), ty))
    }

    fn no_signature(
        &mut self,
        node: &Node,
        function: Function,
        method: bool,
        types: &[Type],
    ) -> Reported {
        let shown: Vec<String> = types
            .iter()
            .map(|ty| self.unifier.resolve(ty, true).to_string())
            .collect();
        let message = match shown.as_slice() {
            [] => format!("`{function}` takes arguments"),
            [receiver, rest @ ..] if method => {
                let rest = if rest.is_empty() {
                    "nothing".to_owned()
                } else {
                    rest.join(", ")
                };
                format!("`{function}` of {receiver} does not take {rest}")
            }
            shown => format!("`{function}` does not take {}", shown.join(", ")),
        };
        const SHOWN_MAX: usize = 4;
        let signatures = function.signatures();
        let mut usages: Vec<String> = signatures
            .iter()
            .take(SHOWN_MAX)
            .map(|signature| format!("`{}`", usage(function, signature)))
            .collect();
        if signatures.len() > SHOWN_MAX {
            usages.push("…".to_owned());
        }
        let help = format!("it is {}", usages.join(", "));
        self.fail(codes::EXPRESSION_TYPE, node, message, help)
    }
}

/// What is written like a function and is none.
const MACROS: &[&str] = &[
    "all",
    "exists",
    "exists_one",
    "filter",
    "has",
    "map",
    "sortBy",
    "cel.bind",
];

/// Whether a node reads a placeholder.
pub(super) fn is_placeholder(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Call { receiver: None, name, .. } if name.text == PLACEHOLDER)
}

//! Nodes to the typed tree: names, macros and types.

mod call;
mod finish;
mod macros;
mod matchers;

use zs_diagnostics::{Diagnostic, Sink, Span, codes, nearest};

use crate::matcher::Matcher;
use crate::node::{Name, Node, NodeKind};
use crate::placeholders::Expanded;
use crate::tree::{Constant, Expr, Kind, VariableId};
use crate::types::Type;
use crate::unify::Unifier;
use crate::{Function, conversion};

/// An error was put into the sink.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported;

type Checked<T> = Result<T, Reported>;

/// Gives types to an expression, which has to be a condition.
pub(crate) fn check(node: &Node, expanded: &Expanded, sink: &mut Sink) -> Option<Expr> {
    let mut checker = Checker {
        expanded,
        sink,
        unifier: Unifier::default(),
        scopes: Vec::new(),
        variables: 0,
    };
    let checked = checker.condition(node);
    if checker.unifier.is_exhausted() {
        let help = "give less deep lists and maps to variables";
        let message = "the types in the expression are too large";
        let Reported = checker.fail(codes::LIMIT_EXCEEDED, node, message, help);
        return None;
    }
    checked.ok()
}

struct Checker<'a, 's> {
    expanded: &'a Expanded<'s>,
    sink: &'a mut Sink,
    unifier: Unifier,
    scopes: Vec<Scope>,
    variables: u32,
}

/// A variable that can be used.
struct Scope {
    name: String,
    variable: VariableId,
    ty: Type,
}

impl Checker<'_, '_> {
    fn condition(&mut self, node: &Node) -> Checked<Expr> {
        let mut root = self.expr(node)?;
        self.finish(&mut root);
        if root.ty == Type::Bool {
            return Ok(root);
        }
        let message = format!("the expression is of type {}, not bool", root.ty);
        let help = match root.ty {
            Type::Dynamic => "compare it with a value, such as `{http.request.method} == 'GET'`",
            _ => "compare it with a value",
        };
        Err(self.fail(codes::EXPRESSION_TYPE, node, message, help))
    }

    fn expr(&mut self, node: &Node) -> Checked<Expr> {
        let (kind, ty) = match &node.kind {
            NodeKind::Literal(value) => (Kind::Constant(value.clone()), value.ty()),
            NodeKind::Name(name) => self.name(name)?,
            NodeKind::Select(operand, field) => self.select(node, operand, field)?,
            NodeKind::Call {
                receiver,
                name,
                arguments,
            } => return self.call(node, receiver.as_deref(), name, arguments),
            NodeKind::Operator(function, operands) => {
                let operands = self.exprs(operands)?;
                return self.resolve(node, *function, false, operands);
            }
            NodeKind::And(operands) => (Kind::And(self.conditions(operands)?), Type::Bool),
            NodeKind::Or(operands) => (Kind::Or(self.conditions(operands)?), Type::Bool),
            NodeKind::Conditional(parts) => self.conditional(parts)?,
            NodeKind::List(elements) => self.list(elements)?,
            NodeKind::Map(entries) => self.map(entries)?,
            NodeKind::Message(name) => return Err(self.no_message(node, name)),
        };
        Ok(self.typed(node, kind, ty))
    }

    fn typed(&self, node: &Node, kind: Kind, ty: Type) -> Expr {
        let span = self.span(node.start, node.end);
        Expr { kind, ty, span }
    }

    /// All of them, so that each is reported that is wrong.
    fn exprs(&mut self, nodes: &[Node]) -> Checked<Vec<Expr>> {
        let checked: Vec<_> = nodes.iter().map(|node| self.expr(node)).collect();
        checked.into_iter().collect()
    }

    fn conditions(&mut self, nodes: &[Node]) -> Checked<Vec<Expr>> {
        let checked: Vec<_> = nodes.iter().map(|node| self.bool(node)).collect();
        checked.into_iter().collect()
    }

    /// An expression that is a condition.
    fn bool(&mut self, node: &Node) -> Checked<Expr> {
        let expr = self.expr(node)?;
        if self.unifier.join(&expr.ty, &Type::Bool).is_some() {
            return Ok(expr);
        }
        let ty = self.unifier.resolve(&expr.ty, true);
        let message = format!("this is of type {ty}, not bool");
        Err(self.fail(
            codes::EXPRESSION_TYPE,
            node,
            message,
            "compare it with a value",
        ))
    }

    fn name(&mut self, name: &Name) -> Checked<(Kind, Type)> {
        if let Some(scope) = self.local(&name.text) {
            return Ok((Kind::Variable(scope.variable), scope.ty.clone()));
        }
        if name.text == REQUEST {
            return Ok((Kind::Request, Type::Request));
        }
        if let Some(ty) = Type::by_name(&name.text) {
            return Ok((Kind::TypeName(ty), Type::Type));
        }
        let message = format!("`{}` is not declared", name.text);
        let help = match Matcher::by_name(&name.text) {
            Some(matcher) => format!("call it: `{}`", matcher.usage()),
            None => match nearest(&name.text, self.scopes.iter().map(|scope| &*scope.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("put texts into quotes: `'{}'`", name.text),
            },
        };
        Err(self.fail_at(codes::BAD_EXPRESSION, name, message, help))
    }

    fn local(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().rev().find(|scope| scope.name == name)
    }

    fn select(&mut self, node: &Node, operand: &Node, field: &Name) -> Checked<(Kind, Type)> {
        if let Some(path) = node.as_path()
            && let Some(ty) = Type::by_name(&path)
            && path.split('.').all(|part| self.local(part).is_none())
        {
            return Ok((Kind::TypeName(ty), Type::Type));
        }
        let operand_expr = self.expr(operand)?;
        let ty = self.field_type(operand, &operand_expr, field)?;
        Ok((Kind::Select(Box::new(operand_expr), field.text.clone()), ty))
    }

    /// The type of a field of a value.
    fn field_type(&mut self, operand: &Node, value: &Expr, field: &Name) -> Checked<Type> {
        match self.unifier.resolve(&value.ty, false) {
            Type::Map(_, value) => Ok((*value).clone()),
            unknown @ Type::Unknown(_) => {
                self.unifier.join(&Type::Dynamic, &unknown);
                Ok(Type::Dynamic)
            }
            Type::Dynamic => Ok(Type::Dynamic),
            Type::Request => {
                let message = format!("the request has no field `{}`", field.text);
                let help = "use a placeholder, such as `{http.request.uri.path}`";
                Err(self.fail_at(codes::EXPRESSION_TYPE, field, message, help))
            }
            ty => {
                let message = format!("a value of type {ty} has no fields");
                let help = "only maps and placeholders have fields";
                Err(self.fail(codes::EXPRESSION_TYPE, operand, message, help))
            }
        }
    }

    fn conditional(&mut self, parts: &[Node; 3]) -> Checked<(Kind, Type)> {
        let [condition, yes, no] = parts;
        let (condition, yes_expr, no_expr) = (self.bool(condition), self.expr(yes), self.expr(no));
        let (condition, yes_expr, no_expr) = (condition?, yes_expr?, no_expr?);
        let Some(ty) = self.unifier.join(&yes_expr.ty, &no_expr.ty) else {
            let left = self.unifier.resolve(&yes_expr.ty, true);
            let right = self.unifier.resolve(&no_expr.ty, true);
            let message = format!("the choice is between types {left} and {right}");
            let help = "make both of one type, or wrap one in `dyn()`";
            return Err(self.fail(codes::EXPRESSION_TYPE, no, message, help));
        };
        let parts = Box::new([condition, yes_expr, no_expr]);
        Ok((Kind::Conditional(parts), ty))
    }

    fn list(&mut self, elements: &[Node]) -> Checked<(Kind, Type)> {
        let elements = self.exprs(elements)?;
        let ty = Type::list(self.common(elements.iter().map(|element| &element.ty)));
        Ok((Kind::List(elements), ty))
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Checked<(Kind, Type)> {
        let checked: Vec<_> = entries
            .iter()
            .map(|(key, value)| (self.expr(key), self.expr(value)))
            .collect();
        let entries = checked
            .into_iter()
            .map(|(key, value)| Ok((key?, value?)))
            .collect::<Checked<Vec<_>>>()?;
        let key = self.common(entries.iter().map(|(key, _)| &key.ty));
        let value = self.common(entries.iter().map(|(_, value)| &value.ty));
        Ok((Kind::Map(entries), Type::map(key, value)))
    }

    /// The type that all have in common; unknown when there are none.
    fn common<'t>(&mut self, mut types: impl Iterator<Item = &'t Type>) -> Type {
        let Some(first) = types.next() else {
            return self.unifier.fresh();
        };
        types.fold(first.clone(), |common, ty| {
            self.unifier.join(&common, ty).unwrap_or(Type::Dynamic)
        })
    }

    fn no_message(&mut self, node: &Node, name: &Node) -> Reported {
        let message = match name.as_path() {
            Some(name) => format!("no message type `{name}` is known"),
            None => "a message needs the name of its type".to_owned(),
        };
        let help = "a map is written `{'key': value}`";
        self.fail(codes::BAD_EXPRESSION, node, message, help)
    }

    /// Checks an expression in which a variable can be used.
    fn within<T>(
        &mut self,
        name: &Name,
        ty: Type,
        inside: impl FnOnce(&mut Self, VariableId) -> Checked<T>,
    ) -> Checked<T> {
        let variable = VariableId(self.variables);
        self.variables += 1;
        self.scopes.push(Scope {
            name: name.text.clone(),
            variable,
            ty,
        });
        let result = inside(self, variable);
        self.scopes.pop();
        result
    }

    /// A conversion of a constant fails when the expression is compiled, not for every request.
    fn check_conversion(
        &mut self,
        node: &Node,
        function: Function,
        arguments: &[Expr],
    ) -> Checked<()> {
        let [argument] = arguments else { return Ok(()) };
        let Kind::Constant(value) = &argument.kind else {
            return Ok(());
        };
        match conversion::problem(function, value) {
            None => Ok(()),
            Some(help) => {
                let message = format!("`{function}` cannot convert this value");
                Err(self.fail(codes::BAD_EXPRESSION, node, message, help))
            }
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        self.expanded.span(start, end)
    }

    fn fail(
        &mut self,
        code: zs_diagnostics::Code,
        node: &Node,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        let span = self.span(node.start, node.end);
        self.sink
            .report(Diagnostic::error(code, span, message).help(help));
        Reported
    }

    fn fail_at(
        &mut self,
        code: zs_diagnostics::Code,
        name: &Name,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        let span = self.span(name.start, name.end);
        self.sink
            .report(Diagnostic::error(code, span, message).help(help));
        Reported
    }
}

/// The variable that holds the request.
const REQUEST: &str = "req";

/// The text of a literal node.
fn literal_text(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Literal(Constant::String(text)) => Some(text),
        _ => None,
    }
}

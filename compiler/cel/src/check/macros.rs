//! What is written like a method and declares a variable, and the few that look at how their arguments are written.

use zs_diagnostics::codes;

use super::{Checked, Checker};
use crate::Function;
use crate::node::{Name, Node, NodeKind};
use crate::signature::SORTABLE;
use crate::tree::{Comprehension, Constant, Expr, Kind, Range};
use crate::types::Type;

impl Checker<'_, '_> {
    /// The expression of a macro; none when the name and the number of arguments are not those of one.
    pub(super) fn method_macro(
        &mut self,
        node: &Node,
        receiver: &Node,
        name: &Name,
        arguments: &[Node],
    ) -> Option<Checked<Expr>> {
        let namespace = receiver.as_name().map(|name| name.text.as_str());
        Some(match (name.text.as_str(), arguments) {
            ("all" | "exists" | "exists_one" | "filter", [variable, condition]) => {
                self.test(node, receiver, &name.text, variable, condition)
            }
            ("map", [variable, value]) => self.map_macro(node, receiver, variable, None, value),
            ("map", [variable, condition, value]) => {
                self.map_macro(node, receiver, variable, Some(condition), value)
            }
            ("sortBy", [variable, key]) => self.sort_by(node, receiver, variable, key),
            ("bind", [variable, value, body]) if namespace == Some("cel") => {
                self.bind(node, variable, value, body)
            }
            ("greatest", arguments) if namespace == Some("math") => {
                self.extreme(node, Function::Greatest, arguments)
            }
            ("least", arguments) if namespace == Some("math") => {
                self.extreme(node, Function::Least, arguments)
            }
            _ => return None,
        })
    }

    /// `has(operand.field)`
    pub(super) fn has(&mut self, node: &Node, argument: &Node) -> Checked<Expr> {
        let NodeKind::Select(operand, field) = &argument.kind else {
            let help = "write `has(map.key)`";
            let message = "`has` takes a field";
            return Err(self.fail(codes::BAD_EXPRESSION, argument, message, help));
        };
        let value = self.expr(operand)?;
        self.field_type(operand, &value, field)?;
        let kind = Kind::Has(Box::new(value), field.text.clone());
        Ok(self.typed(node, kind, Type::Bool))
    }

    /// The list or map that is gone over, and the type of its elements or keys.
    fn range(&mut self, receiver: &Node) -> Checked<(Expr, Type)> {
        let over = self.expr(receiver)?;
        let element = match self.unifier.resolve(&over.ty, false) {
            Type::List(element) => (*element).clone(),
            Type::Map(key, _) => (*key).clone(),
            Type::Dynamic => Type::Dynamic,
            unknown @ Type::Unknown(_) => {
                self.unifier.join(&Type::Dynamic, &unknown);
                Type::Dynamic
            }
            ty => {
                let message = format!("a value of type {ty} has no elements");
                let help = "only lists and maps have; `split` makes a list of a text";
                return Err(self.fail(codes::EXPRESSION_TYPE, receiver, message, help));
            }
        };
        Ok((over, element))
    }

    /// The variable that a macro declares.
    fn variable<'n>(&mut self, node: &'n Node) -> Checked<&'n Name> {
        if let Some(name) = node.as_name() {
            return Ok(name);
        }
        let message = "the name of a variable is needed here";
        let help = "write `list.all(item, condition)`";
        Err(self.fail(codes::BAD_EXPRESSION, node, message, help))
    }

    fn test(
        &mut self,
        node: &Node,
        receiver: &Node,
        name: &str,
        variable: &Node,
        condition: &Node,
    ) -> Checked<Expr> {
        let variable = self.variable(variable)?;
        let (over, element) = self.range(receiver)?;
        let list = Type::list(element.clone());
        let (variable, condition) = self.within(variable, element, |checker, variable| {
            Ok((variable, checker.bool(condition)?))
        })?;
        let range = Range { over, variable };
        let (comprehension, ty) = match name {
            "all" => (Comprehension::All(range, condition), Type::Bool),
            "exists" => (Comprehension::Exists(range, condition), Type::Bool),
            "filter" => (Comprehension::Filter(range, condition), list),
            _ => (Comprehension::ExistsOne(range, condition), Type::Bool),
        };
        let kind = Kind::Comprehension(Box::new(comprehension));
        Ok(self.typed(node, kind, ty))
    }

    fn map_macro(
        &mut self,
        node: &Node,
        receiver: &Node,
        variable: &Node,
        condition: Option<&Node>,
        value: &Node,
    ) -> Checked<Expr> {
        let variable = self.variable(variable)?;
        let (over, element) = self.range(receiver)?;
        let (variable, condition, value) =
            self.within(variable, element, |checker, variable| {
                let condition = condition.map(|condition| checker.bool(condition));
                let value = checker.expr(value)?;
                Ok((variable, condition.transpose()?, value))
            })?;
        let ty = Type::list(value.ty.clone());
        let comprehension = Comprehension::Map(Range { over, variable }, condition, value);
        let kind = Kind::Comprehension(Box::new(comprehension));
        Ok(self.typed(node, kind, ty))
    }

    fn sort_by(
        &mut self,
        node: &Node,
        receiver: &Node,
        variable: &Node,
        key: &Node,
    ) -> Checked<Expr> {
        if matches!(receiver.kind, NodeKind::Literal(_) | NodeKind::Map(_)) {
            let message = "`sortBy` sorts lists";
            let help = "write `list.sortBy(item, key)`";
            return Err(self.fail(codes::EXPRESSION_TYPE, receiver, message, help));
        }
        let variable = self.variable(variable)?;
        let (over, element) = self.range(receiver)?;
        let list = Type::list(element.clone());
        if self.unifier.join(&over.ty, &list).is_none() {
            let message = "`sortBy` sorts lists";
            let help = "write `map.map(key, key)` for the keys of a map";
            return Err(self.fail(codes::EXPRESSION_TYPE, receiver, message, help));
        }
        let (variable, key_expr) = self.within(variable, element, |checker, variable| {
            Ok((variable, checker.expr(key)?))
        })?;
        let sortable = SORTABLE
            .iter()
            .any(|ty| self.unifier.join(&key_expr.ty, ty).is_some());
        if !sortable {
            let ty = self.unifier.resolve(&key_expr.ty, true);
            let message = format!("a key of type {ty} has no order");
            let help = "sort by a number, a text or a time";
            return Err(self.fail(codes::EXPRESSION_TYPE, key, message, help));
        }
        let comprehension = Comprehension::SortBy(Range { over, variable }, key_expr);
        let kind = Kind::Comprehension(Box::new(comprehension));
        Ok(self.typed(node, kind, list))
    }

    fn bind(&mut self, node: &Node, variable: &Node, value: &Node, body: &Node) -> Checked<Expr> {
        let variable = self.variable(variable)?;
        let value = Box::new(self.expr(value)?);
        let ty = value.ty.clone();
        let (variable, body) = self.within(variable, ty, |checker, variable| {
            Ok((variable, Box::new(checker.expr(body)?)))
        })?;
        let ty = body.ty.clone();
        let kind = Kind::Bind {
            variable,
            value,
            body,
        };
        Ok(self.typed(node, kind, ty))
    }

    /// `math.greatest` and `math.least`, whose literal arguments must be numbers. More than two are a list.
    fn extreme(&mut self, node: &Node, function: Function, arguments: &[Node]) -> Checked<Expr> {
        let elements = match arguments {
            [
                Node {
                    kind: NodeKind::List(elements),
                    ..
                },
            ] if !elements.is_empty() => elements,
            _ => arguments,
        };
        let wrong = match elements {
            [] => Some(node),
            _ => elements.iter().find(|element| !may_be_number(element)),
        };
        if let Some(wrong) = wrong {
            let message = format!("`{function}` takes numbers");
            let help = "write one or more numbers, or a list of them";
            return Err(self.fail(codes::EXPRESSION_TYPE, wrong, message, help));
        }
        let arguments = self.exprs(arguments)?;
        if arguments.len() <= 2 {
            return self.resolve(node, function, false, arguments);
        }
        let ty = Type::list(self.common(arguments.iter().map(|argument| &argument.ty)));
        let list = self.typed(node, Kind::List(arguments), ty);
        self.resolve(node, function, false, vec![list])
    }
}

/// Whether a node is no literal of another type.
fn may_be_number(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Literal(value) => {
            matches!(
                value,
                Constant::Int(_) | Constant::Uint(_) | Constant::Double(_)
            )
        }
        NodeKind::List(_) | NodeKind::Map(_) | NodeKind::Message(_) => false,
        _ => true,
    }
}

//! `vars [<matcher>] [<name> <value>] { <name> <value> }`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, VarValue, Vars};
use crate::spec::{Block, Line, Shape};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "vars",
    Shape::with_block(0, 2, Block::Maybe, "vars [<matcher>] [<name> <value>]"),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut vars = Vars {
        origin: call.origin().into(),
        ..Vars::default()
    };
    match call.line.arguments {
        [] => {}
        [name, values @ ..] => set(
            &mut vars,
            &Line {
                name,
                arguments: values,
                block: None,
            },
            call.cx,
        )?,
    }
    for segment in call.line.lines() {
        set(&mut vars, &Line::new(segment), call.cx)?;
    }
    Ok(Handler::Vars(vars))
}

fn set(vars: &mut Vars, line: &Line, cx: &mut Context) -> Parsed<()> {
    Shape::arguments(1, 1, "<name> <value>").check(line, cx)?;
    let value = value(&line.arguments[0], cx)?;
    vars.values.insert(line.name.text.clone(), value);
    Ok(())
}

/// A bare word that looks like a number or a truth value is one.
fn value(token: &Token, cx: &mut Context) -> Parsed<VarValue> {
    let text = token.text.as_str();
    if token.is_quoted() {
        return Ok(VarValue::Text(text.to_owned()));
    }
    if let Ok(number) = text.parse() {
        return Ok(VarValue::Integer(number));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => return Ok(VarValue::Float(number)),
        Ok(_) => {
            let message = format!("`{text}` is read as a number that cannot be written down");
            return Err(cx.fail(
                token,
                codes::BAD_VALUE,
                message,
                "put it into quotes if it is meant as text",
            ));
        }
        Err(_) => {}
    }
    Ok(match text {
        "t" | "T" | "true" | "TRUE" | "True" => VarValue::Bool(true),
        "f" | "F" | "false" | "FALSE" | "False" => VarValue::Bool(false),
        _ => VarValue::Text(text.to_owned()),
    })
}

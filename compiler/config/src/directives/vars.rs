//! `vars [<matcher>] [<name> <value>] { <name> <value> }`

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, Vars};
use crate::spec::{Block, Line, Shape};
use crate::values::scalar::scalar;

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
    let value = scalar(&line.arguments[0], cx)?;
    vars.values.insert(line.name.text.clone(), value);
    Ok(())
}

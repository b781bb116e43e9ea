//! `map [<matcher>] <source> <destinations...> { [~]<input> <outputs...>; default <outputs...> }`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::{Context, Parsed};
use crate::model::{Handler, MapHandler, Mapping, VarValue};
use crate::shorthand;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::scalar::scalar;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "map",
    Shape::with_block(
        2,
        usize::MAX,
        Block::Maybe,
        "map [<matcher>] <source> <destinations...> { ... }",
    ),
    parse,
);

const GRAMMAR: Grammar<MapHandler> = Grammar {
    vocabulary: Vocabulary::Subdirective("map"),
    entries: &[&[Entry::once(
        "default",
        Shape::arguments(1, usize::MAX, "default <outputs...>"),
        defaults,
    )]],
    other: Some(mapping),
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut map = MapHandler {
        source: call.line.text(0).to_owned(),
        origin: call.origin().into(),
        ..MapHandler::default()
    };
    for token in &call.line.arguments[1..] {
        if let Some(short) = shorthand::replaced(&token.text) {
            let message = format!("`{{{short}}}` has a meaning already, so `map` cannot set it");
            let help = "give the destination another name";
            return Err(call.cx.fail(token, codes::CONFLICT, message, help));
        }
        map.destinations.push(token.text.clone());
    }
    GRAMMAR.apply_all(call.line.lines(), &mut map, call.cx)?;
    Ok(Handler::Map(map))
}

fn defaults(map: &mut MapHandler, line: &Line, cx: &mut Context) -> Parsed<()> {
    check_count(map, line, cx)?;
    map.defaults = line.texts();
    map.defaults.resize(map.destinations.len(), String::new());
    Ok(())
}

/// One input with its outputs. A `-` stands for no output, and so do outputs that are missing.
fn mapping(map: &mut MapHandler, line: &Line, cx: &mut Context) -> Parsed<()> {
    Shape::arguments(0, usize::MAX, "[~]<input> <outputs...>").check(line, cx)?;
    check_count(map, line, cx)?;
    let mut outputs = Vec::new();
    for token in line.arguments {
        outputs.push(if token.text == "-" {
            VarValue::Null
        } else {
            scalar(token, cx)?
        });
    }
    outputs.resize(map.destinations.len(), VarValue::Null);
    let text = line.name.text.as_str();
    let (input, input_regexp) = match text.strip_prefix('~') {
        Some(pattern) => ("", pattern),
        None => (text, ""),
    };
    map.mappings.push(Mapping {
        input: input.to_owned(),
        input_regexp: input_regexp.to_owned(),
        outputs,
    });
    Ok(())
}

fn check_count(map: &MapHandler, line: &Line, cx: &mut Context) -> Parsed<()> {
    let count = map.destinations.len();
    let Some(extra) = line.arguments.get(count) else {
        return Ok(());
    };
    let message = "there are more outputs than destinations";
    let help = "remove it, or name another destination on the first line";
    Err(cx.fail(extra, codes::WRONG_ARGUMENTS, message, help))
}

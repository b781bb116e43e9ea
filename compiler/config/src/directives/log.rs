//! `log [<name>] { ... }`

use super::{Call, Directive, Effect};
use crate::context::Parsed;
use crate::logging::{LogBlock, NamedLog, SITE};
use crate::model::CustomLog;
use crate::spec::{Block, Shape};

pub(super) const DIRECTIVE: Directive = Directive::site(
    "log",
    Shape::with_block(0, 1, Block::Maybe, "log [<name>] { ... }"),
    parse,
);

fn parse(call: &mut Call) -> Parsed<Effect> {
    let mut block = LogBlock::default();
    SITE.apply_all(call.line.lines(), &mut block, call.cx)?;
    let LogBlock {
        mut log,
        hostnames,
        no_hostname,
    } = block;
    let says_something = log != CustomLog::default();
    let mut name = call.line.text(0).to_owned();
    if name.is_empty() && says_something {
        name = call.cx.next_log();
    }
    if !name.is_empty() {
        log.include = vec![format!("http.log.access.{name}")];
    }
    Ok(Effect::Log(Box::new(NamedLog {
        name,
        log: says_something.then_some(log),
        hostnames,
        no_hostname,
    })))
}

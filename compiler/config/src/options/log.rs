//! `log [<name>] { ... }`: loggers of the whole server.

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::logging::{GLOBAL, LogBlock, NamedLog};
use crate::model::CustomLog;
use crate::spec::{Block, Entry, Line, Shape};

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::many(
    "log",
    Shape::with_block(0, 1, Block::Maybe, "log [<name>] { ... }"),
    log,
)
.with_status(differences::RUNTIME_LOG)];

/// The logger that takes what no other takes.
pub(crate) const DEFAULT: &str = "default";

fn log(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let name = if line.arguments.is_empty() {
        DEFAULT
    } else {
        line.text(0)
    };
    if options.logs.iter().any(|log| log.name == name) {
        let message = format!("there are two loggers `{name}`");
        let help = "join the two blocks, or change one name";
        return Err(cx.fail(line.name, codes::CONFLICT, message, help));
    }
    let mut block = LogBlock::default();
    GLOBAL.apply_all(line.lines(), &mut block, cx)?;
    let says_something = block.log != CustomLog::default();
    options.logs.push(NamedLog {
        name: name.to_owned(),
        log: says_something.then_some(block.log),
        hostnames: block.hostnames,
        no_hostname: block.no_hostname,
    });
    Ok(())
}

//! `admin off|<address> { origins <origins...>; enforce_origin }`, `persist_config off`

use zs_diagnostics::codes;

use super::Options;
use super::maintenance::only_off;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::model::Admin;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::last(
        "admin",
        Shape::with_block(0, 1, Block::Maybe, "admin off|<address>"),
        admin,
    ),
    Entry::last(
        "persist_config",
        Shape::arguments(1, 1, "persist_config off"),
        persist_config,
    ),
];

const GRAMMAR: Grammar<Admin> = Grammar {
    vocabulary: Vocabulary::Subdirective("admin"),
    entries: &[&[
        Entry::last(
            "enforce_origin",
            Shape::arguments(0, 0, "enforce_origin"),
            |admin, _, _| {
                admin.enforce_origin = true;
                Ok(())
            },
        ),
        Entry::last(
            "origins",
            Shape::arguments(0, usize::MAX, "origins <origins...>"),
            |admin, line, _| {
                admin.origins = line.texts();
                Ok(())
            },
        ),
    ]],
    other: None,
};

/// Where Caddy's endpoint listens when nothing else is said.
const DEFAULT_LISTEN: &str = "localhost:2019";

fn admin(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut admin = Admin::default();
    if line.text(0) == "off" {
        if line.block.is_some() {
            let help = "remove the block";
            return Err(cx.fail(
                line.name,
                codes::WRONG_ARGUMENTS,
                "`admin off` takes no block",
                help,
            ));
        }
        admin.disabled = true;
    } else {
        let listen = if line.text(0).is_empty() {
            DEFAULT_LISTEN
        } else {
            line.text(0)
        };
        listen.clone_into(&mut admin.listen);
        GRAMMAR.apply_all(line.lines(), &mut admin, cx)?;
        cx.tell(line.name, codes::UNSUPPORTED_OPTION, "", differences::ADMIN);
    }
    options.admin = Some(admin);
    Ok(())
}

fn persist_config(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    only_off(line, cx)?;
    options.persist_config_off = true;
    Ok(())
}

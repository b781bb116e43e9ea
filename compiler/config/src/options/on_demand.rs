//! `on_demand_tls { ask <URL> }`, also as `permission http <URL>`

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed, Reported};
use crate::model::{HttpPermission, OnDemand, Permission};
use crate::plugins;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::unbuilt(Entry::last(
    "on_demand_tls",
    Shape::with_block(0, 0, Block::Maybe, "on_demand_tls { ask <URL> }"),
    |options, line, cx| {
        let mut on_demand = OnDemand::default();
        GRAMMAR.apply_all(line.lines(), &mut on_demand, cx)?;
        if on_demand.permission.is_none() {
            let message = "`on_demand_tls` says nothing";
            let help = "write who is asked for permission: `ask <URL>`";
            return Err(cx.fail(line.name, codes::WRONG_ARGUMENTS, message, help));
        }
        options.on_demand = Some(on_demand);
        Ok(())
    },
))];

const GRAMMAR: Grammar<OnDemand> = Grammar {
    vocabulary: Vocabulary::Subdirective("on_demand_tls"),
    entries: &[&[
        Entry::many(
            "ask",
            Shape::arguments(1, 1, "ask <URL>"),
            |on_demand, line, cx| permit(on_demand, line, line.text(0), cx),
        ),
        Entry::many(
            "permission",
            Shape::with_block(1, usize::MAX, Block::Maybe, "permission http <URL>"),
            |on_demand, line, cx| {
                let module = line.inner();
                if module.name.text != "http" {
                    return Err(plugins::refuse(module.name, "source of permissions", cx));
                }
                Shape::arguments(1, 1, "permission http <URL>").check(&module, cx)?;
                permit(on_demand, line, module.text(0), cx)
            },
        ),
        Entry::many("interval", ANYTHING, |_, line, cx| Err(removed(line, cx))),
        Entry::many("burst", ANYTHING, |_, line, cx| Err(removed(line, cx))),
    ]],
    other: None,
};

const ANYTHING: Shape = Shape::with_block(0, usize::MAX, Block::Maybe, "");

fn permit(on_demand: &mut OnDemand, line: &Line, endpoint: &str, cx: &mut Context) -> Parsed<()> {
    if on_demand.permission.is_some() {
        let message = "two servers are to be asked for permission";
        let help = "keep one of `ask` and `permission`";
        return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
    }
    let endpoint = endpoint.to_owned();
    on_demand.permission = Some(Permission::Http(HttpPermission { endpoint }));
    Ok(())
}

fn removed(line: &Line, cx: &mut Context) -> Reported {
    let message = format!("`{}` was taken out of Caddy", line.name.text);
    let help = "remove it: the server that is asked can limit how often it permits";
    cx.fail(line.name, codes::UNKNOWN_SUBDIRECTIVE, message, help)
}

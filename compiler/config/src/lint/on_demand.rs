//! Certificates on demand for whatever name somebody makes up.

use zs_diagnostics::codes;
use zs_syntax::{Segment, Tree};

use super::Lints;

pub(super) fn check(tree: &Tree, lints: &mut Lints) {
    let global = tree.blocks.iter().filter(|block| block.keys.is_empty());
    let restricted = global
        .flat_map(|block| &block.segments)
        .filter(|segment| segment.name().text == "on_demand_tls")
        .flat_map(lines)
        .any(|line| matches!(line.name().text.as_str(), "ask" | "permission"));
    if restricted {
        return;
    }
    let sites = tree.blocks.iter().flat_map(|block| &block.segments);
    for line in sites
        .filter(|segment| segment.name().text == "tls")
        .flat_map(lines)
    {
        if line.name().text == "on_demand" {
            let message = "anybody can make this server ask for certificates of any name";
            let help = "name who decides: `on_demand_tls { ask http://localhost:9123/ask }` in the global options";
            let span = line.name().span;
            lints.warn(
                codes::UNRESTRICTED_ON_DEMAND,
                span,
                message.to_owned(),
                help.to_owned(),
            );
        }
    }
}

fn lines(segment: &Segment) -> impl Iterator<Item = &Segment> {
    segment.block.iter().flatten()
}

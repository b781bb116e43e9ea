//! `route [<matcher>] { <directives...> }`

use super::{Call, Directive};
use crate::assemble::subroute::{Sorting, subroute};
use crate::context::Parsed;
use crate::model::Handler;
use crate::spec::{Block, Shape};

pub(super) const DIRECTIVE: Directive = Directive::handler("route", SHAPE, parse);

const SHAPE: Shape = Shape::with_block(0, 0, Block::Maybe, "route [<matcher>] { <directives...> }");

fn parse(call: &mut Call) -> Parsed<Handler> {
    let routes = call.block_routes()?;
    Ok(Handler::Subroute(subroute(
        routes,
        Sorting::AsWritten,
        call.line.name,
        call.cx,
    )?))
}

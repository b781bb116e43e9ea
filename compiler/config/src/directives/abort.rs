//! `abort [<matcher>]`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, StaticResponse};
use crate::spec::Shape;

pub(super) const DIRECTIVE: Directive =
    Directive::handler("abort", Shape::arguments(0, 0, "abort [<matcher>]"), parse);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let origin = call.origin().into();
    Ok(Handler::StaticResponse(StaticResponse {
        abort: true,
        origin,
        ..StaticResponse::default()
    }))
}

//! `client_ip <ranges...>`

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::{At, IpRanges};
use crate::spec::{Entry, Line, Shape};
use crate::values::ip;

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "client_ip",
    Shape::arguments(1, usize::MAX, "client_ip <ranges...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let ranges = ip::ranges(line.arguments, cx)?;
    matching
        .set
        .client_ip
        .get_or_insert_with(|| At::new(IpRanges::default(), line.name.span))
        .ranges
        .extend(ranges);
    Ok(())
}

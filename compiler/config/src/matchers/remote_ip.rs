//! `remote_ip <ranges...>`

use zs_diagnostics::codes;

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::{At, IpRanges};
use crate::spec::{Entry, Line, Shape};
use crate::values::ip;

pub(super) const ENTRY: Entry<Matching> = Entry::many(
    "remote_ip",
    Shape::arguments(1, usize::MAX, "remote_ip <ranges...>"),
    apply,
);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    if let Some(token) = line
        .arguments
        .iter()
        .find(|token| token.text == "forwarded")
    {
        let message = "`forwarded` is no longer an option of `remote_ip`";
        return Err(cx.fail(
            token,
            codes::BAD_VALUE,
            message,
            "the matcher `client_ip` looks at forwarded addresses",
        ));
    }
    let ranges = ip::ranges(line.arguments, cx)?;
    matching
        .set
        .remote_ip
        .get_or_insert_with(|| At::new(IpRanges::default(), line.name.span))
        .ranges
        .extend(ranges);
    Ok(())
}

//! `tls [early_data]`

use zs_diagnostics::codes;

use super::Matching;
use crate::context::{Context, Parsed, suggest};
use crate::model::{At, TlsMatcher};
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> =
    Entry::many("tls", Shape::arguments(0, 1, "tls [early_data]"), apply);

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let tls = matching
        .set
        .tls
        .get_or_insert_with(|| At::new(TlsMatcher::default(), line.name.span));
    let Some(token) = line.arguments.first() else {
        return Ok(());
    };
    if token.text != "early_data" {
        let message = format!("`{}` is nothing to look for in a handshake", token.text);
        let help = suggest(
            &token.text,
            ["early_data"],
            "write `tls` or `tls early_data`",
        );
        return Err(cx.fail(token, codes::BAD_VALUE, message, help));
    }
    tls.handshake_complete = Some(false);
    Ok(())
}

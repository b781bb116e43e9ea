//! `templates [<matcher>] { mime <types...>; between <open> <close>; root <folder> }`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, Templates};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "templates",
    Shape::with_block(0, 0, Block::Maybe, "templates [<matcher>] { ... }"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<Templates> = Grammar {
    vocabulary: Vocabulary::Subdirective("templates"),
    entries: &[&[
        Entry::<Templates>::last(
            "mime",
            Shape::arguments(1, usize::MAX, "mime <types...>"),
            |templates, line, _| {
                templates.mime_types = line.texts();
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Templates>::last(
            "between",
            Shape::arguments(2, 2, "between <open> <close>"),
            |templates, line, _| {
                templates.delimiters = line.texts();
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Templates>::last(
            "root",
            Shape::arguments(1, 1, "root <folder>"),
            |templates, line, _| {
                line.text(0).clone_into(&mut templates.file_root);
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<Templates>::once(
            "extensions",
            Shape::with_block(0, 0, Block::Maybe, "extensions { <modules...> }"),
            |_, line, cx| match line.lines().first() {
                None => Ok(()),
                Some(segment) => {
                    let name = segment.name();
                    let message = format!(
                        "the template functions `{}` belong to a module that stock Caddy does not have",
                        name.text
                    );
                    let help = "remove them, or serve this site with a Caddy that has the module";
                    Err(cx.fail(name, codes::THIRD_PARTY_MODULE, message, help))
                }
            },
        )
        .unbuilt(),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut templates = Templates {
        origin: call.origin().into(),
        ..Templates::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut templates, call.cx)?;
    Ok(Handler::Templates(templates))
}

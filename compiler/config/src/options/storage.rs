//! `storage file_system <root>`, also with the root in a block

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed};
use crate::model::Storage;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::once(
    "storage",
    Shape::with_block(1, 2, Block::Maybe, "storage file_system [<root>]"),
    storage,
)];

const GRAMMAR: Grammar<String> = Grammar {
    vocabulary: Vocabulary::Subdirective("storage file_system"),
    entries: &[&[Entry::once(
        "root",
        Shape::arguments(1, 1, "root <folder>"),
        |root, line, _| {
            line.text(0).clone_into(root);
            Ok(())
        },
    )]],
    other: None,
};

fn storage(options: &mut Options, line: &Line, cx: &mut Context) -> Parsed<()> {
    let kind = &line.arguments[0];
    if kind.text != "file_system" {
        let message = format!("storage `{}` is not supported yet", kind.text);
        return Err(cx.fail(
            kind,
            codes::UNSUPPORTED_OPTION,
            message,
            "the storage is `file_system`",
        ));
    }
    let mut root = line.text(1).to_owned();
    GRAMMAR.apply_all(line.lines(), &mut root, cx)?;
    options.storage = Some(Storage::FileSystem { root });
    Ok(())
}

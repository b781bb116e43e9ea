//! `storage file_system <root>`, also with the root in a block

use zs_diagnostics::codes;

use super::Options;
use crate::context::{Context, Parsed};
use crate::differences;
use crate::model::Storage;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::third_party::{self, Place};

pub(super) const ENTRIES: &[Entry<Options>] =
    &[
        Entry::<Options>::last("storage", SHAPE, |options, line, cx| {
            options.storage = Some(parse(line, cx)?);
            Ok(())
        })
        .with_status(differences::STORAGE),
    ];

/// The shape of a line whose arguments name a storage.
pub(crate) const SHAPE: Shape =
    Shape::with_block(1, 2, Block::Maybe, "storage file_system [<root>]");

const GRAMMAR: Grammar<String> = Grammar {
    vocabulary: Vocabulary::Subdirective("storage file_system"),
    entries: &[&[Entry::last(
        "root",
        Shape::arguments(1, 1, "root <folder>"),
        |root, line, _| {
            line.text(0).clone_into(root);
            Ok(())
        },
    )]],
    other: None,
};

/// The storage that a line's arguments and block describe.
pub(crate) fn parse(line: &Line, cx: &mut Context) -> Parsed<Storage> {
    let kind = &line.arguments[0];
    if let Some(reported) = third_party::explain(Place::Storage, kind, cx) {
        return Err(reported);
    }
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
    Ok(Storage::FileSystem { root })
}

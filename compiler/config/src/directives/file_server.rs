//! `file_server [<matcher>] [browse] { ... }`

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::{Context, Parsed, suggest};
use crate::model::{Browse, FileServer, Handler, NoSettings};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};
use crate::third_party::{self, Place};
use crate::values::number::integer;
use crate::values::status::status;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "file_server",
    Shape::with_block(0, 1, Block::Maybe, "file_server [<matcher>] [browse]"),
    parse,
);

pub(super) const GRAMMAR: Grammar<FileServer> = Grammar {
    vocabulary: Vocabulary::Subdirective("file_server"),
    entries: &[&[
        Entry::<FileServer>::once(
            "fs",
            Shape::arguments(1, 1, "fs <file system>"),
            |files, line, _| {
                line.text(0).clone_into(&mut files.fs);
                Ok(())
            },
        )
        .unbuilt(),
        Entry::<FileServer>::last(
            "root",
            Shape::arguments(1, 1, "root <folder>"),
            |files, line, _| {
                line.text(0).clone_into(&mut files.root);
                Ok(())
            },
        ),
        Entry::<FileServer>::many(
            "hide",
            Shape::arguments(1, usize::MAX, "hide <files...>"),
            |files, line, _| {
                files.hide.extend(line.texts());
                Ok(())
            },
        ),
        Entry::<FileServer>::last(
            "index",
            Shape::arguments(1, usize::MAX, "index <files...>"),
            |files, line, _| {
                files.index_names = line.texts();
                Ok(())
            },
        ),
        Entry::<FileServer>::many(
            "browse",
            Shape::with_block(0, 1, Block::Maybe, "browse [<template>] { ... }"),
            browse,
        ),
        Entry::<FileServer>::last(
            "precompressed",
            Shape::arguments(0, usize::MAX, "precompressed [<formats...>]"),
            precompressed,
        ),
        Entry::<FileServer>::last(
            "status",
            Shape::arguments(1, 1, "status <status>"),
            |files, line, cx| {
                files.status_code = Some(status(&line.arguments[0], cx)?);
                Ok(())
            },
        ),
        Entry::<FileServer>::many(
            "disable_canonical_uris",
            Shape::arguments(0, 0, "disable_canonical_uris"),
            |files, _, _| {
                files.canonical_uris = Some(false);
                Ok(())
            },
        ),
        Entry::<FileServer>::many(
            "pass_thru",
            Shape::arguments(0, 0, "pass_thru"),
            |files, _, _| {
                files.pass_thru = true;
                Ok(())
            },
        ),
        Entry::<FileServer>::last(
            "etag_file_extensions",
            Shape::arguments(1, usize::MAX, "etag_file_extensions <extensions...>"),
            |files, line, _| {
                files.etag_file_extensions = line.texts();
                Ok(())
            },
        ),
    ]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut files = FileServer {
        origin: call.origin().into(),
        ..FileServer::default()
    };
    if let Some(token) = call.line.arguments.first() {
        if token.text != "browse" {
            let message = format!("`{}` is no argument of `file_server`", token.text);
            let help =
                "write `file_server`, `file_server browse`, or `file_server { root <folder> }`";
            return Err(call.cx.fail(token, codes::WRONG_ARGUMENTS, message, help));
        }
        files.browse = Some(Browse::default());
    }
    GRAMMAR.apply_all(call.line.lines(), &mut files, call.cx)?;
    call.cx.site_files.hide(&mut files.hide);
    Ok(Handler::FileServer(Box::new(files)))
}

fn browse(files: &mut FileServer, line: &Line, cx: &mut Context) -> Parsed<()> {
    if files.browse.is_some() {
        let message = "`browse` is given twice";
        let help = "keep one of the two";
        return Err(cx.fail(line.name, codes::DUPLICATE_SETTING, message, help));
    }
    let mut browse = Browse {
        template_file: line.text(0).to_owned(),
        ..Browse::default()
    };
    BROWSE.apply_all(line.lines(), &mut browse, cx)?;
    files.browse = Some(browse);
    Ok(())
}

pub(super) const BROWSE: Grammar<Browse> = Grammar {
    vocabulary: Vocabulary::Subdirective("browse"),
    entries: &[&[
        Entry::<Browse>::once(
            "reveal_symlinks",
            Shape::arguments(0, 0, "reveal_symlinks"),
            |browse, _, _| {
                browse.reveal_symlinks = true;
                Ok(())
            },
        ),
        Entry::<Browse>::many(
            "sort",
            Shape::arguments(1, 2, "sort <key> [asc|desc]"),
            sort,
        ),
        Entry::<Browse>::once(
            "file_limit",
            Shape::arguments(1, 1, "file_limit <number>"),
            |browse, line, cx| {
                browse.file_limit = integer(&line.arguments[0], cx)?;
                Ok(())
            },
        ),
    ]],
    other: None,
};

fn sort(browse: &mut Browse, line: &Line, cx: &mut Context) -> Parsed<()> {
    const WORDS: [&str; 6] = ["name", "namedirfirst", "size", "time", "asc", "desc"];
    for token in line.arguments {
        if !WORDS.contains(&token.text.as_str()) {
            let message = format!("`{}` is no way to sort", token.text);
            let help = suggest(
                &token.text,
                WORDS,
                "write `name`, `namedirfirst`, `size` or `time`, and `asc` or `desc`",
            );
            return Err(cx.fail(token, codes::BAD_VALUE, message, help));
        }
        browse.sort.push(token.text.clone());
    }
    Ok(())
}

fn precompressed(files: &mut FileServer, line: &Line, cx: &mut Context) -> Parsed<()> {
    const FORMATS: [&str; 3] = ["br", "zstd", "gzip"];
    files.precompressed_order = line.texts();
    if line.arguments.is_empty() {
        files.precompressed_order = FORMATS.map(str::to_owned).to_vec();
    }
    for token in line.arguments {
        if FORMATS.contains(&token.text.as_str()) {
            continue;
        }
        if let Some(reported) = third_party::explain(Place::Encoding, token, cx) {
            return Err(reported);
        }
        let message = format!("unknown format `{}` of compressed files", token.text);
        let help = suggest(&token.text, FORMATS, "write `br`, `zstd` or `gzip`");
        return Err(cx.fail(token, codes::BAD_VALUE, message, help));
    }
    for format in &files.precompressed_order {
        files.precompressed.insert(format.clone(), NoSettings {});
    }
    Ok(())
}

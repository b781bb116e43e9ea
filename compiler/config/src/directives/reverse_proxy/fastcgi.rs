//! `transport fastcgi { ... }`

use crate::context::{Context, Parsed};
use crate::model::{Duration, FastCgiTransport};
use crate::spec::{Entry, Grammar, Line, Shape, Vocabulary};
use crate::values::duration::duration;

pub(in crate::directives) const GRAMMAR: Grammar<FastCgiTransport> = Grammar {
    vocabulary: Vocabulary::Subdirective("transport fastcgi"),
    entries: &[ENTRIES],
    other: None,
};

/// Words that `php_fastcgi` has as well.
pub(in crate::directives) const ENTRIES: &[Entry<FastCgiTransport>] = &[
    Entry::<FastCgiTransport>::last(
        "root",
        Shape::arguments(1, 1, "root <folder>"),
        |transport, line, _| {
            line.text(0).clone_into(&mut transport.root);
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::last(
        "split",
        Shape::arguments(1, usize::MAX, "split <texts...>"),
        |transport, line, _| {
            transport.split_path = line.texts();
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::many(
        "env",
        Shape::arguments(2, 2, "env <name> <value>"),
        |transport, line, _| {
            let (name, value) = (line.text(0).to_owned(), line.text(1).to_owned());
            transport.env.insert(name, value);
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::many(
        "resolve_root_symlink",
        Shape::arguments(0, 0, "resolve_root_symlink"),
        |transport, _, _| {
            transport.resolve_root_symlink = true;
            Ok(())
        },
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::last(
        "dial_timeout",
        Shape::arguments(1, 1, "dial_timeout <length of time>"),
        |transport, line, cx| set(&mut transport.dial_timeout, line, cx),
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::last(
        "read_timeout",
        Shape::arguments(1, 1, "read_timeout <length of time>"),
        |transport, line, cx| set(&mut transport.read_timeout, line, cx),
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::last(
        "write_timeout",
        Shape::arguments(1, 1, "write_timeout <length of time>"),
        |transport, line, cx| set(&mut transport.write_timeout, line, cx),
    )
    .unbuilt(),
    Entry::<FastCgiTransport>::many(
        "capture_stderr",
        Shape::arguments(0, 0, "capture_stderr"),
        |transport, _, _| {
            transport.capture_stderr = true;
            Ok(())
        },
    )
    .unbuilt(),
];

fn set(field: &mut Duration, line: &Line, cx: &mut Context) -> Parsed<()> {
    *field = duration(&line.arguments[0], cx)?;
    Ok(())
}

/// The transport that a line's block describes.
pub(super) fn parse(line: &Line, cx: &mut Context) -> Parsed<FastCgiTransport> {
    let mut transport = FastCgiTransport::default();
    GRAMMAR.apply_all(line.lines(), &mut transport, cx)?;
    Ok(transport)
}

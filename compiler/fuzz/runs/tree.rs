//! Any file, with any files that it imports, gives a tree or an error.

use zs_diagnostics::{Sink, SourceMap, Style, render_all, to_json_line};
use zs_syntax::{MapHost, Tree, dump_tree, parse};

/// Runs the parser over a file. What follows a line `=== name` is a file of that name, which can be imported.
#[allow(dead_code, reason = "another target uses the other function alone")]
pub fn run(data: &[u8]) {
    parsed(data, |tree, sources, _| {
        let _ = dump_tree(tree, sources);
    });
}

/// Parses, gives the tree on, and shows every message.
pub fn parsed(data: &[u8], next: impl FnOnce(&Tree, &SourceMap, &mut Sink)) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut parts = text.split("\n=== ");
    let main = parts.next().unwrap_or_default();
    let mut host = MapHost::default();
    host.variables.insert("A".to_owned(), "b c".to_owned());
    host.variables
        .insert("B".to_owned(), "}\nimport x {".to_owned());
    for part in parts {
        let (name, content) = part.split_once('\n').unwrap_or((part, "\u{1}"));
        // A file that is no text can only be made here.
        let content = match content {
            "\u{1}" => vec![0xff, 0xfe, 0],
            content => content.as_bytes().to_vec(),
        };
        host.files.insert(name.into(), content);
    }
    let mut sources = SourceMap::new();
    let file = sources.add("Caddyfile", main);
    let mut sink = Sink::new();
    let tree = parse(&mut sources, file, &host, &mut sink);
    assert_eq!(tree.is_none(), sink.has_errors(), "a tree or errors");
    if let Some(tree) = &tree {
        next(tree, &sources, &mut sink);
    }
    for diagnostic in sink.diagnostics() {
        let _ = to_json_line(diagnostic, &sources);
    }
    let _ = render_all(sink.diagnostics(), &sources, Style::Plain);
}

//! Every `testdata/syntax/*.caddyfile` parses to the tree, or to the diagnostics, in the `.tree` file beside it.
//! `BLESS=1` rewrites the expectations.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use zs_diagnostics::{Sink, SourceMap, Style, render_all};
use zs_syntax::{Host, SystemHost, dump_tokens, dump_tree, lex, parse};

/// Files from the disk, variables from here.
struct TestHost {
    folder: PathBuf,
}

impl Host for TestHost {
    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "SITE" => "example.com",
            "TWO_LINES" => "respond one\nrespond two",
            "EMPTY" => "",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        SystemHost.read(&self.folder.join(path))
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        SystemHost.list(&self.folder.join(folder))
    }

    fn exists(&self, path: &Path) -> bool {
        SystemHost.exists(&self.folder.join(path))
    }
}

#[test]
fn trees() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/syntax");
    let mut failures = Vec::new();
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "caddyfile")
    });
    assert!(cases.len() > 20, "the test data is gone");
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let actual = run(&name, &fs::read_to_string(&case).unwrap(), &folder);
        let expectation = case.with_extension("tree");
        if env::var_os("BLESS").is_some() {
            fs::write(&expectation, &actual).unwrap();
        } else if fs::read_to_string(&expectation).unwrap_or_default() != actual {
            failures.push(format!("{name}\n{actual}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ; BLESS=1 accepts:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn run(name: &str, text: &str, folder: &Path) -> String {
    let host = TestHost {
        folder: folder.to_owned(),
    };
    let mut sources = SourceMap::new();
    let mut sink = Sink::new();
    let file = sources.add(name, text);
    let mut out = String::new();
    if name.starts_with("tokens_") {
        let tokens = lex(&sources, file, &host, &mut sink);
        out.push_str(&dump_tokens(&tokens.unwrap_or_default(), &sources));
    } else if let Some(tree) = parse(&mut sources, file, &host, &mut sink) {
        out.push_str(&dump_tree(&tree, &sources));
        assert!(!sink.has_errors(), "{name}: a tree in spite of errors");
    } else {
        assert!(sink.has_errors(), "{name}: neither a tree nor an error");
    }
    out.push_str(&render_all(sink.diagnostics(), &sources, Style::Plain));
    out
}

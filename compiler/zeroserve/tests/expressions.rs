//! Expressions, as `testdata/expressions` has them: what each comes to for the
//! request at the top of its file, at the site and at Caddy.
//!
//! A file is a comment, a request and lines of `yes`, `no` or `error` and an
//! expression. Caddy is asked if `ZS_CADDY` names it; `BLESS=1` writes what it
//! says.

mod common;
#[path = "common/expression.rs"]
mod expression;
#[path = "common/spec.rs"]
mod spec;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use expression::{Case, Site};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/expressions");
    let entries = fs::read_dir(folder).expect("the folder of the expressions");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// A file: what stands before the cases, and those.
fn read(path: &Path) -> (String, String, Vec<Case>) {
    let text = fs::read_to_string(path).expect("a file of expressions");
    let (head, lines) = text.split_once("\n\n").expect("an empty line");
    let request = head.split_once("request ").expect("a request").1;
    let cases = lines.lines().map(Case::parse).collect();
    (head.to_owned(), request.to_owned(), cases)
}

#[test]
fn expressions_come_to_what_is_written() {
    let mut problems = String::new();
    for path in files() {
        let (_, request, cases) = read(&path);
        let found = Site::new(&cases).ours(&request, cases.len());
        problems += &expression::compare(&path.to_string_lossy(), &cases, &found);
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn caddy_says_the_same() {
    let Some(caddy) = expression::caddy() else {
        return;
    };
    let mut problems = String::new();
    for path in files() {
        let (head, request, cases) = read(&path);
        let found = Site::new(&cases).caddys(&caddy, &request, cases.len());
        if std::env::var_os("BLESS").is_some() {
            let mut text = head + "\n\n";
            for (case, found) in cases.iter().zip(&found) {
                let _ = writeln!(text, "{found:<5} {}", case.expression);
            }
            fs::write(&path, text).expect("the file is writable");
            continue;
        }
        problems += &expression::compare(&path.to_string_lossy(), &cases, &found);
    }
    assert!(problems.is_empty(), "{problems}");
}

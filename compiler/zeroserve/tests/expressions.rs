//! Expressions, as `testdata/expressions` has them: what each comes to for the
//! request at the top of its file, at the site and at Caddy.
//!
//! A file is a comment, a request and lines of `yes`, `no` or `error` and an
//! expression. Caddy is asked if `ZS_CADDY` names it; `BLESS=1` writes what it
//! says.

mod common;
#[path = "common/expression.rs"]
mod expression;
#[path = "common/expression_generator.rs"]
mod expression_generator;
#[path = "common/random.rs"]
mod random;
#[path = "common/spec.rs"]
#[expect(dead_code, reason = "requests are asked as there, files are others")]
mod spec;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use expression::{Case, Site};
use expression_generator::Generator;
use random::{Random, number};

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
    let Some(caddy) = common::caddy() else {
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

/// Expressions at random. `ZS_EXPRESSIONS` says how many, if not only a few,
/// and `ZS_SEED` where to begin.
#[test]
fn caddy_says_the_same_of_expressions_at_random() {
    let Some(caddy) = common::caddy() else {
        return;
    };
    let (mut left, seed) = (number("ZS_EXPRESSIONS", 200), number("ZS_SEED", 1));
    let mut generator = Generator(Random(seed));
    let mut problems = String::new();
    while left > 0 {
        let count = left.min(200);
        left -= count;
        let mut cases: Vec<Case> = (0..count)
            .map(|_| Case::parse(&generator.condition()))
            .collect();
        // What can only fail is refused by both; that is looked at elsewhere.
        cases.retain(|case| Site::new(std::slice::from_ref(case)).is_accepted());
        let site = Site::new(&cases);
        let says = site.caddys(&caddy, REQUEST, cases.len());
        for (case, says) in cases.iter_mut().zip(says) {
            case.expected = says;
        }
        let found = site.ours(REQUEST, cases.len());
        problems += &expression::compare("at random", &cases, &found);
    }
    assert!(problems.is_empty(), "{problems}");
}

const REQUEST: &str =
    "GET /api/v1?x=b,a HTTP/1.1\nHost: localhost:8080\nX-Foo: api\nCookie: session=7";

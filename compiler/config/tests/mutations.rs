//! Damaged files: whatever the bytes, there is a configuration or there are errors, and nothing panics.

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::numbers::Numbers;
use common::{layout, run};
use zs_diagnostics::{Style, render_all};
use zs_syntax::MapHost;

/// What is put into the files: everything that has a meaning to the lexer, the parser or a directive.
const FRAGMENTS: &[&str] = &[
    "\"",
    "`",
    "{",
    "}",
    "\\",
    "\n",
    "#",
    " ",
    "\t",
    "\r\n",
    "{}",
    "<<E\n",
    "\n\tE\n",
    "\\\n",
    "import s\n",
    "import *\n",
    "{block}",
    "{blocks.x}",
    "{args[0]}",
    "{args[:]}",
    "{args[9:1]}",
    "(s) {\n",
    "}\n",
    " {\n",
    "@m path /x\n",
    "@m ",
    "not not ",
    "* ",
    "/p ",
    ",",
    "{host}",
    "{$X}",
    "{$X:y}",
    "\\{",
    "\\}",
    ";",
    "é",
    "\u{2028}",
    "\u{feff}",
    "\0",
    "99999999999999999999",
    "-1",
    "handle",
    "respond",
    "reverse_proxy",
    "unix/",
    "https://",
    "tls",
    "header",
    "uri query ",
    "vars ",
    "[::1]:",
    "0.0.0.0/33",
    "1d5",
    "xx",
    "5xx",
];

#[test]
fn mutations() {
    let seeds = seeds();
    let mut numbers = Numbers::new(1);
    let start = Instant::now();
    let (mut count, mut laid_out) = (0, 0);
    // The number bounds the test on a fast machine, the clock on a slow one; every run does the same things in this order.
    while count < 6_000 && start.elapsed() < Duration::from_secs(5) {
        let seed = &seeds[numbers.below(seeds.len())];
        let text = mutate(seed, &mut numbers);
        let outcome = run("Caddyfile", &text, &MapHost::default());
        if let Some(config) = &outcome.config {
            assert!(config.to_json().starts_with('{'));
        }
        assert!(
            !render_all(&outcome.diagnostics, &outcome.sources, Style::Plain).contains("\u{1b}")
        );
        laid_out += usize::from(layout::check(&text, &text, &MapHost::default()));
        count += 1;
    }
    println!("{count} damaged files, {laid_out} of them laid out");
}

fn seeds() -> Vec<String> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut paths: Vec<_> = ["config", "diagnostics"]
        .iter()
        .flat_map(|topic| fs::read_dir(testdata.join(topic)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "caddyfile")
        })
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

fn mutate(seed: &str, numbers: &mut Numbers) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(text.len() + 1);
        match numbers.below(4) {
            0 | 1 => {
                let fragment = FRAGMENTS[numbers.below(FRAGMENTS.len())];
                text.splice(at..at, fragment.chars());
            }
            2 => {
                let end = (at + numbers.below(12)).min(text.len());
                text.drain(at..end);
            }
            _ => {
                let end = (at + numbers.below(60)).min(text.len());
                let part: Vec<char> = text[at..end].to_vec();
                let to = numbers.below(text.len() + 1);
                text.splice(to..to, part);
            }
        }
    }
    text.into_iter().collect()
}

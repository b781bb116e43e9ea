//! The examples of `zeroserve explain`: the wrong one of each code is told by that code, the right one is not.

use std::io;
use std::path::Path;

use zs_config::{Purpose, adapt, lint};
use zs_diagnostics::{Sink, SourceMap, Style, codes, explanation, render_all};
use zs_syntax::{Host, parse};

/// The example below a heading, without its indentation.
fn example(text: &str, heading: &str) -> Option<String> {
    let (_, after) = text.split_once(&format!("\n{heading}:\n\n"))?;
    let lines = after.lines().take_while(|line| line.starts_with("    "));
    Some(lines.map(|line| format!("{}\n", &line[4..])).collect())
}

/// Files and variables that are not there, where a site is to be built.
struct Strict;

impl Host for Strict {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn refuses_unset(&self) -> bool {
        true
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> Vec<String> {
        Vec::new()
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }
}

/// The codes that an example gives, and how that looks.
fn codes_of(text: &str) -> (Vec<codes::Code>, String) {
    let (mut sources, mut sink) = (SourceMap::new(), Sink::new());
    let file = sources.add("Caddyfile", text);
    let tree = parse(&mut sources, file, &Strict, &mut sink);
    if let Some(tree) = tree {
        // Lints look at what could be adapted, whether it can be built or not.
        if let Some(config) = adapt(&tree, Purpose::Adapt, &mut Sink::new()) {
            lint(Some(&tree), &config, &sources, &mut sink);
        }
        let _any = adapt(&tree, Purpose::Build, &mut sink);
    }
    let found = sink.diagnostics().iter().map(|diagnostic| diagnostic.code);
    let shown = render_all(sink.diagnostics(), &sources, Style::Plain);
    (found.collect(), shown)
}

#[test]
fn examples_are_what_they_say() {
    let mut count = 0;
    for (code, ..) in codes::ALL {
        let text = explanation(*code);
        let (wrong, right) = (example(text, "Wrong"), example(text, "Right"));
        if let Some(wrong) = wrong {
            let (found, shown) = codes_of(&wrong);
            assert!(found.contains(code), "{code}: {wrong}\n{shown}");
            count += 1;
        }
        if let Some(right) = right {
            let (found, shown) = codes_of(&right);
            let refused = found.iter().any(|found| found.number() < 200);
            assert!(
                !refused && !found.contains(code),
                "{code}: {right}\n{shown}"
            );
        }
    }
    assert!(count > 20, "{count} examples");
}

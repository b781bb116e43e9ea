//! Caddyfiles whose variables are all left open: `testdata/open`. The expectation is what is said about them, or that
//! nothing is. `BLESS=1` rewrites; the difference is what to look at.

use std::path::Path;
use std::{env, fs, io};

use zs_config::Purpose;
use zs_diagnostics::{Sink, SourceMap, Style, render_all};
use zs_syntax::Host;

/// Leaves some variables open; there is nothing else.
struct Open(Vec<String>);

impl Open {
    fn all(text: &str) -> Self {
        let inside = |rest: &str| rest.split([':', '}']).next().map(str::to_owned);
        Open(text.split("{$").skip(1).filter_map(inside).collect())
    }
}

impl Host for Open {
    fn variable(&self, name: &str) -> Option<String> {
        panic!("`{name}` is read when the site is built");
    }

    fn left_open(&self) -> &[String] {
        &self.0
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

#[test]
fn open_values_are_carried_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/open");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|name| name == "caddyfile"))
        .collect();
    files.sort();
    assert!(files.len() > 5, "the cases are gone");
    for file in files {
        let text = fs::read_to_string(&file).expect("the case");
        let name = file.file_name().expect("a name").to_string_lossy();
        let found = diagnostics(&name, &text);
        let expectation = file.with_extension("txt");
        if env::var_os("BLESS").is_some() {
            fs::write(&expectation, &found).expect("the folder is writable");
        }
        let expected = fs::read_to_string(&expectation).unwrap_or_default();
        assert_eq!(found, expected, "{name}");
    }
}

/// What is said about a site, up to the program of it.
fn diagnostics(name: &str, text: &str) -> String {
    let (mut sources, mut sink) = (SourceMap::new(), Sink::new());
    let file = sources.add(name, text);
    let tree = zs_syntax::parse(&mut sources, file, &Open::all(text), &mut sink);
    let mut program = None;
    if let Some(tree) = &tree {
        program = zs_config::adapt(tree, Purpose::Build, &mut sink)
            .and_then(|config| zs_ir::lower(&config, &tree.open, &mut sink));
        zs_open::explain(&tree.open, &sources, &mut sink);
    }
    assert_eq!(program.is_none(), sink.has_errors(), "{name}");
    let shown = render_all(sink.diagnostics(), &sources, Style::Plain);
    for diagnostic in sink.diagnostics() {
        let said = format!("{} {:?}", diagnostic.message, diagnostic.help);
        assert!(!said.contains(zs_open::FIRST), "{name}: {said}");
    }
    match program {
        Some(_) => format!("{shown}accepted\n"),
        None => format!("{shown}\n"),
    }
}

//! Every `testdata/lints/*.caddyfile` gives the warnings beside it (`BLESS=1` rewrites them), and published files give few.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{FolderHost, shared};
use zs_config::{Purpose, adapt, lint};
use zs_diagnostics::{Code, Sink, SourceMap, Style, codes, render_all};

/// The lints of a text; nothing for one that is refused.
fn lints(text: &str, folder: &Path, allowed: &[Code]) -> Option<(String, usize)> {
    let (mut sources, mut sink) = (SourceMap::new(), Sink::new());
    let file = sources.add("Caddyfile", text);
    let host = FolderHost {
        folder: folder.to_owned(),
    };
    let tree = zs_syntax::parse(&mut sources, file, &host, &mut sink)?;
    let config = adapt(&tree, Purpose::Adapt, &mut sink)?;
    let mut sink = Sink::new();
    allowed.iter().for_each(|code| sink.allow(*code));
    lint(Some(&tree), &config, &sources, &mut sink);
    let shown = render_all(sink.diagnostics(), &sources, Style::Plain);
    Some((shown, sink.diagnostics().len()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().to_lowercase().ends_with("caddyfile"));
    paths.sort();
    paths
}

#[test]
fn warnings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/lints");
    let paths = files(&folder);
    assert!(paths.len() > 7, "the test data is gone");
    let all: Vec<Code> = codes::ALL.iter().map(|(code, ..)| *code).collect();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let (found, _) =
            lints(&text, &folder, &[]).unwrap_or_else(|| panic!("{} is refused", path.display()));
        let expectation = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expectation, &found).unwrap();
        }
        let expected = fs::read_to_string(&expectation).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
        assert_eq!(lints(&text, &folder, &all), Some((String::new(), 0)));
    }
}

#[test]
fn published_files() {
    let Some(folder) = shared("caddyfiles") else {
        return;
    };
    let (mut read, mut warned) = (0, 0);
    for path in files(&folder) {
        let text = fs::read_to_string(&path).unwrap();
        if let Some((shown, count)) = lints(&text, &folder, &[]) {
            read += 1;
            warned += count;
            println!("== {}\n{shown}", path.file_name().unwrap().display());
        }
    }
    // Files that run somewhere: a lint that cries more often cries wolf.
    println!("{warned} warnings about {read} files");
    assert!(
        read > 0 && warned <= read,
        "{warned} warnings about {read} files"
    );
}

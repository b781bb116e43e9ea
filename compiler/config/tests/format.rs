//! The standard layout: laying out twice changes nothing, and a file means the same before and after.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::layout::{check, format};
use common::{FolderHost, shared};

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(extension));
    paths.sort();
    paths
}

#[test]
fn published_files() {
    let Some(folder) = shared("caddyfiles") else {
        return;
    };
    let host = FolderHost {
        folder: folder.clone(),
    };
    let paths = files(&folder, "Caddyfile");
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        assert!(
            check(&path.to_string_lossy(), &text, &host),
            "{}",
            path.display()
        );
    }
    assert!(paths.len() > 30, "the corpus is gone");
}

#[test]
fn fixtures_of_caddy() {
    let Some(folder) = shared("caddy-fixtures") else {
        return;
    };
    let host = FolderHost {
        folder: folder.join("cwd"),
    };
    let paths = files(&folder.join("adapt"), "");
    let mut laid_out = 0;
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let (input, _) = text.split_once("----------").unwrap();
        laid_out += usize::from(check(&path.to_string_lossy(), input, &host));
    }
    println!("{laid_out} of {} fixtures can be laid out", paths.len());
    assert!(laid_out > 100, "{laid_out}");
}

#[test]
fn files_of_our_own() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    for topic in ["config", "diagnostics", "syntax", "format"] {
        let folder = data.join(topic);
        let host = FolderHost {
            folder: folder.clone(),
        };
        for path in files(&folder, ".caddyfile") {
            let text = fs::read_to_string(&path).unwrap();
            check(&path.to_string_lossy(), &text, &host);
        }
    }
}

/// Every `testdata/format/*.caddyfile` is laid out as the file beside it. `BLESS=1` rewrites these.
#[test]
fn layouts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format");
    let paths = files(&folder, ".caddyfile");
    assert!(paths.len() > 5, "the test data is gone");
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let found = format(&text).unwrap_or_else(|| panic!("{}", path.display()));
        let expectation = path.with_extension("formatted");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expectation, &found).unwrap();
        }
        let expected = fs::read_to_string(&expectation).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

//! What the fuzz targets of this crate do, once for every seed and for everything that they have found.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/runs/adapt.rs"]
mod adapt;
#[path = "../../fuzz/runs/format.rs"]
mod format;
#[path = "../../fuzz/runs/json.rs"]
mod json;

#[test]
fn corpora() {
    for data in files(&["syntax", "config", "diagnostics", "fuzz/tree", "fuzz/adapt"]) {
        adapt::run(&data);
    }
    for data in files(&[
        "format",
        "syntax",
        "config",
        "diagnostics",
        "fuzz/tree",
        "fuzz/format",
    ]) {
        format::run(&data);
    }
    for data in files(&["config", "config-json", "fuzz/json"]) {
        json::run(&data);
    }
}

/// The contents of all files in some folders of the test data.
fn files(folders: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut paths = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(root.join(folder)).expect("a folder of test data");
        paths.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    paths.retain(|path| path.is_file());
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("a file"))
        .collect()
}

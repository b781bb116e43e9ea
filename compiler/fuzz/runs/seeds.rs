//! What targets begin with: the test data.

use std::fs;
use std::path::Path;

/// The contents of all files in some folders of the test data, in order of their names.
pub fn files(folders: &[&str]) -> Vec<Vec<u8>> {
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

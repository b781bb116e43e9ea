//! What the fuzz targets of this crate do, once for every seed and for everything that they have found.

#[path = "../../fuzz/runs/seeds.rs"]
mod seeds;
#[path = "../../fuzz/runs/tokens.rs"]
mod tokens;
#[path = "../../fuzz/runs/tree.rs"]
mod tree;

use seeds::files;

#[test]
fn corpora() {
    for data in files(&[
        "syntax",
        "config",
        "diagnostics",
        "fuzz/tokens",
        "fuzz/tree",
    ]) {
        tokens::run(&data);
        tree::run(&data);
    }
}

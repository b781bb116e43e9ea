//! What the fuzz targets of this crate do, once for every seed and for everything that they have found.

#[path = "../../fuzz/runs/expression.rs"]
mod expression;
#[path = "../../fuzz/runs/seeds.rs"]
mod seeds;

use seeds::files;

#[test]
fn corpora() {
    for data in files(&["cel", "fuzz/expression"]) {
        expression::run(&data);
        data.split(|byte| *byte == b'\n').for_each(expression::run);
    }
}

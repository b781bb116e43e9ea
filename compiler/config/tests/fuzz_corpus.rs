//! What the fuzz targets of this crate do, once for every seed and for everything that they have found.

#[path = "../../fuzz/runs/adapt.rs"]
mod adapt;
#[path = "../../fuzz/runs/format.rs"]
mod format;
#[path = "../../fuzz/runs/json.rs"]
mod json;
#[path = "../../fuzz/runs/seeds.rs"]
mod seeds;

use seeds::files;

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

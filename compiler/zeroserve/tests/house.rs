//! The house's plan, checked: which room may use which, where unsafe code is,
//! and how large files grow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which crates of ours each crate may use, in the order of the way of the
/// data. Development dependencies may join rooms; these are the others.
const ARROWS: &[(&str, &[&str])] = &[
    ("zs-abi", &[]),
    ("zs-diagnostics", &[]),
    ("zs-open", &["zs-diagnostics"]),
    ("zs-syntax", &["zs-diagnostics", "zs-open"]),
    ("zs-cel", &["zs-diagnostics"]),
    ("zs-config", &["zs-cel", "zs-diagnostics", "zs-syntax"]),
    (
        "zs-fuzz",
        &["zs-cel", "zs-config", "zs-diagnostics", "zs-syntax"],
    ),
    ("zs-data", &["zs-abi", "zs-open"]),
    (
        "zs-ir",
        &[
            "zs-abi",
            "zs-cel",
            "zs-config",
            "zs-data",
            "zs-diagnostics",
            "zs-open",
        ],
    ),
    ("zs-bpf", &["zs-abi"]),
    ("zs-stdlib-bpf", &["zs-abi"]),
    (
        "zs-codegen",
        &[
            "zs-abi",
            "zs-bpf",
            "zs-data",
            "zs-diagnostics",
            "zs-ir",
            "zs-stdlib-bpf",
        ],
    ),
    ("zs-native", &["zs-abi", "zs-bpf"]),
    ("zs-audit", &["zs-abi"]),
    ("zs-object", &["zs-abi"]),
    ("zs-link", &[]),
    ("zs-proto", &[]),
    ("zs-io", &[]),
    ("zs-guest", &["zs-abi"]),
    ("zs-values", &["zs-abi", "zs-proto"]),
    ("zs-tls", &["zs-proto"]),
    ("zs-client", &["zs-io", "zs-tls"]),
    (
        "zs-server",
        &[
            "zs-abi",
            "zs-client",
            "zs-guest",
            "zs-io",
            "zs-proto",
            "zs-tls",
            "zs-values",
        ],
    ),
    ("zs-static", &["zs-abi", "zs-io", "zs-server"]),
];

/// Crates that would bring configuration into a running server.
const NOT_IN_THE_RUNTIME: &[&str] = &[
    "serde",
    "serde_json",
    "clap",
    "zs-config",
    "zs-syntax",
    "zs-ir",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace")
}

/// Manifests of our crates by name: folder and text.
fn manifests() -> BTreeMap<String, (PathBuf, String)> {
    let mut found = BTreeMap::new();
    for room in ["compiler", "runtime", "."] {
        for entry in fs::read_dir(root().join(room)).expect("a folder of the workspace") {
            let folder = entry.expect("an entry").path();
            let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else {
                continue;
            };
            let name = text.lines().find_map(|line| line.strip_prefix("name = "));
            if let Some(name) = name {
                found.insert(name.trim_matches('"').to_owned(), (folder, text));
            }
        }
    }
    found
}

/// Names of the dependencies in some sections of a manifest.
fn dependencies(manifest: &str, sections: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            inside = sections.contains(&section.trim_end_matches(']'));
        } else if inside && !line.starts_with('#') {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if !name.is_empty() {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn rooms_use_only_what_the_plan_allows() {
    let manifests = manifests();
    for (name, (_, text)) in manifests.iter().filter(|(name, _)| *name != "zeroserve") {
        let allowed = ARROWS
            .iter()
            .find(|(room, _)| room == name)
            .map(|(_, allowed)| *allowed);
        let allowed =
            allowed.unwrap_or_else(|| panic!("{name} is not in the plan: add it to ARROWS"));
        for used in dependencies(text, &["dependencies", "build-dependencies"]) {
            let ours = manifests.contains_key(&used);
            assert!(
                !ours || allowed.contains(&&*used),
                "{name} must not use {used}"
            );
        }
    }
}

#[test]
fn the_runtime_knows_no_configuration() {
    let manifests = manifests();
    for (name, (folder, text)) in &manifests {
        if !folder.starts_with(root().join("runtime")) {
            continue;
        }
        let used = dependencies(text, &["dependencies", "build-dependencies"]);
        for forbidden in NOT_IN_THE_RUNTIME {
            assert!(!used.contains(*forbidden), "{name} uses {forbidden}");
        }
    }
}

#[test]
fn every_dependency_says_why() {
    let manifests = manifests();
    for (name, (_, text)) in &manifests {
        let names = dependencies(
            text,
            &["dependencies", "build-dependencies", "dev-dependencies"],
        );
        for used in names.iter().filter(|used| !manifests.contains_key(*used)) {
            let mut lines = text.lines();
            let mut before = "";
            let explained = lines.any(|line| {
                let here = line.split(['.', ' ', '=']).next() == Some(used);
                let explained = here && before.starts_with('#');
                before = line;
                explained
            });
            assert!(
                explained,
                "{name}: no sentence above {used} says why it is used"
            );
        }
    }
}

/// Rust files of the workspace with their text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = ["compiler", "runtime", "stdlib-bpf"]
        .map(|room| root().join(room))
        .to_vec();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root())
                    .expect("below the root")
                    .display()
                    .to_string();
                found.push((name, fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    found
}

#[test]
fn unsafe_code_is_where_the_plan_says() {
    let plan = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (name, text) in sources() {
        let library = !name.contains("/tests/");
        let has_unsafe = text.lines().any(|line| {
            let line = line.trim_start();
            !line.starts_with("//")
                && (line.contains("unsafe {")
                    || line.contains("unsafe fn ")
                    || line.contains("unsafe impl "))
        });
        if library && has_unsafe {
            assert!(
                plan.contains(&format!("`{name}`")),
                "ARCHITECTURE.md does not name `{name}` among the files with unsafe code"
            );
        }
    }
}

#[test]
fn files_hold_one_idea() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(
            lines <= 900,
            "{name} has {lines} lines: what is its second idea?"
        );
    }
}

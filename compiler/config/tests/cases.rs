//! Every `testdata/config/*.caddyfile` adapts to the JSON beside it, and every `testdata/diagnostics/*.caddyfile` to the
//! messages beside it. `BLESS=1` rewrites the expectations. With `ZS_CADDY` set to the path of a Caddy binary, the JSON is
//! compared with what Caddy makes of the same file.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::oracle::normal;
use common::{FolderHost, caddy, run, run_for};
use serde_json::Value;
use zs_config::Purpose;
use zs_diagnostics::{Style, render_all};

/// Cases in which Caddy 2.11.9 differs from the newer one whose fixtures are followed: the order of several `vars`.
const NEWER: &[&str] = &["variables.caddyfile"];

fn cases(topic: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata")
        .join(topic);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "caddyfile")
    });
    paths.sort();
    assert!(paths.len() > 20, "the test data is gone");
    paths
}

/// Compares with the file beside a case.
fn check(case: &Path, extension: &str, actual: &str, failures: &mut Vec<String>) {
    let expectation = case.with_extension(extension);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&expectation, actual).unwrap();
    } else if fs::read_to_string(&expectation).unwrap_or_default() != actual {
        failures.push(format!("{}\n{actual}", case.display()));
    }
}

#[test]
fn configurations() {
    let mut failures = Vec::new();
    let caddy = caddy();
    for case in cases("config") {
        let host = FolderHost {
            folder: case.parent().unwrap().to_owned(),
        };
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = run(&name, &fs::read_to_string(&case).unwrap(), &host);
        let messages = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
        let Some(config) = outcome.config else {
            failures.push(format!("{name} is refused:\n{messages}"));
            continue;
        };
        check(
            &case,
            "json",
            &format!("{}\n", config.to_json_pretty()),
            &mut failures,
        );
        if let Some(caddy) = caddy.as_ref().filter(|_| !NEWER.contains(&name.as_str())) {
            let output = Command::new(caddy)
                .args(["adapt", "--adapter", "caddyfile", "--config", &name])
                .current_dir(case.parent().unwrap())
                .output()
                .unwrap();
            let theirs: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if normal(theirs) != normal(serde_json::from_str(&config.to_json()).unwrap()) {
                failures.push(format!(
                    "{name}: Caddy says\n{}",
                    String::from_utf8_lossy(&output.stdout)
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ; BLESS=1 accepts:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn diagnostics() {
    let mut failures = Vec::new();
    for case in cases("diagnostics") {
        let host = FolderHost {
            folder: case.parent().unwrap().to_owned(),
        };
        let text = fs::read_to_string(&case).unwrap();
        // Building refuses what adapting does not.
        let outcome = run_for(Purpose::Build, "Caddyfile", &text, &host);
        let messages = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
        check(&case, "txt", &messages, &mut failures);
    }
    assert!(
        failures.is_empty(),
        "{} differ; BLESS=1 accepts:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

//! Caddyfiles from the wild: each is adapted or refused with a place, and nothing panics.

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{FolderHost, caddy, oracle, run, shared};
use zs_diagnostics::{Severity, Style, render_all, to_json_line};
use zs_syntax::MapHost;

/// The files, with a value for every environment variable that they name. Where there is a Caddy to compare with, it accepts
/// the same files and makes the same JSON of them.
#[test]
fn published_files() {
    let Some(folder) = shared("caddyfiles") else {
        return;
    };
    let caddy = caddy();
    let (mut accepted, mut total, mut failures) = (0, 0, Vec::new());
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.to_string_lossy().ends_with("Caddyfile"));
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let host = MapHost {
            variables: variables(&text),
            ..MapHost::default()
        };
        let outcome = run("-", &text, &host);
        let shown = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
        assert!(
            outcome.config.is_some() || shown.contains("error[ZS"),
            "{name}"
        );
        outcome
            .diagnostics
            .iter()
            .for_each(|diagnostic| assert!(!to_json_line(diagnostic, &outcome.sources).is_empty()));
        total += 1;
        accepted += usize::from(outcome.config.is_some());
        if let Some(error) = outcome
            .diagnostics
            .iter()
            .find(|diagnostic| diagnostic.severity == Severity::Error)
        {
            println!("{name}: {}", error.message);
        }
        let waits = shown.contains("is not supported yet");
        let Some(caddy) = caddy.as_ref().filter(|_| !waits) else {
            continue;
        };
        let variables: Vec<_> = host.variables.into_iter().collect();
        let theirs = oracle::adapt(caddy, &text, &variables);
        let ours = outcome
            .config
            .map(|config| oracle::normal(serde_json::from_str(&config.to_json()).unwrap()));
        if ours != theirs {
            failures.push(format!("{name}:\n{shown}\n{ours:?}\n{theirs:?}"));
        }
    }
    println!("{accepted} of {total} published files are accepted");
    assert!(total > 30, "the corpus is gone");
    assert!(
        failures.is_empty(),
        "{} differ from what Caddy makes of them:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Values for the variables that a text names and gives no default for.
fn variables(text: &str) -> BTreeMap<String, String> {
    let names = text
        .split("{$")
        .skip(1)
        .filter_map(|rest| rest.split(['}', ':', '\n']).next());
    names
        .enumerate()
        .map(|(index, name)| {
            let value = match name {
                "CERT_EMAIL" => "email admin@example.com".to_owned(),
                _ if name.contains("TLS") => "internal".to_owned(),
                _ if name.contains("MAIL") => "admin@example.com".to_owned(),
                _ if name.contains("PORT") => "9000".to_owned(),
                _ if name.contains("SIZE") => "10MB".to_owned(),
                _ if name.contains("CERT_ACME") => String::new(),
                _ => format!("name{index}.example.com"),
            };
            (name.to_owned(), value)
        })
        .collect()
}

/// The inputs of Caddy's own parser tests, which carry no expectations.
#[test]
fn parser_inputs() {
    let Some(folder) = shared("caddy-fixtures") else {
        return;
    };
    for part in ["parse/import", "parse/import/glob", "parse/httpcaddyfile"] {
        let host = FolderHost {
            folder: folder.join(part),
        };
        let mut paths: Vec<_> = fs::read_dir(&host.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.retain(|path| path.is_file());
        paths.sort();
        for path in paths {
            let outcome = run(
                &path.file_name().unwrap().to_string_lossy(),
                &fs::read_to_string(&path).unwrap(),
                &host,
            );
            assert!(outcome.sources.files().count() > 0);
        }
    }
}

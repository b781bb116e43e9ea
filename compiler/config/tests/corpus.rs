//! Caddyfiles from the wild: each is adapted or refused with a place, and nothing panics.

mod common;

use std::fs;

use common::{FolderHost, run, shared};
use zs_diagnostics::{Style, render_all, to_json_line};

#[test]
fn published_files() {
    let Some(folder) = shared("caddyfiles") else {
        return;
    };
    let host = FolderHost {
        folder: folder.clone(),
    };
    let mut counts = (0, 0);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.to_string_lossy().ends_with("Caddyfile"));
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let outcome = run("Caddyfile", &text, &host);
        let shown = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
        assert!(
            outcome.config.is_some() || shown.contains("error[ZS"),
            "{}",
            path.display()
        );
        outcome
            .diagnostics
            .iter()
            .for_each(|diagnostic| assert!(!to_json_line(diagnostic, &outcome.sources).is_empty()));
        counts.0 += usize::from(outcome.config.is_some());
        counts.1 += 1;
        if outcome.config.is_none() {
            let first = outcome
                .diagnostics
                .iter()
                .find(|diagnostic| diagnostic.severity == zs_diagnostics::Severity::Error);
            println!(
                "{}: {}",
                path.file_name().unwrap().display(),
                first.map_or("", |first| &first.message)
            );
        }
    }
    println!("{} of {} published files are accepted", counts.0, counts.1);
    assert!(counts.1 > 30, "the corpus is gone");
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

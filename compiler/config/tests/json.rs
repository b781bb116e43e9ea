//! The law of reading JSON: what is printed reads as a configuration that prints the same. And every `testdata/config-json/*.json` gives
//! the configuration, or the messages, in the `.txt` file beside it. `BLESS=1` rewrites the expectations.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{FolderHost, run, shared};
use zs_config::model::Config;
use zs_config::{Purpose, from_json};
use zs_diagnostics::{Sink, SourceMap, Style, render_all};

/// What a text reads as, with the warnings, or the errors.
fn read(name: &str, text: &str) -> Result<(Config, String), String> {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let mut sink = Sink::new();
    let config = from_json(text, file, Purpose::Build, &mut sink);
    let messages = render_all(sink.diagnostics(), &sources, Style::Plain);
    assert_eq!(
        config.is_none(),
        sink.has_errors(),
        "a configuration or errors: {messages}"
    );
    match config {
        Some(config) => Ok((config, messages)),
        None => Err(messages),
    }
}

/// Checks the law for a configuration. It may differ by what prints alike: `2.0` is printed as `2`.
fn check_law(name: &str, config: &Config, failures: &mut Vec<String>) {
    for text in [config.to_json(), config.to_json_pretty()] {
        match read(name, &text) {
            Ok((again, _)) if again.to_json() == config.to_json() => {}
            Ok((again, _)) => {
                failures.push(format!("{name}: {}\nbecomes\n{}", text, again.to_json()))
            }
            Err(messages) => failures.push(format!("{name}: {messages}")),
        }
    }
}

fn folder(topic: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata")
        .join(topic)
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths
}

#[test]
fn cases_read_as_they_are_printed() {
    let mut failures = Vec::new();
    let folder = folder("config");
    let host = FolderHost {
        folder: folder.clone(),
    };
    for case in files(&folder, "caddyfile") {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(config) = run(&name, &fs::read_to_string(&case).unwrap(), &host).config {
            check_law(&name, &config, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn fixtures_read_as_they_are_printed() {
    let Some(folder) = shared("caddy-fixtures") else {
        return;
    };
    let host = FolderHost {
        folder: folder.join("cwd"),
    };
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder.join("adapt")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let Some((input, _)) = text.split_once("----------") else {
            continue;
        };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(config) = run(&name, &format!("{}\n", input.trim()), &host).config {
            check_law(&name, &config, &mut failures);
            count += 1;
        }
    }
    println!("{count} fixtures");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn texts() {
    let mut failures = Vec::new();
    for case in files(&folder("config-json"), "json") {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let actual = match read(&name, &fs::read_to_string(&case).unwrap()) {
            Ok((config, messages)) => format!("{messages}{}\n", config.to_json_pretty()),
            Err(messages) => messages,
        };
        let expectation = case.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expectation, &actual).unwrap();
        } else if fs::read_to_string(&expectation).unwrap_or_default() != actual {
            failures.push(format!("{name}\n{actual}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn origins_are_places_in_the_text() {
    let text = r#"{"apps": {"http": {"servers": {"s": {"routes": [
        {"match": [{"host": ["a"]}], "handle": [
            {"handler": "subroute", "routes": [{"handle": [{"handler": "static_response", "body": "b"}]}]}
        ]}
    ]}}}}}"#;
    let (config, _) = read("config.json", text).unwrap();
    let route = &config.apps.http.as_ref().unwrap().servers["s"].routes[0];
    let shown = |origin: zs_config::model::Origin| &text[origin.span().range()];
    assert!(shown(route.origin).starts_with(r#"{"match": [{"host""#));
    assert!(shown(route.origin).ends_with("]}"));
    let host = route.matchers[0].host.as_ref().unwrap();
    assert_eq!(shown(host.origin), r#"["a"]"#);
    assert!(shown(route.handle[0].origin()).starts_with(r#"{"handler": "subroute""#));
}

#[test]
fn deep_and_large_texts_are_diagnostics() {
    for text in [
        "[".repeat(10_000),
        "{\"a\":".repeat(10_000),
        format!("\"{}\"", "a".repeat(17 << 20)),
    ] {
        assert!(read("config.json", &text).is_err());
    }
    let (open, close) = (r#"{"handle":[{"handler":"subroute","routes":["#, "]}]}");
    const LEVELS: usize = 70;
    let text = format!(
        r#"{{"apps":{{"http":{{"servers":{{"s":{{"routes":[{}{}]}}}}}}}}}}"#,
        open.repeat(LEVELS),
        close.repeat(LEVELS)
    );
    let (config, _) = read("config.json", &text).unwrap();
    let mut failures = Vec::new();
    check_law("deep", &config, &mut failures);
    assert!(failures.is_empty());
}

//! Caddy's own adapter fixtures: the same JSON for each, and errors where Caddy has errors.

mod common;

use std::fs;

use common::{FolderHost, Outcome, run, shared};
use serde_json::Value;
use zs_diagnostics::{Severity, Style, render_all};

/// Fixtures that name modules which only Caddy's own tests have, each with what it names.
const MOCKS: &[(&str, &str)] = &[
    ("acme_dns_configured.caddyfiletest", "DNS provider `mock`"),
    (
        "acme_dns_naked_use_dns_defaults.caddyfiletest",
        "DNS provider `mock`",
    ),
    (
        "global_options_resolvers_local_dns_inherit.caddyfiletest",
        "DNS provider `mock`",
    ),
    (
        "tls_dns_resolvers_with_global_provider.caddyfiletest",
        "DNS provider `mock`",
    ),
    ("tls_dns_ttl.caddyfiletest", "DNS provider `mock`"),
    (
        "tls_propagation_options.caddyfiletest",
        "DNS provider `mock`",
    ),
    ("wildcard_pattern.caddyfiletest", "DNS provider `mock`"),
    (
        "tls_client_auth_cert_file-legacy-with-verifier.caddyfiletest",
        "verifier `dummy`",
    ),
];

/// Fixtures whose error Caddy finds at the end of the block; the word that is wrong stands before it.
const EARLIER: &[&str] = &["tls_dns_propagation_without_provider.caddyfiletest"];

#[test]
fn fixtures() {
    let Some(folder) = shared("caddy-fixtures") else {
        return;
    };
    let host = FolderHost {
        folder: folder.join("cwd"),
    };
    let manifest = fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let (mut tried, mut same_text) = (0, 0);
    let mut failures = Vec::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, is_error) = (columns[0], columns[2] == "error");
        if MOCKS.iter().any(|(mock, _)| *mock == name) {
            continue;
        }
        let text = fs::read_to_string(folder.join("adapt").join(name)).unwrap();
        let (input, expected) = text.split_once("----------").unwrap();
        let outcome = run("Caddyfile", &format!("{}\n", input.trim()), &host);
        tried += 1;
        let result = if is_error {
            check_error(&outcome, expected, EARLIER.contains(&name))
        } else {
            check_json(&outcome, expected, &mut same_text)
        };
        if let Err(problem) = result {
            let diagnostics = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
            failures.push(format!("=== {name}\n{problem}\n{diagnostics}"));
        }
    }
    println!(
        "{tried} fixtures tried, {} name mock modules; {same_text} give the same text to the byte",
        MOCKS.len(),
    );
    assert!(
        failures.is_empty(),
        "{} of {tried} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn check_json(outcome: &Outcome, expected: &str, same_text: &mut usize) -> Result<(), String> {
    let config = outcome.config.as_ref().ok_or("refused")?;
    let expected_value: Value = serde_json::from_str(expected).unwrap();
    let actual_value: Value = serde_json::from_str(&config.to_json()).unwrap();
    *same_text += usize::from(config.to_json_pretty() == expected.trim());
    if actual_value == expected_value {
        Ok(())
    } else {
        Err(format!(
            "expected {expected}\nbut got {}",
            config.to_json_pretty()
        ))
    }
}

fn check_error(outcome: &Outcome, expected: &str, earlier: bool) -> Result<(), String> {
    let error = outcome
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error);
    let error = error.ok_or_else(|| format!("accepted, but Caddy says: {expected}"))?;
    let Some(line) = line_of(expected) else {
        return Ok(());
    };
    let actual = outcome.sources.position(error.primary.span).line;
    if actual == line || (earlier && actual < line) {
        Ok(())
    } else {
        Err(format!(
            "Caddy finds the error on line {line}, not {actual}: {expected}"
        ))
    }
}

/// The line that a message of Caddy's names.
fn line_of(message: &str) -> Option<u32> {
    let after = ["Caddyfile:", "line #"]
        .iter()
        .find_map(|mark| message.split_once(mark))
        .map(|(_, after)| after)?;
    after
        .split(|character: char| !character.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

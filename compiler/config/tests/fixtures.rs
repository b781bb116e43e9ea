//! Caddy's own adapter fixtures, as far as the table of supported features says that they can be read: the same JSON for
//! each, and errors where Caddy has errors.

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{FolderHost, Outcome, run, shared};
use serde_json::Value;
use zs_config::{Kind, Status, support_table};
use zs_diagnostics::{Severity, Style, render_all};

#[test]
fn fixtures() {
    let Some(folder) = shared("caddy-fixtures") else {
        return;
    };
    let host = FolderHost {
        folder: folder.join("cwd"),
    };
    let manifest = fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let supported = Supported::new();
    let (mut total, mut tried, mut same_text) = (0, 0, 0);
    let mut failures = Vec::new();
    for row in manifest.lines().skip(1) {
        total += 1;
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, is_error, features) = (columns[0], columns[2] == "error", columns[3]);
        if !features
            .split(',')
            .all(|feature| supported.has(feature, is_error))
        {
            continue;
        }
        tried += 1;
        let text = fs::read_to_string(folder.join("adapt").join(name)).unwrap();
        let (input, expected) = text.split_once("----------").unwrap();
        let outcome = run("Caddyfile", &format!("{}\n", input.trim()), &host);
        let result = if is_error {
            check_error(&outcome, expected)
        } else {
            check_json(&outcome, expected, &mut same_text)
        };
        if let Err(problem) = result {
            let diagnostics = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
            failures.push(format!("=== {name}\n{problem}\n{diagnostics}"));
        }
    }
    println!(
        "{tried} of {total} fixtures are within the language; {same_text} give the same text to the byte"
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

fn check_error(outcome: &Outcome, expected: &str) -> Result<(), String> {
    let error = outcome
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error);
    let error = error.ok_or_else(|| format!("accepted, but Caddy says: {expected}"))?;
    let Some(line) = line_of(expected) else {
        return Ok(());
    };
    let actual = outcome.sources.position(error.primary.span).line;
    if actual == line {
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

/// What the table of supported features says, by the names that the manifest uses.
struct Supported {
    table: BTreeMap<(Kind, String), bool>,
}

impl Supported {
    fn new() -> Self {
        let table = support_table()
            .into_iter()
            .map(|row| ((row.kind, row.name), row.status != Status::Unread))
            .collect();
        Supported { table }
    }

    fn get(&self, kind: Kind, name: &str) -> Option<bool> {
        self.table.get(&(kind, name.to_owned())).copied()
    }

    fn has(&self, feature: &str, is_error: bool) -> bool {
        if let Some(name) = feature.strip_prefix("dir:") {
            // A word that is no directive at all can only be the error that is looked for.
            return name == "import" || self.get(Kind::Directive, name).unwrap_or(is_error);
        }
        if let Some(name) = feature.strip_prefix("matcher:") {
            return self.get(Kind::Matcher, name) == Some(true);
        }
        if let Some(name) = feature.strip_prefix("global:") {
            return self.get(Kind::Option, name) == Some(true);
        }
        if self.get(Kind::Subdirective, feature) == Some(true) {
            return true;
        }
        const SYNTAX: &[&str] = &["braceless-site", "snippet", "heredoc", "{args}", "{block}"];
        match feature.split_once([':', '.', '=']) {
            Some((
                "matcher-token" | "import" | "header" | "uri" | "vars" | "admin" | "auto_https"
                | "handle_errors",
                _,
            )) => true,
            Some(("syntax", form)) => SYNTAX.contains(&form),
            Some(("tls", form)) => ["internal", "cert+key", "email/other"].contains(&form),
            Some(("reverse_proxy", form)) => [
                "unix-upstream",
                "https-upstream",
                "placeholder-upstream",
                "transport=http",
            ]
            .contains(&form),
            Some(("global", "storage.root")) => true,
            _ => feature.is_empty(),
        }
    }
}

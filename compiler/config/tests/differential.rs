//! Made-up files: nothing panics, and the same file gives the same bytes. With `ZS_CADDY` set to the path of a Caddy binary
//! (2.11.9 is what this follows), Caddy makes the same JSON of each, or refuses it too.

mod common;

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use common::{generator, generator_sites, run};
use serde_json::Value;
use zs_diagnostics::{Style, render_all};
use zs_syntax::MapHost;

#[test]
fn generated_files() {
    compare(generator::caddyfile);
}

#[test]
fn generated_sites_and_options() {
    compare(generator_sites::caddyfile);
}

fn compare(generate: fn(u64) -> String) {
    let caddy = common::caddy();
    let count = env::var("ZS_FILES").map_or(300, |count| count.parse().unwrap());
    let (mut accepted, mut failures) = (0, Vec::new());
    for seed in 0..count {
        let text = generate(seed);
        let outcome = run("Caddyfile", &text, &MapHost::default());
        let ours = outcome.config.as_ref().map(|config| config.to_json());
        let again = run("Caddyfile", &text, &MapHost::default())
            .config
            .map(|config| config.to_json());
        assert_eq!(ours, again, "seed {seed}");
        accepted += u64::from(ours.is_some());
        let Some(caddy) = &caddy else { continue };
        let theirs = adapt_with(caddy, &text);
        let ours_value = ours
            .as_deref()
            .map(|json| normal(serde_json::from_str(json).unwrap()));
        if ours_value != theirs {
            let messages = render_all(&outcome.diagnostics, &outcome.sources, Style::Plain);
            failures.push(format!(
                "seed {seed}:\n{text}\nours: {ours:?}\n{messages}\ntheirs: {}",
                theirs.unwrap_or_default()
            ));
        }
    }
    println!(
        "{accepted} of {count} made-up files are accepted; compared with Caddy: {}",
        caddy.is_some()
    );
    assert!(
        accepted > count / 3,
        "the generator makes too many files that are refused"
    );
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn adapt_with(caddy: &std::ffi::OsStr, text: &str) -> Option<Value> {
    let mut process = Command::new(caddy)
        .args(["adapt", "--adapter", "caddyfile", "--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = process.wait_with_output().unwrap();
    output
        .status
        .success()
        .then(|| normal(serde_json::from_slice(&output.stdout).unwrap()))
}

/// In a few places Caddy's order of names is that of a map and differs from run to run.
fn normal(mut value: Value) -> Value {
    match &mut value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                *value = normal(value.take());
                if key == "subjects"
                    && let Value::Array(names) = value
                {
                    names.sort_by_key(ToString::to_string);
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| *value = normal(value.take())),
        _ => {}
    }
    value
}

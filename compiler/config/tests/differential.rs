//! Made-up files: nothing panics, and the same file gives the same bytes. With `ZS_CADDY` set to the path of a Caddy binary
//! (2.11.9 is what this follows), Caddy makes the same JSON of each, or refuses it too.

mod common;

use std::env;

use common::{generator, generator_handlers, generator_sites, oracle, run};
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

#[test]
fn generated_handlers() {
    compare(generator_handlers::caddyfile);
}

fn compare(generate: fn(u64) -> String) {
    let caddy = common::caddy();
    let count = env::var("ZS_FILES").map_or(300, |count| count.parse().unwrap());
    let (mut accepted, mut failures) = (0, Vec::new());
    for seed in 0..count {
        let text = generate(seed);
        // What Caddy reads from its standard input is called so.
        let outcome = run("-", &text, &MapHost::default());
        let ours = outcome.config.as_ref().map(|config| config.to_json());
        let again = run("-", &text, &MapHost::default())
            .config
            .map(|config| config.to_json());
        assert_eq!(ours, again, "seed {seed}");
        accepted += u64::from(ours.is_some());
        let Some(caddy) = &caddy else { continue };
        let theirs = oracle::adapt(caddy, &text, &[]);
        let ours_value = ours
            .as_deref()
            .map(|json| oracle::normal(serde_json::from_str(json).unwrap()));
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

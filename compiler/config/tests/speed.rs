//! The time that adapting takes grows with the number of sites, not with its square.

mod common;

use std::fmt::Write;
use std::time::{Duration, Instant};

use common::run;
use zs_syntax::MapHost;

/// So many sites with three directives each.
fn sites(count: usize, lines: &str) -> String {
    let mut text = String::new();
    for number in 0..count {
        writeln!(
            text,
            "site{number}.example.com {{\n\theader X-Site {number}\n\trespond /health ok\n\treverse_proxy localhost:9000\n{lines}}}"
        )
        .unwrap();
    }
    text
}

fn time(count: usize, lines: &str) -> Duration {
    let text = sites(count, lines);
    let start = Instant::now();
    let outcome = run("Caddyfile", &text, &MapHost::default());
    let json = outcome.config.unwrap().to_json();
    assert!(json.len() > count);
    start.elapsed()
}

/// Eight times the sites may take some times longer than eight times, since machines are busy with other things too.
fn check(lines: &str) {
    let few = (0..3).map(|_| time(1_000, lines)).min().unwrap();
    let many = (0..2).map(|_| time(8_000, lines)).min().unwrap();
    println!("1000 sites: {few:?}, 8000 sites: {many:?}");
    assert!(
        many < few * 8 * 3 + Duration::from_millis(200),
        "8 times the sites take {many:?} instead of {few:?}"
    );
}

#[test]
fn plain_sites() {
    check("");
}

#[test]
fn sites_with_logs() {
    check("\tlog {\n\t\toutput stdout\n\t}\n");
}

#[test]
fn sites_with_certificates_of_one_kind() {
    check("\ttls internal\n");
}

#[test]
fn sites_with_addresses_of_their_own() {
    check("\tbind 127.0.0.1\n\ttls me@example.com\n");
}

#[test]
fn sites_with_handshakes_of_one_kind() {
    check("\ttls {\n\t\talpn http/1.1\n\t\tkey_type p384\n\t}\n");
}

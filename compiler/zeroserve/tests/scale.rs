//! Many sites: the compiler copes, and a decision does not go wrong with their
//! number.

mod common;

use std::fmt::Write;
use std::time::{Duration, Instant};

use common::{Folder, Server, build, get, port, status_and_body};

const SITES: usize = 2_000;
const ROUTES: usize = 20;

/// Generous: it takes about two seconds on one core of 2020.
const BUILD_MAX: Duration = Duration::from_secs(20);

/// Every tenth site is a wildcard.
fn name(site: usize) -> String {
    match site % 10 {
        0 => format!("*.zone{site}.example"),
        _ => format!("site{site}.example"),
    }
}

fn caddyfile(port: u16) -> String {
    let mut text = String::new();
    for site in 0..SITES {
        let _ = writeln!(text, "http://{}:{port} {{", name(site));
        for route in 0..ROUTES {
            let _ = match route % 4 {
                0 => writeln!(text, "\trespond /r{route}/exact \"{site} exact {route}\""),
                1 => writeln!(text, "\trespond /r{route}/* \"{site} prefix {route}\""),
                2 => writeln!(
                    text,
                    "\t@s{route} path *.r{route}\n\trespond @s{route} \"{site} suffix {route}\""
                ),
                _ => writeln!(text, "\theader /h{route} X-Route {route}"),
            };
        }
        let _ = writeln!(text, "\trespond \"{site} rest\"\n}}");
    }
    text
}

#[test]
fn thousands_of_sites() {
    let (folder, port) = (Folder::new("scale"), port());
    let start = Instant::now();
    let site = build(&folder, &caddyfile(port), &["--threads=2"]);
    let took = start.elapsed();
    let bytes = std::fs::metadata(&site).expect("the site").len();
    println!("{SITES} sites of {ROUTES} routes: {took:.1?}, {bytes} bytes");
    assert!(took < BUILD_MAX, "building took {took:?}");
    let _server = Server::start(&site, &["--workers=1"], port);
    for site in [0, 1, 7, 10, 999, 1_000, 1_001, 1_990, SITES - 1] {
        let host = name(site).replace('*', "any");
        for (path, body) in [
            ("/r0/exact", "exact 0"),
            ("/r16/EXACT", "exact 16"),
            ("/r1/x", "prefix 1"),
            ("/r17/x/y", "prefix 17"),
            ("/a.r2", "suffix 2"),
            ("/a/b.r18", "suffix 18"),
            ("/r0/exactly", "rest"),
            ("/h3", "rest"),
        ] {
            let answer = get(port, &host, path);
            let body = format!("{site} {body}");
            assert_eq!(status_and_body(&answer), (200, &*body), "{host}{path}");
            assert_eq!(answer.contains("X-Route: 3"), path == "/h3", "{answer}");
        }
    }
    for host in [
        "site2000.example",
        "zone10.example",
        "a.b.zone10.example",
        "site1.example.",
        "x",
    ] {
        assert_eq!(
            status_and_body(&get(port, host, "/r1/x")),
            (200, ""),
            "{host}"
        );
    }
}

//! Proxies with several upstreams choose the very upstream that Caddy chooses.

mod common;
#[path = "common/peers.rs"]
mod peers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::{Folder, Server, build, caddy, exchange, port, run_caddy, status_and_body};
use peers::{response, upstream};

/// Policies and the path that each is found under.
const POLICIES: &[(&str, &str)] = &[
    ("/uri", "uri_hash"),
    ("/header", "header X-Key {\nfallback first\n}"),
    ("/host", "header Host"),
    ("/forwarded", "header X-Forwarded-Host"),
    ("/query", "query key {\nfallback round_robin\n}"),
    ("/cookie", "cookie lb secret {\nfallback round_robin\n}"),
    (
        "/plain",
        "cookie {\nfallback header X-Key {\nfallback first\n}\nmax_age 90s\n}",
    ),
    ("/ip", "ip_hash"),
    ("/client", "client_ip_hash"),
    ("/round", "round_robin"),
    ("/weighted", "weighted_round_robin 3 0 1 2 1"),
    ("/one", "weighted_round_robin 7"),
    ("/more", "weighted_round_robin 1 2 3 4 5 6 7"),
    ("/first", "first"),
];

/// A site with all policies in front of some upstreams.
fn caddyfile(port: u16, upstreams: &[u16]) -> String {
    let names: Vec<String> = upstreams
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let names = names.join(" ");
    let mut text = format!(":{port} {{\n");
    for (path, policy) in POLICIES {
        text +=
            &format!("handle {path}/* {{\nreverse_proxy {names} {{\nlb_policy {policy}\n}}\n}}\n");
    }
    text + "}\n"
}

/// Requests that are answered one after the other: path and more fields.
fn requests() -> Vec<(String, String)> {
    let mut requests = Vec::new();
    for number in 0..60 {
        let key = "k".repeat(number % 40);
        requests.push((format!("/uri/{number}?{key}"), String::new()));
        requests.push((
            "/header/x".to_owned(),
            format!("X-Key: {number}{key}\r\nX-Key: other\r\n"),
        ));
        requests.push((
            format!("/query/x?a=b&key={number}&key={key}"),
            String::new(),
        ));
        for (path, _) in POLICIES {
            requests.push((format!("{path}/{}", number % 3), String::new()));
        }
    }
    for field in ["", "X-Key:\r\n", "X-Key: one\r\n", "Cookie: lb=none\r\n"] {
        for (path, _) in POLICIES {
            requests.push((format!("{path}/field"), field.to_owned()));
        }
    }
    for query in [
        "",
        "?key",
        "?key=",
        "?key=%zz&key=a",
        "?Key=a",
        "?key=a%20b+c",
    ] {
        requests.push((format!("/query/{query}"), String::new()));
    }
    requests
}

/// What comes of the requests: the upstreams' names and the cookies.
fn answers(port: u16, requests: &[(String, String)]) -> Vec<String> {
    let mut last_cookie = BTreeMap::new();
    let mut answers = Vec::new();
    for (path, fields) in requests {
        let policy = path.split('/').nth(1).unwrap_or_default();
        // Every other request shows the cookie that came last.
        let cookie = match answers.len() % 2 {
            0 => last_cookie.get(policy).cloned().unwrap_or_default(),
            _ => String::new(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {policy}.example\r\n{fields}{cookie}Connection: close\r\n\r\n"
        );
        let answer = exchange(port, &request);
        let given = answer
            .lines()
            .find_map(|line| line.strip_prefix("Set-Cookie: "));
        if let Some(pair) = given.and_then(|cookie| cookie.split(';').next()) {
            last_cookie.insert(policy.to_owned(), format!("Cookie: a=b; {pair}\r\n"));
        }
        let (status, body) = status_and_body(&answer);
        answers.push(format!("{status} {body} {}", given.unwrap_or("-")));
    }
    answers
}

#[test]
fn the_upstream_is_the_one_that_caddy_chooses() {
    let Some(caddy) = caddy() else { return };
    for count in [3, 5] {
        let upstreams: Vec<u16> = (0..count)
            .map(|number| upstream(move |_| response(200, &number.to_string())))
            .collect();
        let requests = requests();
        let (ours, theirs) = (port(), port());
        let folder = Folder::new("balance");
        let site = build(&folder, &caddyfile(ours, &upstreams), &[]);
        let found = {
            let _server = Server::start(&site, &["--workers=2"], ours);
            answers(ours, &requests)
        };
        let text = caddyfile(theirs, &upstreams);
        let _server = run_caddy(&caddy, &folder, &text, &[], theirs);
        let expected = answers(theirs, &requests);
        for ((request, expected), found) in requests.iter().zip(expected).zip(found) {
            assert_eq!(found, expected, "{request:?} with {count} upstreams");
        }
    }
}

/// The upstream of each of some requests, without Caddy at hand.
#[test]
fn names_and_keys_are_hashed_together() {
    let upstreams: Vec<u16> = (0..4)
        .map(|number| upstream(move |_| response(200, &number.to_string())))
        .collect();
    let (folder, port) = (Folder::new("hash"), port());
    let site = build(&folder, &caddyfile(port, &upstreams), &[]);
    let _server = Server::start(&site, &["--workers=1"], port);
    for number in 0..40 {
        let path = format!("/uri/{number}");
        let hash = |upstream: &&u16| {
            twox_hash::XxHash64::oneshot(0, format!("127.0.0.1:{upstream}{path}").as_bytes())
        };
        let highest = upstreams.iter().max_by_key(hash);
        let place = upstreams.iter().position(|port| Some(port) == highest);
        let answer = common::get(port, "localhost", &path);
        let expected = place.expect("an upstream").to_string();
        assert_eq!(status_and_body(&answer), (200, &*expected), "{path}");
    }
}

#[test]
fn rounds_and_requests_are_counted_over_all_workers() {
    // The first upstream keeps slow requests until the test lets them go.
    let (held, go) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (hold, wait) = (Arc::clone(&held), Arc::clone(&go));
    let slow = upstream(move |head| {
        while head.contains("/least/slow") && !wait.load(Ordering::SeqCst) {
            hold.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
        }
        response(200, "slow")
    });
    let [second, third] = ["second", "third"].map(|name| upstream(move |_| response(200, name)));
    let (folder, port) = (Folder::new("rounds"), port());
    let names = [slow, second, third].map(|port| format!("127.0.0.1:{port}"));
    let names = names.join(" ");
    let caddyfile = format!(
        ":{port} {{\nhandle /round/* {{\nreverse_proxy {names} {{\nlb_policy round_robin\n}}\n}}\n\
         handle /least/* {{\nreverse_proxy {names} {{\nlb_policy least_conn\n}}\n}}\n}}\n"
    );
    let site = build(&folder, &caddyfile, &[]);
    let _server = Server::start(&site, &["--workers=4"], port);
    let body = |path: &str| {
        status_and_body(&common::get(port, "localhost", path))
            .1
            .to_owned()
    };
    let mut counts = BTreeMap::new();
    for _ in 0..60 {
        *counts.entry(body("/round/")).or_insert(0) += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<i32>>(), [20, 20, 20]);
    thread::scope(|scope| {
        let slow = scope.spawn(|| while body("/least/slow") != "slow" {});
        while !held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
        // Whichever worker a request is at, it knows of the slow one.
        for _ in 0..40 {
            assert_ne!(body("/least/"), "slow");
        }
        go.store(true, Ordering::SeqCst);
        slow.join().expect("it was answered");
    });
}

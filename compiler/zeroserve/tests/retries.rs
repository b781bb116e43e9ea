//! What becomes of requests whose upstream fails, and of the upstream: as with
//! Caddy, if that is there.

mod common;
#[path = "common/peers.rs"]
mod peers;

use std::time::{Duration, Instant};

use common::{Folder, Server, build, caddy, exchange, port, run_caddy, status_and_body};
use peers::{response, upstream};

/// A port that nobody answers on.
fn dead() -> u16 {
    port()
}

/// An upstream that reads a request's head and breaks off.
fn broken() -> u16 {
    upstream(|_| Vec::new())
}

fn fine() -> u16 {
    upstream(|head| response(200, head.split(' ').next().unwrap_or_default()))
}

fn failing() -> u16 {
    upstream(|_| response(503, "failing"))
}

/// A path, the upstreams behind it, and the lines of its proxy.
struct Rule {
    path: &'static str,
    upstreams: Vec<u16>,
    lines: &'static str,
}

/// Each has upstreams of its own: failures count for all rules.
fn rules() -> Vec<Rule> {
    let rule = |path, upstreams, lines| Rule {
        path,
        upstreams,
        lines,
    };
    let policy = "lb_policy first\nfail_duration 30s\nlb_retries 1";
    vec![
        rule("/dial", vec![dead(), fine()], policy),
        rule("/dial-post", vec![dead(), fine()], policy),
        rule("/often", vec![dead(), dead(), dead(), fine()], policy),
        rule(
            "/once",
            vec![dead(), fine()],
            "lb_policy first\nfail_duration 30s",
        ),
        rule(
            "/forgotten",
            vec![dead(), fine()],
            "lb_policy first\nlb_retries 3",
        ),
        rule(
            "/twice",
            vec![dead(), fine()],
            "lb_policy first\nfail_duration 30s\nmax_fails 3",
        ),
        rule("/broken", vec![broken(), fine()], policy),
        rule("/broken-post", vec![broken(), fine()], policy),
        rule(
            "/match",
            vec![broken(), fine()],
            "lb_policy first\nfail_duration 30s\nlb_retries 1\nlb_retry_match {\nmethod POST\npath /match/a\n}",
        ),
        rule(
            "/transport",
            vec![broken(), fine()],
            "lb_policy first\nfail_duration 30s\nlb_retries 1\nlb_retry_match {\nexpression `{rp.is_transport_error} == true`\n}",
        ),
        rule(
            "/status",
            vec![failing(), fine()],
            "lb_policy first\nfail_duration 30s\nunhealthy_status 5xx\nlb_retries 2\nlb_retry_match {\nexpression `{rp.status_code} == 503`\n}",
        ),
        rule(
            "/exhausted",
            vec![failing()],
            "lb_retries 2\nlb_retry_match {\nexpression `{rp.status_code} in [502, 503]`\n}",
        ),
        rule(
            "/unhealthy",
            vec![failing()],
            "fail_duration 30s\nunhealthy_status 500 503",
        ),
        rule(
            "/slow",
            vec![
                upstream(|_| {
                    std::thread::sleep(Duration::from_millis(150));
                    response(200, "slow")
                }),
                fine(),
            ],
            "lb_policy first\nfail_duration 30s\nunhealthy_latency 100ms",
        ),
        rule(
            "/time",
            vec![dead()],
            "lb_try_duration 400ms\nlb_try_interval 100ms",
        ),
        rule(
            "/round",
            vec![dead(), fine(), fine()],
            "lb_policy round_robin\nlb_retries 2",
        ),
    ]
}

fn caddyfile(port: u16, rules: &[Rule]) -> String {
    let mut text = format!(":{port} {{\n");
    for rule in rules {
        let names: Vec<String> = rule
            .upstreams
            .iter()
            .map(|p| format!("127.0.0.1:{p}"))
            .collect();
        text += &format!(
            "handle {}/* {{\nreverse_proxy {} {{\n{}\n}}\n}}\n",
            rule.path,
            names.join(" "),
            rule.lines
        );
    }
    text + "handle_errors {\nrespond \"error {err.status_code}\"\n}\n}\n"
}

/// Requests in their order: method and path.
fn requests() -> Vec<(&'static str, String)> {
    let mut requests = Vec::new();
    for rule in rules() {
        let method = match rule.path {
            "/dial-post" | "/broken-post" | "/match" | "/transport" => "POST",
            _ => "GET",
        };
        for part in ["a", "b", "a", "b", "c"] {
            requests.push((method, format!("{}/{part}", rule.path)));
        }
    }
    requests
}

fn answers(port: u16) -> Vec<String> {
    let ask = |(method, path): (&str, String)| {
        let body = if path.starts_with("/dial-post") {
            "body"
        } else {
            ""
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let start = Instant::now();
        let answer = exchange(port, &request);
        let (status, body) = status_and_body(&answer);
        // How long it took, where that is the point.
        let took = match path.starts_with("/time") {
            true => start.elapsed().as_millis() / 400,
            false => 0,
        };
        format!("{method} {path}: {status} {body} {took}")
    };
    requests().into_iter().map(ask).collect()
}

#[test]
fn failed_requests_go_to_other_upstreams() {
    let (folder, port) = (Folder::new("retries"), port());
    let site = build(&folder, &caddyfile(port, &rules()), &[]);
    let found = {
        let _server = Server::start(&site, &["--workers=2"], port);
        answers(port)
    };
    let of = |path: &str| {
        let begins = format!(" {path}/");
        let answers = found.iter().filter(|answer| answer.contains(&begins));
        let status = |answer: &String| answer.rsplit(' ').nth(1).map(str::to_owned);
        answers.filter_map(status).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of("/dial"), "GET GET GET GET GET");
    assert_eq!(of("/dial-post"), "POST POST POST POST POST");
    assert_eq!(of("/once"), "502 GET GET GET GET");
    assert_eq!(of("/status"), "GET GET GET GET GET");
    let Some(caddy) = caddy() else { return };
    let port = common::port();
    let text = caddyfile(port, &rules());
    let _server = run_caddy(&caddy, &folder, &text, &[], port);
    assert_eq!(found, answers(port));
}

#[test]
fn failures_are_forgotten_and_full_upstreams_left_alone() {
    let (folder, port) = (Folder::new("forgotten"), port());
    let slow = upstream(|_| {
        std::thread::sleep(Duration::from_millis(1500));
        response(200, "slow")
    });
    let once = std::sync::atomic::AtomicBool::new(true);
    let ill = upstream(
        move |_| match once.swap(false, std::sync::atomic::Ordering::SeqCst) {
            true => response(500, "ill"),
            false => response(200, "well"),
        },
    );
    let caddyfile = format!(
        ":{port} {{\nhandle /full/* {{\nreverse_proxy 127.0.0.1:{slow} {{\nunhealthy_request_count 1\n}}\n}}\n\
         handle /ill/* {{\nreverse_proxy 127.0.0.1:{ill} {{\nfail_duration 2s\nunhealthy_status 5xx\n}}\n}}\n}}\n"
    );
    let site = build(&folder, &caddyfile, &[]);
    let _server = Server::start(&site, &["--workers=2"], port);
    let get = |path: &str| {
        let answer = common::get(port, "localhost", path);
        status_and_body(&answer).0
    };
    assert_eq!([get("/ill/"), get("/ill/")], [500, 503]);
    std::thread::sleep(Duration::from_millis(2300));
    assert_eq!(get("/ill/"), 200);
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| get("/full/"));
        std::thread::sleep(Duration::from_millis(400));
        let other = get("/full/");
        (one.join().expect("an answer"), other)
    });
    assert_eq!((one, other, get("/full/")), (200, 503, 200));
}

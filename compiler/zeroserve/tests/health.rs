//! Upstreams are asked whether they answer, and get no requests while they do
//! not.

mod common;
#[path = "common/peers.rs"]
mod peers;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, Server, build, caddy, port, run_caddy, status_and_body};
use peers::{response, serve, upstream};

/// An upstream whose health the test decides.
#[derive(Clone, Default)]
struct Patient {
    ill: Arc<AtomicBool>,
    checks: Arc<AtomicUsize>,
    /// The request of the last check.
    asked: Arc<Mutex<String>>,
}

impl Patient {
    /// Begins to answer checks of `/up` and other requests with `name`.
    fn start(name: &'static str) -> (Self, u16) {
        let patient = Self::default();
        let its = patient.clone();
        let port = upstream(move |head| {
            if !head.contains(" /up") {
                return response(200, name);
            }
            its.checks.fetch_add(1, Ordering::SeqCst);
            head.clone_into(&mut its.asked.lock().expect("nobody panics"));
            match its.ill.load(Ordering::SeqCst) {
                true => response(500, "ill"),
                false => response(200, "I am well"),
            }
        });
        (patient, port)
    }

    fn set(&self, ill: bool) {
        self.ill.store(ill, Ordering::SeqCst);
    }
}

/// Waits until a condition holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn answer(port: u16, path: &str) -> String {
    let answer = common::get(port, "localhost", path);
    let (status, body) = status_and_body(&answer);
    format!("{status} {body}")
}

#[test]
fn the_ill_are_left_alone_until_they_are_well() {
    let (first, one) = Patient::start("first");
    let (second, two) = Patient::start("second");
    let (folder, port) = (Folder::new("health"), port());
    let caddyfile = format!(
        ":{port} {{\nreverse_proxy 127.0.0.1:{one} 127.0.0.1:{two} {{\nlb_policy first\nhealth_uri /up?a=b\n\
         health_interval 100ms\nhealth_timeout 1s\nhealth_status 2xx\nhealth_body well\nhealth_fails 2\nhealth_passes 2\n\
         health_headers {{\nX-Check one two\nHost checked.example\n}}\n}}\n}}\n"
    );
    let site = build(&folder, &caddyfile, &[]);
    let _server = Server::start(&site, &["--workers=3"], port);
    assert_eq!(answer(port, "/"), "200 first");
    first.set(true);
    until("the first is found ill", || {
        answer(port, "/") == "200 second"
    });
    second.set(true);
    until("so is the second", || answer(port, "/").starts_with("503"));
    first.set(false);
    until("the first is well", || answer(port, "/") == "200 first");
    let asked = first.asked.lock().expect("nobody panics").clone();
    assert_eq!(
        asked,
        "GET /up?a=b HTTP/1.1\r\nHost: checked.example\r\nUser-Agent: zeroserve\r\nX-Check: one\r\nX-Check: two\r\n\r\n"
    );
    // One prober for all workers.
    let (before, start) = (second.checks.load(Ordering::SeqCst), Instant::now());
    thread::sleep(Duration::from_millis(1000));
    let checks = second.checks.load(Ordering::SeqCst) - before;
    let due = start.elapsed().as_millis() as usize / 100;
    assert!(
        (1..=due + 2).contains(&checks),
        "{checks} checks, {due} due"
    );
}

/// Rules, each with what a check finds wrong or not.
#[test]
fn health_is_what_caddy_takes_for_it() {
    let held = upstream(|_| {
        thread::sleep(Duration::from_secs(3));
        response(200, "late")
    });
    let early = upstream(|head| {
        let first = match head.contains(" /up ") {
            true => "HTTP/1.1 100 Continue\r\n\r\n",
            false => "",
        };
        [first.as_bytes().to_vec(), response(200, "fine")].concat()
    });
    let chunks = upstream(|_| {
        b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n"
            .to_vec()
    });
    let teapot = upstream(|_| response(418, "teapot"));
    let moved = upstream(|head| match head.contains(" /moved") {
        true => b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_vec(),
        false => response(200, "moved"),
    });
    let method = upstream(|head| match head.starts_with("HEAD /x%20y ") {
        true => b"HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\n".to_vec(),
        false if head.contains(" /method/") => response(200, "method"),
        false => response(404, ""),
    });
    let broken = upstream(|_| Vec::new());
    let dead = common::port();
    let fine = upstream(|_| response(200, "fine"));
    let rules = [
        ("/held", held, "health_uri /\nhealth_timeout 200ms"),
        ("/early", early, "health_uri /up\nhealth_body ^fine$"),
        ("/chunks", chunks, "health_uri /\nhealth_body f.ne"),
        ("/chunked", chunks, "health_uri /\nhealth_body none"),
        ("/teapot", teapot, "health_uri /"),
        ("/tea", teapot, "health_uri /\nhealth_status 418"),
        ("/fours", teapot, "health_uri /\nhealth_status 4xx"),
        ("/moved", moved, "health_uri /moved"),
        ("/move", moved, "health_uri /moved\nhealth_status 3xx"),
        ("/method", method, "health_method HEAD\nhealth_uri \"/x y\""),
        ("/broken", broken, "health_uri /"),
        ("/dead", dead, "health_uri /"),
        ("/only", teapot, "health_interval 10ms"),
        (
            "/other",
            teapot,
            "health_uri /\nhealth_upstream 127.0.0.1:FINE",
        ),
        ("/port", teapot, "health_port FINE"),
    ];
    let site = |port: u16| {
        let mut text = format!(":{port} {{\n");
        for (path, upstream, lines) in rules {
            let lines = lines.replace("FINE", &fine.to_string());
            text += &format!(
                "handle {path}/* {{\nreverse_proxy 127.0.0.1:{upstream} {{\n{lines}\n}}\n}}\n"
            );
        }
        text + "}\n"
    };
    let answers = |port: u16| -> Vec<String> {
        // Those that are slow are asked only if they are well.
        let ask = |(path, ..): &(&str, u16, &str)| {
            format!("{path} {}", answer(port, &format!("{path}/")))
        };
        rules.iter().map(ask).collect()
    };
    let (folder, port) = (Folder::new("checks"), port());
    let program = build(&folder, &site(port), &[]);
    let found = {
        let _server = Server::start(&program, &["--workers=2"], port);
        until("checks have found what they find", || {
            let found = answers(port);
            found[0] == "/held 503 " && found[1] == "/early 200 fine"
        });
        // So that all of the others have as well.
        thread::sleep(Duration::from_millis(600));
        answers(port)
    };
    let Some(caddy) = caddy() else { return };
    let port = common::port();
    let _server = run_caddy(&caddy, &folder, &site(port), &[], port);
    let start = Instant::now();
    while found != answers(port) && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(found, answers(port));
}

#[test]
fn checks_speak_tls_and_give_up_on_what_does_not() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let plain = listener.local_addr().expect("its address").port();
    serve(listener, |_| response(200, "plain"));
    let (folder, port) = (Folder::new("tls"), port());
    let caddyfile = format!(
        ":{port} {{\nreverse_proxy https://127.0.0.1:{plain} {{\nhealth_uri /\nhealth_interval 50ms\nhealth_timeout 200ms\n}}\n}}\n"
    );
    let site = build(&folder, &caddyfile, &[]);
    let _server = Server::start(&site, &["--workers=1"], port);
    // Requests before that would wait for a handshake.
    thread::sleep(Duration::from_millis(800));
    until("it is found ill", || answer(port, "/").starts_with("503"));
}

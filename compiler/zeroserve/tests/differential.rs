//! Requests at random are answered as the real Caddy answers them, by sites of
//! `testdata/differential`: the same status, fields and body, and the same
//! request at the upstream.
//!
//! Requests come from the grammar of a site and `requests.grammar`. `ZS_REQUESTS` says
//! how many, if not only a few, and `ZS_SEED` where to begin; `scripts/differential` asks for
//! many. Caddy is asked if `ZS_CADDY` names it.

mod common;
#[path = "common/grammar.rs"]
mod grammar;
#[path = "common/random.rs"]
mod random;
#[path = "common/rules.rs"]
mod rules;
#[path = "common/servers.rs"]
mod servers;
#[path = "common/spec.rs"]
#[allow(dead_code, reason = "sites are read as there, requests are others")]
mod spec;
#[path = "common/upstream.rs"]
mod upstream;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::Folder;
use grammar::Grammar;
use random::{Random, number};
use spec::{Ports, Site};

/// How many differences are told before a run ends.
const TOLD: usize = 20;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/differential")
}

/// The files with sites. `ZS_SITE` picks those whose name holds it.
fn files() -> Vec<PathBuf> {
    let wanted = std::env::var("ZS_SITE").unwrap_or_default();
    let entries = fs::read_dir(folder()).expect("the folder of the sites");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| path.to_string_lossy().contains(&wanted))
        .collect();
    files.sort();
    files
}

#[test]
fn caddy_answers_requests_at_random_the_same() {
    let Some(caddy) = common::caddy() else {
        return;
    };
    let files = files();
    let each = number("ZS_REQUESTS", 1500) / files.len() as u64;
    let shared = fs::read_to_string(folder().join("requests.grammar")).expect("the grammar");
    let mut report = Report::default();
    for file in &files {
        let text = fs::read_to_string(file).expect("a site");
        for site in spec::parse(&text) {
            let grammar = Grammar::parse(&[&shared, &site.grammar]);
            Pair::start(&caddy, &site, file).compare(&grammar, each, &mut report);
        }
    }
    eprintln!("{}", report.summary());
    assert!(report.problems == 0, "{}", report.text);
}

/// What a run has seen.
#[derive(Default)]
struct Report {
    requests: usize,
    problems: usize,
    /// How many answers differ by each rule.
    rules: BTreeMap<&'static str, usize>,
    /// How many answers had each status.
    statuses: BTreeMap<String, usize>,
    text: String,
}

impl Report {
    fn summary(&self) -> String {
        let mut text = format!(
            "{} requests, {} unexplained differences; by status:",
            self.requests, self.problems
        );
        for (status, count) in &self.statuses {
            let _ = write!(text, " {status} {count}");
        }
        for rule in rules::RULES {
            let count = self.rules.get(rule.name).unwrap_or(&0);
            let _ = write!(text, "\n{count:>8}  {}: {}", rule.name, rule.reason);
        }
        text
    }
}

/// Both servers with one Caddyfile, before upstreams that answer the same.
struct Pair {
    name: String,
    ours: Client,
    caddys: Client,
    _running: Box<dyn std::any::Any>,
}

impl Pair {
    fn start(caddy: &Path, site: &Site, file: &Path) -> Self {
        let folder = Folder::new("differential");
        let upstream = common::port();
        let [ours, caddys] = [(); 2].map(|()| Ports {
            site: common::port(),
            upstream,
            root: folder.path("root"),
        });
        ours.make_files(&site.files);
        let behind =
            upstream::Upstream::start(&site.upstream, upstream, vec![ours.site, caddys.site]);
        let program = servers::build(&folder, site, &ours, file);
        let running = (
            behind,
            servers::start(&program, "--io=auto", &ours),
            servers::start_caddy(caddy, &folder, site, &caddys),
            folder,
        );
        Self {
            name: file
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            ours: Client::new(ours),
            caddys: Client::new(caddys),
            _running: Box::new(running),
        }
    }

    fn compare(&mut self, grammar: &Grammar, count: u64, report: &mut Report) {
        let mut random = Random(number("ZS_SEED", 1));
        let mut before = String::new();
        for _ in 0..count {
            let request = grammar.make("request", &mut random);
            let ours = self.ours.ask(&request);
            let caddys = servers::as_ours(&self.caddys.ask(&request));
            report.requests += 1;
            let status = ours.split(' ').nth(1).unwrap_or("none");
            *report.statuses.entry(status.to_owned()).or_default() += 1;
            match rules::judge(&request, &ours, &caddys) {
                Ok(None) => {}
                Ok(Some(rule)) => {
                    *report.rules.entry(rule).or_default() += 1;
                    // Where they take a request for something else, they
                    // go on reading at different places.
                    self.ours.connection = None;
                    self.caddys.connection = None;
                }
                Err(()) => {
                    report.problems += 1;
                    let _ = writeln!(
                        report.text,
                        "\n=== {}\n--- before\n{before}\n--- request\n{request}\n--- found\n{ours}\n--- Caddy\n{caddys}",
                        self.name,
                    );
                }
            }
            if report.problems >= TOLD {
                return;
            }
            before = request;
        }
    }
}

/// A client that keeps its connection as long as the server does.
struct Client {
    ports: Ports,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    fn new(ports: Ports) -> Self {
        Self {
            ports,
            connection: None,
        }
    }

    fn ask(&mut self, request: &str) -> String {
        let request = self.ports.filled(request);
        if let Some(connection) = self.connection.take()
            && let Some(answer) = self.ask_on(connection, &request)
        {
            return answer;
        }
        // The server may have ended the connection since.
        let stream = TcpStream::connect(("127.0.0.1", self.ports.site)).expect("it listens");
        let timeout = Some(Duration::from_secs(10));
        stream.set_read_timeout(timeout).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        let answer = self.ask_on(BufReader::new(stream), &request);
        answer.unwrap_or_else(|| "(the connection ends)".to_owned())
    }

    /// Nothing if the connection ends without an answer.
    fn ask_on(&mut self, mut connection: BufReader<TcpStream>, request: &str) -> Option<String> {
        let raw = spec::raw(request);
        connection.get_mut().write_all(raw.as_bytes()).ok()?;
        let answer = self.ports.named(&spec::answer(&mut connection, request));
        if answer == "(the connection ends)" {
            return None;
        }
        let rest = String::from_utf8_lossy(connection.buffer()).into_owned();
        let ends =
            answer.ends_with("(the connection ends)") || answer.contains("\nConnection: close");
        if !ends && rest.is_empty() {
            self.connection = Some(connection);
        }
        match rest.is_empty() {
            true => Some(answer),
            false => Some(format!("{answer}\n--- and more than one answer:\n{rest}")),
        }
    }
}

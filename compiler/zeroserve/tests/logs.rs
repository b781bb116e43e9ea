//! Access logs, as `testdata/logs` says: a site, requests, and the lines of all files that the site writes. Times, ports and
//! durations are masked.
//!
//! `BLESS=1` writes what comes out into the files. Caddy is asked if `ZS_CADDY` names it; the order of fields of a head
//! changes there.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{Folder, Server, ZEROSERVE, exchange, get, port, status_and_body};

/// Time in which the last lines are written.
const SETTLING: Duration = Duration::from_millis(300);

fn data(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/logs");
    folder.join(name)
}

/// Sends all requests of a file, each on a connection of its own.
fn ask_all(port: u16, requests: &str) {
    for request in requests.split("\n---\n") {
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let chunked = head.contains("chunked");
        let end = if chunked { "\n\n" } else { "" };
        let body = format!("{}{end}", body.trim_end());
        let text = format!("{}\nConnection: close\n\n{body}", head.trim_end());
        exchange(port, &text.replace('\n', "\r\n"));
    }
}

/// What lies in the folder of logs, file by file.
fn lines(folder: &Path, port: u16) -> String {
    let mut out = String::new();
    let entries = fs::read_dir(folder).expect("the folder of logs");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy();
        writeln!(out, "## {name}").expect("a text");
        for line in fs::read_to_string(&file).expect("text").lines() {
            // What a server has to say of itself is not compared.
            if line.contains("handled request") {
                writeln!(out, "{}", masked(line, port)).expect("a text");
            }
        }
    }
    out
}

fn masked(line: &str, port: u16) -> String {
    let mut line = line
        .replace(&port.to_string(), "PORT")
        .replace("zeroserve", "Caddy");
    if let (Some(tab), false) = (line.find('\t'), line.starts_with('{')) {
        line.replace_range(..tab, "TIME");
    }
    for key in ["\"ts\":", "\"remote_port\":", "\"duration\":"] {
        let Some(at) = line.find(key).map(|at| at + key.len()) else {
            continue;
        };
        let end = line[at..].find(",").map_or(line.len(), |end| at + end);
        let shown: String = line[at..end]
            .chars()
            .filter(|each| !each.is_ascii_digit())
            .collect();
        let kind = if shown.contains('"') { "\"_\"" } else { "0" };
        let space = if shown.starts_with(' ') { " " } else { "" };
        line.replace_range(at..end, &format!("{space}{kind}"));
    }
    line
}

/// The variables that sites read.
fn variables(folder: &Folder, port: u16) -> [(&'static str, String); 2] {
    let logs = folder.path("logs").to_string_lossy().into_owned();
    [("PORT", port.to_string()), ("LOGS", logs)]
}

fn start(folder: &Folder, caddyfile: &str, port: u16) -> Server {
    let site = folder.path("site");
    let output = Command::new(ZEROSERVE)
        .arg("build")
        .arg(folder.write("Caddyfile", caddyfile))
        .arg("-o")
        .arg(&site)
        .envs(variables(folder, port))
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Server::start(&site, &["--workers=1"], port)
}

#[test]
fn requests_are_logged_as_specified() {
    let caddyfile = fs::read_to_string(data("access.caddyfile")).expect("a site");
    let requests = fs::read_to_string(data("access.requests")).expect("requests");
    let (folder, port) = (Folder::new("logs"), port());
    let server = start(&folder, &caddyfile, port);
    ask_all(port, &requests);
    sleep(SETTLING);
    let found = lines(&folder.path("logs"), port);
    drop(server);
    let file = data("access.lines");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &found).expect("the expectation is writable");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "found:\n{found}\nexpected:\n{expected}");
}

#[test]
fn caddy_writes_the_same_lines() {
    let Some(caddy) = common::caddy() else {
        return;
    };
    let caddyfile = fs::read_to_string(data("access.caddyfile")).expect("a site");
    let requests = fs::read_to_string(data("access.requests")).expect("requests");
    let expected = fs::read_to_string(data("access.lines")).expect("the expectation");
    let (folder, port) = (Folder::new("logs-caddy"), port());
    let quiet = caddyfile.replacen('{', "{\n\tadmin off\n\tpersist_config off", 1);
    let child = Command::new(caddy)
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(folder.write("Caddyfile", &quiet))
        .envs(variables(&folder, port))
        .env("HOME", folder.path("home"))
        .env("XDG_DATA_HOME", folder.path("data"))
        .env("XDG_CONFIG_HOME", folder.path("config"))
        .stderr(Stdio::null())
        .spawn()
        .expect("Caddy starts");
    let mut server = Server(child);
    server.wait_for(port);
    ask_all(port, &requests);
    sleep(SETTLING);
    let found = lines(&folder.path("logs"), port);
    for (ours, caddys) in expected.lines().zip(found.lines()) {
        assert_eq!(parsed(ours), parsed(caddys), "\n{ours}\n{caddys}");
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "{found}");
}

/// A line whose fields have no order.
fn parsed(line: &str) -> (String, serde_json::Value) {
    match line.find('{') {
        Some(at) => (
            line[..at].to_owned(),
            serde_json::from_str(&line[at..]).expect("JSON"),
        ),
        None => (line.to_owned(), serde_json::Value::Null),
    }
}

#[test]
fn a_full_disk_loses_lines_and_no_requests() {
    let (folder, port) = (Folder::new("logs-full"), port());
    let caddyfile = ":{$PORT} {\n\tlog {\n\t\toutput file /dev/full {\n\t\t\troll_disabled\n\t\t}\n\t}\n\trespond ok\n}\n";
    let mut server = start(&folder, caddyfile, port);
    for _ in 0..3 {
        assert_eq!(status_and_body(&get(port, "a", "/")), (200, "ok"));
    }
    sleep(SETTLING);
    // Said once, not for every line.
    let said = server.stop();
    assert_eq!(
        said.matches("the log /dev/full loses lines").count(),
        1,
        "{said}"
    );
}

#[test]
fn files_are_opened_again_and_rotated() {
    let (folder, port) = (Folder::new("logs-files"), port());
    let caddyfile = ":{$PORT} {\n\tlog {\n\t\toutput file {$LOGS}/a.log {\n\t\t\tmode 0640\n\t\t\troll_size 1MiB\n\
                     \t\t\troll_keep 2\n\t\t}\n\t}\n\trespond ok\n}\n";
    let server = start(&folder, caddyfile, port);
    let ask = |path: &str| {
        exchange(
            port,
            &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        );
        sleep(SETTLING);
    };
    let log = folder.path("logs/a.log");
    let read = || fs::read_to_string(&log).unwrap_or_default();
    ask("/first");
    assert!(read().contains("/first"));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&log).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o640);
    // Moved away, with a signal.
    fs::rename(&log, folder.path("moved")).expect("the file is there");
    let mut kill = Command::new("kill");
    kill.args(["-HUP", &server.0.id().to_string()]);
    assert!(kill.status().expect("kill runs").success());
    sleep(SETTLING);
    ask("/second");
    assert!(read().contains("/second") && !read().contains("/first"));
    // Moved away, without one.
    fs::rename(&log, folder.path("moved")).expect("the file is there");
    sleep(Duration::from_secs(1));
    ask("/third");
    assert!(read().contains("/third"));
    // Longer than it may be.
    let long = "x".repeat(60_000);
    for _ in 0..80 {
        exchange(
            port,
            &format!("GET /{long} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        );
    }
    sleep(SETTLING);
    let entries = fs::read_dir(folder.path("logs")).expect("a folder");
    let names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name != "a.log")
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names.iter().all(|name| name.ends_with("-size.log.gz")),
        "{names:?}"
    );
    assert!(fs::metadata(&log).expect("a file").len() <= 1 << 20);
}

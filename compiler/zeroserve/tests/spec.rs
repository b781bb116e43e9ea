//! What sites answer, as `testdata/spec` says, with both event loops; and
//! that Caddy answers the same.
//!
//! `BLESS=1` writes what comes out into the files. Caddy is asked if `ZS_CADDY`
//! names it.

mod common;
#[path = "common/spec.rs"]
mod spec;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Folder, Server, ZEROSERVE};
use spec::{Case, Ports, Site};

/// How many sites are built at once.
const THREADS: usize = 2;

/// The files, in alphabetical order. `ZS_SPEC` picks those whose name holds it.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/spec");
    let wanted = std::env::var("ZS_SPEC").unwrap_or_default();
    let entries = fs::read_dir(folder).expect("the folder of the specification");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| path.to_string_lossy().contains(&wanted))
        .collect();
    files.sort();
    files
}

/// Calls `check` for every file on a few threads and fails with what it says.
fn for_all(check: impl Fn(&Path) -> String + Sync) {
    let files = files();
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(String::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(file);
                    *problems.lock().expect("no other check panics") += &found;
                }
            });
        }
    });
    let problems = problems.into_inner().expect("no check panics");
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn sites_answer_as_specified() {
    for_all(|file| {
        let text = fs::read_to_string(file).expect("a specification");
        let mut problems = String::new();
        let mut answers = Vec::new();
        for site in spec::parse(&text) {
            let folder = Folder::new("spec");
            let ports = Ports {
                site: common::port(),
                upstream: common::port(),
                root: folder.path("root"),
            };
            ports.make_files(&site.files);
            let program = build(&folder, &site, &ports, file);
            for io in ["--io=uring", "--io=epoll"] {
                let _server = start(&program, io, &ports);
                for case in &site.cases {
                    let answer = spec::ask(&ports, &case.request);
                    compare(
                        &mut problems,
                        &format!("{} {io}", file.display()),
                        case,
                        &case.response,
                        &answer,
                    );
                    if io == "--io=uring" {
                        answers.push((case.lines.clone(), answer));
                    }
                }
            }
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(file, spec::bless(&text, &answers)).expect("the file is writable");
            return String::new();
        }
        problems
    });
}

fn build(folder: &Folder, site: &Site, ports: &Ports, file: &Path) -> PathBuf {
    let caddyfile = folder.write("Caddyfile", &site.caddyfile);
    let program = folder.path("site");
    let output = Command::new(ZEROSERVE)
        .envs(ports.variables())
        .arg("build")
        .arg(caddyfile)
        .arg("-o")
        .arg(&program)
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", file.display());
    program
}

fn start(program: &Path, io: &str, ports: &Ports) -> Server {
    // The one variable that is read when the site runs; tests share the rest.
    let words = ports.variables();
    Server::start_with(program, &[io, "--workers=1"], ports.site, &words[3..])
}

fn compare(problems: &mut String, place: &str, case: &Case, expected: &str, found: &str) {
    // Files end lines of bodies where lines end.
    if expected.trim_end() != found.trim_end() {
        let _ = writeln!(
            problems,
            "\n{place}: {}\n--- request\n{}\n--- expected\n{expected}\n--- found\n{found}",
            case.name, case.request
        );
    }
}

#[test]
fn caddy_answers_the_same() {
    let Some(caddy) = std::env::var_os("ZS_CADDY") else {
        assert!(
            std::env::var_os("ZS_CI").is_none(),
            "ZS_CADDY names no Caddy"
        );
        eprintln!("skipped: ZS_CADDY names no Caddy");
        return;
    };
    for_all(|file| {
        let text = fs::read_to_string(file).expect("a specification");
        let mut problems = String::new();
        for site in spec::parse(&text) {
            let folder = Folder::new("caddy");
            let ports = Ports {
                site: common::port(),
                upstream: common::port(),
                root: folder.path("root"),
            };
            ports.make_files(&site.files);
            let _server = start_caddy(Path::new(&caddy), &folder, &site, &ports);
            for case in &site.cases {
                let answer = as_ours(&spec::ask(&ports, &case.request));
                let expected = case.caddy.as_ref().unwrap_or(&case.response);
                compare(
                    &mut problems,
                    &format!("{} (Caddy)", file.display()),
                    case,
                    expected,
                    &answer,
                );
                if case
                    .caddy
                    .as_ref()
                    .is_some_and(|caddy| *caddy == case.response)
                {
                    let _ = writeln!(problems, "{}: Caddy does not differ", case.name);
                }
            }
        }
        problems
    });
}

/// Caddy with files of its own, without what would touch the machine.
fn start_caddy(caddy: &Path, folder: &Folder, site: &Site, ports: &Ports) -> Server {
    let quiet = "\tadmin off\n\tpersist_config off\n\tauto_https off\n\tskip_install_trust\n";
    let text = match site.caddyfile.strip_prefix("{\n") {
        Some(rest) => format!("{{\n{quiet}{rest}"),
        None => format!("{{\n{quiet}}}\n{}", site.caddyfile),
    };
    let file = folder.write("Caddyfile", &text);
    let child = Command::new(caddy)
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(file)
        .envs(ports.variables())
        .env("HOME", folder.path("home"))
        .env("XDG_DATA_HOME", folder.path("data"))
        .env("XDG_CONFIG_HOME", folder.path("config"))
        .stderr(Stdio::from(
            fs::File::create(folder.path("log")).expect("a log"),
        ))
        .spawn()
        .expect("Caddy starts");
    let mut server = Server(child);
    server.wait_for(ports.site);
    server
}

/// The rules by which Caddy's answers may differ: the name in `Server` and
/// `Via` is its own.
fn as_ours(answer: &str) -> String {
    let lines = answer.lines().map(|line| match line {
        "Server: Caddy" => "Server: zeroserve".to_owned(),
        line if line.starts_with("Via: ") => line.replace("Caddy", "zeroserve"),
        line => line.to_owned(),
    });
    let answer = lines.collect::<Vec<_>>().join("\n");
    answer.trim_end().to_owned()
}

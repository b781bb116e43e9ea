//! What sites answer, as `testdata/spec` says, with both event loops; and
//! that Caddy answers the same.
//!
//! `BLESS=1` writes what comes out into the files. Caddy is asked if `ZS_CADDY`
//! names it.

mod common;
#[path = "common/servers.rs"]
mod servers;
#[path = "common/spec.rs"]
mod spec;
#[path = "common/upstream.rs"]
mod upstream;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::Folder;
use spec::{Case, Ports};

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
            let program = servers::build(&folder, &site, &ports, file);
            let _upstream = servers::upstream(&site, &ports);
            for io in ["--io=uring", "--io=epoll"] {
                let _server = servers::start(&program, io, &ports);
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
    let Some(caddy) = common::caddy() else {
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
            let _upstream = servers::upstream(&site, &ports);
            let _server = servers::start_caddy(&caddy, &folder, &site, &ports);
            for case in &site.cases {
                let answer = servers::as_ours(&spec::ask(&ports, &case.request));
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

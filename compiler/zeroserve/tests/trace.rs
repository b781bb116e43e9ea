//! `zeroserve trace`: what it prints, as `testdata/trace` says, and that what
//! it says of requests is what sites do.
//!
//! A case is a Caddyfile and a snapshot, in which every line that begins with
//! `$ ` is the end of a command and what follows is its output. `BLESS=1`
//! writes what comes out into the snapshots.

mod common;
#[path = "common/spec.rs"]
#[allow(dead_code, reason = "nothing is asked over the network here")]
mod spec;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{Folder, ZEROSERVE, zeroserve};
use spec::Ports;
use zeroserve::compile::Compiler;
use zs_codegen::Finished;
use zs_config::Purpose;
use zs_diagnostics::Sink;

fn testdata(room: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata")
        .join(room)
}

/// Files of a folder with an extension, in alphabetical order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// Words of a line; those in single quotes are one.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn trace(folder: &Path, file: &str, line: &str) -> String {
    let output = Command::new(ZEROSERVE)
        .current_dir(folder)
        .args(["trace", file])
        .args(words(line))
        .output()
        .expect("the command runs");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => text,
        code => format!("{text}(exit code {code:?})\n"),
    }
}

#[test]
fn traces_look_as_they_should() {
    let folder = testdata("trace");
    let mut problems = String::new();
    for file in files(&folder, "caddyfile") {
        let snapshot = file.with_extension("snap");
        let expected = fs::read_to_string(&snapshot).unwrap_or_default();
        let name = file.file_name().expect("a name").to_string_lossy();
        let commands = expected.lines().filter_map(|line| line.strip_prefix("$ "));
        let found = commands.fold(String::new(), |mut out, line| {
            let _ = write!(out, "$ {line}\n{}\n", trace(&folder, &name, line));
            out
        });
        if std::env::var_os("BLESS").is_some() {
            fs::write(&snapshot, &found).expect("the snapshot is writable");
        } else if found != expected {
            let _ = writeln!(problems, "--- {name} gives\n{found}");
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn a_trace_ends_as_the_site_answers() {
    let (mut compared, mut problems) = (0, String::new());
    for file in files(&testdata("spec"), "md") {
        let text = fs::read_to_string(&file).expect("a specification");
        for site in spec::parse(&text) {
            let folder = Folder::new("trace");
            let ports = Ports {
                site: 48_211,
                upstream: 48_212,
                root: folder.path("root"),
            };
            ports.make_files(&site.files);
            let caddyfile = folder.write("Caddyfile", &site.caddyfile);
            for case in &site.cases {
                let request = ports.filled(&case.request);
                let output = traced_raw(&folder, &caddyfile, &ports, &request);
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {said}", file.display());
                let document: serde_json::Value =
                    serde_json::from_slice(&output.stdout).expect("a document");
                if document["ending"] == "passed on" {
                    continue;
                }
                let bytes = document["response"].as_str().unwrap_or_default();
                // What is encoded does not survive as text.
                if bytes.contains("Content-Encoding: ") {
                    continue;
                }
                let found = ports.named(&spec::answer(&mut bytes.as_bytes(), &request));
                compared += 1;
                if found.trim_end() != case.response.trim_end() {
                    let _ = writeln!(
                        problems,
                        "{}: {}\n--- the site\n{}\n--- the trace\n{found}\n",
                        file.display(),
                        case.name,
                        case.response
                    );
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
    assert!(compared > 200, "only {compared} cases were compared");
}

fn traced_raw(folder: &Folder, caddyfile: &Path, ports: &Ports, request: &str) -> Output {
    let raw = folder.write("request", &spec::raw(request));
    Command::new(ZEROSERVE)
        .envs(ports.variables())
        .arg("trace")
        .arg(caddyfile)
        .arg(format!("http://127.0.0.1:{}/", ports.site))
        .arg("--json")
        .arg("--raw")
        .arg(raw)
        .output()
        .expect("the command runs")
}

#[test]
fn broken_requests_and_configurations_have_their_exit_codes() {
    let folder = Folder::new("trace");
    let good = folder.write("good", ":80\nrespond a\n");
    let bad = folder.write("bad", ":80\nrespnod a\n");
    let code = |file: &Path, request: &str| {
        let output = zeroserve(&["trace", &file.to_string_lossy(), request]);
        output.status.code()
    };
    assert_eq!(code(&good, "http://a/"), Some(0));
    assert_eq!(code(&bad, "http://a/"), Some(1));
    for request in [
        "/a",
        "a b c d",
        "ftp://a/",
        "http://",
        "http://a:x/",
        "http://[::1/",
        "http://u@a/",
    ] {
        assert_eq!(code(&good, request), Some(2), "{request}");
    }
    assert_eq!(code(&folder.path("none"), "http://a/"), Some(3));
}

#[test]
fn what_is_noted_for_traces_changes_no_code() {
    for file in files(&testdata("trace"), "caddyfile") {
        let image = |noted: bool| {
            let mut compiler = Compiler::default();
            let config = compiler.adapt(&file, Purpose::Build).ok()?;
            let mut program =
                zs_ir::lower(&config, &zs_open::OpenValues::default(), &mut Sink::new())?;
            if !noted {
                program.conditions.clear();
                program.sites.clear();
                let blocks = program.functions.iter_mut().flat_map(|all| &mut all.blocks);
                blocks.for_each(|block| block.asked = None);
            }
            let image = zs_codegen::generate(&mut program, compiler.sources());
            let data = zs_codegen::finish(&mut program, &Finished::default());
            Some((image.expect("code"), data))
        };
        assert!(image(true) == image(false), "{}", file.display());
    }
}

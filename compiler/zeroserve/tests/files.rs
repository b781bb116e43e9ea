//! Nothing outside of the folder that is served can be had, however the path is written, also while folders are renamed.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{Folder, Server, build, exchange, port, status_and_body};

/// What the files outside of the folder hold.
const SECRET: &str = "nobody is to read this";

/// Ways to write two dots, and slashes.
const DOTS: [&str; 8] = [
    "..",
    "%2e%2e",
    ".%2e",
    "%2E.",
    "%252e%252e",
    "..;",
    "%c0%ae%c0%ae",
    "..%00",
];
const SLASHES: [&str; 10] = [
    "/", "%2f", "%2F", "\\", "%5c", "//", "/./", "%252f", "%c0%af", "/%2e/",
];
/// What comes first: folders that are there, folders that are not, and an absolute form.
const STARTS: [&str; 6] = ["", "/sub", "/sub/deep", "/moving", "/none", "//localhost"];
/// What is looked for.
const WANTED: [&str; 3] = ["secret.txt", "secret/secret.txt", "etc/passwd"];

/// Paths that climb from one to five folders up.
fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for (number, start) in STARTS.iter().enumerate() {
        for dots in DOTS {
            for slash in SLASHES {
                let depth = 1 + (paths.len() + number) % 5;
                let climb = format!("{slash}{dots}").repeat(depth);
                let wanted = WANTED[paths.len() % WANTED.len()];
                paths.push(format!("{start}{climb}{slash}{wanted}"));
            }
        }
    }
    for (folder, start) in [("/sub", "/sub%2f"), ("/", "/%2f"), ("/", "/..%5c..%5c")] {
        paths.extend(WANTED.map(|wanted| format!("{folder}/{start}..%2f{wanted}")));
    }
    paths
}

/// Renames a folder to and fro, and puts a link to it in its place.
fn rename(root: &Path, stop: &AtomicBool) {
    let (moving, aside) = (root.join("moving"), root.join("sub/aside"));
    while !stop.load(Ordering::Relaxed) {
        let _ = fs::rename(&moving, &aside);
        let _ = std::os::unix::fs::symlink("sub", &moving);
        let _ = fs::remove_file(&moving);
        let _ = fs::rename(&aside, &moving);
    }
}

#[test]
fn nothing_leaves_the_folder() {
    let (folder, port) = (Folder::new("files"), port());
    let root = folder.path("root");
    for name in ["sub/deep", "moving/deep"] {
        fs::create_dir_all(root.join(name)).expect("a folder");
    }
    fs::create_dir_all(folder.path("secret")).expect("a folder");
    fs::write(root.join("sub/deep/here.txt"), "here").expect("a file");
    fs::write(folder.path("secret.txt"), SECRET).expect("a file");
    fs::write(folder.path("secret/secret.txt"), SECRET).expect("a file");
    let caddyfile = format!(
        ":{port} {{\n\troot * {}\n\thandle /try/* {{\n\t\turi strip_prefix /try\n\t\ttry_files {{path}} {{path}}/index.html\n\
         \t\tfile_server\n\t}}\n\tfile_server\n}}\n",
        root.display()
    );
    let site = build(&folder, &caddyfile, &[]);
    let _server = Server::start(&site, &["--workers=1"], port);
    let ask = |path: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        exchange(port, &request)
    };
    let here = ask("/sub/deep/here.txt");
    assert_eq!(status_and_body(&here), (200, "here"));
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| rename(&root, &stop));
        for path in paths() {
            for path in [format!("/try{path}"), path] {
                let answer = ask(&path);
                asked.fetch_add(1, Ordering::Relaxed);
                let leaks = answer.contains(SECRET) || answer.contains("root:");
                if leaks || !answer.starts_with("HTTP/1.1 ") {
                    stop.store(true, Ordering::Relaxed);
                    panic!("{path}: {answer}");
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(asked.into_inner() >= 500, "too few were asked");
}

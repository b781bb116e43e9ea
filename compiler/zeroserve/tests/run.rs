//! `run` serves what `build` builds.

mod common;

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use common::{Folder, Server, ZEROSERVE, build, get, port, zeroserve};
use object::{Object, ObjectSection};

fn caddyfile(port: u16) -> String {
    let hosts: String = (0..10)
        .map(|site| format!("http://h{site}.example:{port} {{\n\trespond \"host {site}\"\n}}\n"))
        .collect();
    format!(
        "{hosts}http://localhost:{port} {{\n\
         \theader X-Path {{path}}\n\
         \t@id path_regexp id ^/users/(\\d+)$\n\
         \trespond @id \"user {{re.id.1}}\"\n\
         \thandle_path /api/* {{\n\t\trespond \"api {{path}}\"\n\t}}\n\
         \terror /broken 503\n\
         \tredir /moved https://example.com{{uri}} 308\n\
         \thandle_errors {{\n\t\trespond \"error {{err.status_code}}\"\n\t}}\n}}\n"
    )
}

const REQUESTS: [(&str, &str); 8] = [
    ("localhost", "/"),
    ("localhost", "/users/17"),
    ("localhost", "/api/a%2Fb?c"),
    ("localhost", "/broken"),
    ("localhost", "/moved?x=y"),
    ("h3.example", "/"),
    ("h9.example", "/x"),
    ("unknown", "/"),
];

/// Answers without what the clock tells.
fn answers(port: u16) -> Vec<String> {
    let answer = |(host, path): &(&str, &str)| {
        let answer = get(port, host, path);
        answer
            .lines()
            .filter(|line| !line.starts_with("Date: "))
            .collect::<Vec<_>>()
            .join("\n")
    };
    REQUESTS.iter().map(answer).collect()
}

#[test]
fn the_same_bytes_and_the_same_answers() {
    let (folder, port) = (Folder::new("run"), port());
    let site = build(&folder, &caddyfile(port), &[]);
    let file = folder.path("Caddyfile");
    let file = file.to_string_lossy();
    let built = {
        let _server = Server::start(&site, &["--workers=1"], port);
        answers(port)
    };
    let object = folder.path("site.o");
    let output = zeroserve(&[
        "build",
        "--emit=obj",
        &file,
        "-o",
        &object.to_string_lossy(),
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for io in ["--io=uring", "--io=epoll"] {
        let server = Server::start(
            Path::new(ZEROSERVE),
            &["run", &file, io, "--workers=1"],
            port,
        );
        assert_eq!(answers(port), built, "{io}");
        compare_text(&object, server.0.id());
    }
}

/// Compares the object's machine code with what the process has mapped, but
/// for the distances to its tables.
fn compare_text(object: &Path, process: u32) {
    let bytes = fs::read(object).expect("the object");
    let file = object::File::parse(&bytes[..]).expect("an object");
    let section = file.section_by_name(".text").or_else(|| {
        file.sections()
            .find(|section| section.kind() == object::SectionKind::Text)
    });
    let section = section.expect("machine code");
    let mut expected = section.data().expect("its bytes").to_vec();
    let distances: Vec<usize> = section.relocations().map(|(at, _)| at as usize).collect();
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the mappings");
    // The code lies in a mapping that no file is behind.
    let anonymous = maps
        .lines()
        .filter(|line| line.contains(" r-xp ") && line.contains(" 00:00 0 "));
    let starts = anonymous
        .filter(|line| !line.contains('['))
        .filter_map(|line| u64::from_str_radix(line.split('-').next()?, 16).ok());
    let blank = |bytes: &mut [u8]| distances.iter().for_each(|at| bytes[*at..*at + 4].fill(0));
    blank(&mut expected);
    let found = starts.into_iter().any(|start| {
        let mut memory = fs::File::open(format!("/proc/{process}/mem")).expect("its memory");
        let mut mapped = vec![0; expected.len()];
        memory.seek(SeekFrom::Start(start)).expect("an address");
        if memory.read_exact(&mut mapped).is_err() {
            return false;
        }
        blank(&mut mapped);
        mapped == expected
    });
    assert!(found, "the process has mapped other machine code:\n{maps}");
}

//! What `build` makes, and what it refuses.

mod common;

use std::fs;

use common::{Folder, build, has_peer, zeroserve};

const SITE: &str = "http://example.com:8080 {\n\thandle /admin/* {\n\t\trespond \"admin\"\n\t}\n\trespond /exact \"exact\"\n}\n";

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = Folder::new("same");
    let one = fs::read(build(&folder, SITE, &["--threads=1"])).expect("the site");
    let two = fs::read(build(&folder, SITE, &["--threads=2"])).expect("the site");
    assert!(one == two, "builds differ");
}

#[test]
fn a_broken_caddyfile_leaves_the_old_site_alone() {
    let folder = Folder::new("broken");
    let site = build(&folder, SITE, &[]);
    let before = fs::read(&site).expect("the site");
    let file = folder.write("Caddyfile", ":8080 {\n\trespnd hello\n}\n");
    let output = zeroserve(&[
        "build",
        &file.to_string_lossy(),
        "-o",
        &site.to_string_lossy(),
    ]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("Caddyfile:2:2"), "{text}");
    assert!(text.contains("help"), "{text}");
    assert!(before == fs::read(&site).expect("the site"));
    assert_eq!(
        fs::read_dir(folder.path("")).expect("the folder").count(),
        2,
        "files were left behind"
    );
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let folder = Folder::new("unwritable");
    let file = folder.write("Caddyfile", SITE);
    let site = folder.path("missing/site");
    let output = zeroserve(&[
        "build",
        &file.to_string_lossy(),
        "-o",
        &site.to_string_lossy(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("missing/site"), "{text}");
    let output = zeroserve(&["build", &folder.path("none").to_string_lossy()]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn hosts_and_paths_are_compares_in_machine_code() {
    let folder = Folder::new("asm");
    let file = folder.write("Caddyfile", SITE);
    let output = zeroserve(&["build", "--emit=asm", &file.to_string_lossy()]);
    let text = String::from_utf8_lossy(&output.stdout).to_uppercase();
    // The eight bytes at the start of the host and of both paths, as immediates.
    for literal in ["example.", "/admin/", "/exact"] {
        let piece = &literal.as_bytes()[..if literal.len() >= 8 { 8 } else { 4 }];
        let digits: String = piece
            .iter()
            .rev()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        assert!(text.contains(&digits), "{literal}: no {digits} in\n{text}");
    }
    let bpf = zeroserve(&["build", "--emit=bpf", &file.to_string_lossy()]);
    let bpf = String::from_utf8_lossy(&bpf.stdout);
    assert!(
        !bpf.contains("call helper"),
        "a site of tests and answers needs no helper:\n{bpf}"
    );
}

#[test]
fn every_stage_can_be_printed() {
    let folder = Folder::new("emit");
    let file = folder.write("Caddyfile", SITE);
    for stage in ["tokens", "tree", "config", "ir", "bpf", "asm"] {
        let output = zeroserve(&["build", &format!("--emit={stage}"), &file.to_string_lossy()]);
        assert!(
            output.status.success() && !output.stdout.is_empty(),
            "{stage}"
        );
    }
    assert!(
        !std::path::Path::new("site").exists(),
        "printing a stage writes no site"
    );
}

#[test]
fn ir_can_be_read_back() {
    let folder = Folder::new("ir");
    let file = folder.write("Caddyfile", SITE);
    let output = zeroserve(&["build", "--emit=ir", &file.to_string_lossy()]);
    let text = String::from_utf8_lossy(&output.stdout);
    let functions =
        zs_ir::parse::functions(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(!functions.is_empty());
    for function in &functions {
        let id = zs_ir::program::FunctionId(0);
        let printed = zs_ir::print::function(id, function, None);
        let again = zs_ir::parse::functions(&printed).expect("what was printed");
        assert_eq!(again, std::slice::from_ref(function));
    }
}

#[test]
fn inspect_tells_what_a_site_is() {
    let folder = Folder::new("inspect");
    for more in [&[][..], &["--strip"]] {
        let site = build(&folder, SITE, more);
        let output = zeroserve(&["inspect", &site.to_string_lossy()]);
        let text = String::from_utf8_lossy(&output.stdout);
        for expected in [
            "Caddyfile",
            "sha256",
            env!("CARGO_PKG_VERSION"),
            "8080",
            "routes",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
    }
    let file = folder.write("text", "no site");
    assert_eq!(
        zeroserve(&["inspect", &file.to_string_lossy()])
            .status
            .code(),
        Some(3)
    );
}

/// Names of the symbols of an executable.
fn symbols(site: &std::path::Path) -> Vec<String> {
    use object::{Object, ObjectSymbol};
    let bytes = fs::read(site).expect("the site");
    let file = object::File::parse(&bytes[..]).expect("an executable");
    file.symbols()
        .filter_map(|symbol| Some(symbol.name().ok()?.to_owned()))
        .collect()
}

#[test]
fn what_a_site_does_not_use_is_not_in_it() {
    let folder = Folder::new("size");
    let redirector = "http:// {\n\tredir https://{host}{uri}\n}\n";
    let names = symbols(&build(&folder, redirector, &[]));
    for part in [
        "rustls",
        "zs_tls",
        "zs_client",
        "5proxy",
        "rcgen",
        "zs_server4open",
    ] {
        // Equal functions share one of their names: what drops a lock's guard or
        // a boxed trait object is the same code whatever is in it. Any other
        // drop glue would mean that the part itself is reached.
        let shared = |name: &str| {
            let any_content = name.contains("MutexGuard") || name.contains("dyn$u20$");
            name.contains("drop_in_place") && any_content
        };
        let found: Vec<_> = names
            .iter()
            .filter(|name| name.contains(part) && !shared(name))
            .collect();
        assert!(
            found.is_empty(),
            "a redirector holds {part}: {:?}",
            &found[..found.len().min(5)]
        );
    }
    let stripped = build(&folder, redirector, &["--strip"]);
    let bytes = fs::metadata(&stripped).expect("the site").len();
    assert!(bytes <= 550_000, "a stripped redirector has {bytes} bytes");
    assert!(symbols(&stripped).is_empty());
    let proxy = "https://localhost:8443 {\n\ttls internal\n\treverse_proxy 127.0.0.1:9000\n}\n";
    let bytes = fs::metadata(build(&folder, proxy, &["--strip"]))
        .expect("the site")
        .len();
    assert!(
        bytes <= 2_500_000,
        "a stripped HTTPS proxy has {bytes} bytes"
    );
}

#[test]
fn a_debugger_stops_at_a_line_of_the_caddyfile() {
    if !has_peer("gdb") {
        return;
    }
    let folder = Folder::new("gdb");
    let port = common::port();
    let caddyfile =
        format!("http://localhost:{port} {{\n\trespond /a \"a\"\n\trespond /b \"b\"\n}}\n");
    let site = build(&folder, &caddyfile, &[]);
    let log = fs::File::create(folder.path("log")).expect("a log");
    let mut gdb = std::process::Command::new("gdb")
        .current_dir(folder.path(""))
        .args([
            "-batch",
            "-nx",
            "-ex",
            "set debuginfod enabled off",
            "-ex",
            "set breakpoint pending on",
        ])
        .args([
            "-ex",
            "handle SIGPIPE nostop",
            "-ex",
            "break Caddyfile:3",
            "-ex",
            "run --workers=1",
        ])
        .args(["-ex", "backtrace", "-ex", "kill"])
        .arg(&site)
        .stdout(log.try_clone().expect("the log"))
        .stderr(log)
        .spawn()
        .expect("gdb starts");
    let start = std::time::Instant::now();
    let mut stream = loop {
        if let Ok(stream) = std::net::TcpStream::connect(("127.0.0.1", port)) {
            break stream;
        }
        let text = fs::read_to_string(folder.path("log")).unwrap_or_default();
        assert!(
            start.elapsed().as_secs() < 30 && gdb.try_wait().expect("gdb").is_none(),
            "{text}"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let request = format!("GET /b HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("the server reads");
    gdb.wait().expect("gdb ends");
    let text = fs::read_to_string(folder.path("log")).expect("the log");
    assert!(text.contains("Caddyfile:3"), "{text}");
    assert!(text.contains("#0 ") && text.contains("srv0"), "{text}");
    assert!(
        text.contains("zs_guest_enter"),
        "the backtrace does not reach the runtime:\n{text}"
    );
}

#[test]
fn a_site_tells_what_it_is_and_what_it_misses() {
    let folder = Folder::new("missing");
    let certificate = folder.path("missing.pem");
    let caddyfile = format!(
        "https://localhost:{} {{\n\ttls {} {}\n\trespond hi\n}}\n",
        common::port(),
        certificate.display(),
        folder.path("key.pem").display()
    );
    let site = build(&folder, &caddyfile, &[]);
    let run = |argument| {
        let output = std::process::Command::new(&site).arg(argument).output();
        output.expect("the site runs")
    };
    let version = run("--version");
    assert!(version.status.success());
    assert!(String::from_utf8_lossy(&version.stdout).contains("sha256"));
    let check = run("--check");
    assert_eq!(check.status.code(), Some(1));
    let text = String::from_utf8_lossy(&check.stderr);
    assert!(text.contains("missing.pem"), "{text}");
}

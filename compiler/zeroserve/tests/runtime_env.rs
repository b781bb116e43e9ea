//! `--runtime-env`: one executable, started in several environments.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{Folder, Server, build, get, port, status_and_body};

/// Builds a site with some variables left open, in an environment where they all have a value that must not count.
fn build_open(folder: &Folder, caddyfile: &str, names: &[&str]) -> std::path::PathBuf {
    let file = folder.write("Caddyfile", caddyfile);
    let site = folder.path("site");
    let mut command = Command::new(common::ZEROSERVE);
    command.arg("build").arg(&file).arg("-o").arg(&site);
    for name in names {
        command
            .args(["--runtime-env", name])
            .env(name, OF_THE_BUILD);
    }
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    site
}

const OF_THE_BUILD: &str = "value-of-the-build";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pairs(variables: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    variables
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}

/// What a site says about an environment that it cannot serve in.
fn check(site: &Path, variables: &[(&str, &str)]) -> Output {
    Command::new(site)
        .arg("--check")
        .envs(variables.iter().copied())
        .output()
        .expect("the site runs")
}

#[test]
fn texts_are_read_at_start() {
    let (folder, port) = (Folder::new("texts"), port());
    let site = build_open(
        &folder,
        &format!(
            r#"http://127.0.0.1:{port}, http://localhost:{port} {{
	@key header X-Key {{$KEY}}
	respond @key "in"
	@query query key={{$KEY}}
	respond @query "in too"
	header X-Token "Bearer {{$TOKEN}}"
	redir /away https://{{$TARGET:example.com}}/x{{uri}}
	rewrite /path /to/{{$PART}}/x
	respond /to/* {{path}}
	respond /json `{{"a": "{{$TEXT}}"}}`
	respond "{{$TEXT}} {{method}}"
}}
"#
        ),
        &["KEY", "TOKEN", "TARGET", "PART", "TEXT"],
    );
    let bytes = std::fs::read(&site).expect("the site");
    for unwanted in [OF_THE_BUILD.as_bytes(), "\u{fdd0}0000".as_bytes()] {
        assert!(!bytes.windows(unwanted.len()).any(|part| part == unwanted));
    }

    let injected = "a b {env.HOME} {http.request.host} \"q\" `r` # } {\nrespond no";
    let variables = [
        ("KEY", "k*{method}"),
        ("TOKEN", "{http.request.host} \"t\""),
        ("PART", "p~1"),
        ("TEXT", injected),
    ];
    let server = Server::start_with(&site, &[], port, &pairs(&variables));
    let answer = get(port, "localhost", "/");
    assert_eq!(status_and_body(&answer), (200, &*format!("{injected} GET")));
    let token = "\r\nX-Token: Bearer {http.request.host} \"t\"\r\n";
    assert!(answer.contains(token), "{answer}");
    let answer = get(port, "localhost", "/away?b");
    assert!(
        answer.contains("\r\nLocation: https://example.com/x/away?b\r\n"),
        "{answer}"
    );
    let answer = get(port, "localhost", "/path");
    assert_eq!(status_and_body(&answer), (200, "/to/p~1/x"));
    let answer = get(port, "localhost", "/json");
    assert_eq!(
        status_and_body(&answer).1,
        format!("{{\"a\": \"{injected}\"}}")
    );
    // A key is compared as it is, whatever a pattern or placeholder would match.
    for (key, found) in [
        ("k*{method}", true),
        ("kx{method}", false),
        ("k*GET", false),
    ] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX-Key: {key}\r\nConnection: close\r\n\r\n"
        );
        let answer = common::exchange(port, &request);
        assert_eq!(status_and_body(&answer).1 == "in", found, "{key}");
    }
    let answer = get(port, "localhost", "/?key=k*%7Bmethod%7D");
    assert_eq!(status_and_body(&answer).1, "in too");
    drop(server);

    let variables = [
        ("KEY", "k"),
        ("TOKEN", ""),
        ("TARGET", "other.test"),
        ("PART", ""),
        ("TEXT", "[1]"),
    ];
    let _server = Server::start_with(&site, &[], port, &pairs(&variables));
    let answer = get(port, "localhost", "/");
    assert_eq!(status_and_body(&answer), (200, "[1] GET"));
    let answer = get(port, "localhost", "/away");
    assert!(
        answer.contains("\r\nLocation: https://other.test/x/away\r\n"),
        "{answer}"
    );
}

#[test]
fn what_cannot_be_used_ends_the_start() {
    let folder = Folder::new("refusals");
    let site = build_open(
        &folder,
        "{\n\tauto_https off\n\tdefault_bind {$ADDRESS:127.0.0.1}\n}\n\
         http://{$HOST}:8080 {\n\theader X-Token {$TOKEN}\n\t@key header X-Key {$KEY}\n\trespond @key in\n\
         \treverse_proxy /x {$UPSTREAM:app}:80\n\trewrite /old /{$PART:a}\n}\n\
         http://taken.test:8080 {\n\trespond other\n}\n",
        &["ADDRESS", "HOST", "TOKEN", "KEY", "UPSTREAM", "PART"],
    );
    let good = [("HOST", "My-App.test"), ("TOKEN", "t"), ("KEY", "k")];
    assert!(check(&site, &good).status.success());
    let missing = check(&site, &good[1..]);
    assert_eq!(missing.status.code(), Some(1));
    let said = text(&missing.stderr);
    assert!(
        said.contains("`HOST`") && said.contains("Caddyfile:5) is not set"),
        "{said}"
    );
    for (name, value, expected) in [
        ("HOST", "a b", "is no host name"),
        ("HOST", "", "is no host name"),
        ("HOST", "a.test:80", "is no host name"),
        ("HOST", "*.test", "is no host name"),
        ("HOST", "Taken.Test", "two sites have the host `taken.test`"),
        ("TOKEN", "secret\r\nSet-Cookie: a", "line break"),
        ("KEY", "", "it is empty"),
        ("ADDRESS", "nowhere", "is no IP address to listen on"),
        ("UPSTREAM", "app:80", "is no host name"),
        ("PART", "a?b", "is no path"),
    ] {
        let variables: Vec<_> = good.into_iter().chain([(name, value)]).collect();
        let output = check(&site, &variables);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}={value}: {said}");
        assert!(said.contains(expected), "{name}={value}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let version = Command::new(&site)
        .arg("--version")
        .output()
        .expect("the site runs");
    let expected =
        "environment: ADDRESS (default `127.0.0.1`), HOST, KEY, PART (default `a`), TOKEN";
    assert!(
        text(&version.stdout).contains(expected),
        "{}",
        text(&version.stdout)
    );
    let site = site.to_str().expect("a text");
    let inspected = common::zeroserve(&["inspect", site]);
    assert!(
        text(&inspected.stdout).contains("HOST, KEY"),
        "{}",
        text(&inspected.stdout)
    );
}

#[test]
fn hosts_and_addresses_are_read_at_start() {
    let (folder, front, back) = (Folder::new("hosts"), port(), port());
    let site = build_open(
        &folder,
        &format!(
            "{{\n\tauto_https off\n\tdefault_bind {{$ADDRESS}}\n}}\n\
             http://*.test:{front} {{\n\trespond star\n}}\n\
             http://{{$HOST}}:{front} {{\n\treverse_proxy {{$UPSTREAM}}:{back}\n}}\n\
             http://*.{{$HOST}}:{front} {{\n\trespond below\n}}\n\
             http://known.test:{front} {{\n\trespond known\n}}\n\
             http://:{back} {{\n\trespond \"behind {{host}}\"\n}}\n"
        ),
        &["ADDRESS", "HOST", "UPSTREAM"],
    );
    for (host, upstream) in [("Open.Test", "127.0.0.1"), ("10.1.2.3", "localhost")] {
        let variables = [
            ("ADDRESS", "127.0.0.1"),
            ("HOST", host),
            ("UPSTREAM", upstream),
        ];
        let _server = Server::start_with(&site, &[], front, &pairs(&variables));
        let asked = host.to_ascii_lowercase();
        for (name, body) in [
            (&*asked, &*format!("behind {asked}")),
            (host, &format!("behind {host}")),
            ("known.test", "known"),
            ("x.test", "star"),
            (&format!("x.{asked}"), "below"),
            ("none.example", ""),
        ] {
            let answer = get(front, name, "/");
            assert_eq!(status_and_body(&answer), (200, body), "{host} {name}");
        }
    }
}

#[test]
fn a_host_of_the_environment_has_a_certificate() {
    let (folder, below, secure, front) =
        (Folder::new("front"), Folder::new("secure"), port(), port());
    let site = build_open(
        &below,
        &format!(
            "{{\n\tskip_install_trust\n\tauto_https disable_redirects\n}}\n\
             https://{{$HOST}}:{secure} {{\n\ttls internal\n\trespond \"secret of {{host}}\"\n}}\n"
        ),
        &["HOST"],
    );
    let proxy = build_open(
        &folder,
        &format!(
            "http://localhost:{front} {{\n\treverse_proxy https://{{$UPSTREAM}}:{secure}\n}}\n"
        ),
        &["UPSTREAM"],
    );
    let data = below.path("data").to_string_lossy().into_owned();
    let roots = below.path("data/caddy/pki/authorities/local/root.crt");
    for (host, status, body) in [
        ("LocalHost", 200, "secret of localhost"),
        ("other.test", 502, ""),
    ] {
        let variables = [("HOST", host.to_owned()), ("XDG_DATA_HOME", data.clone())];
        let _secure = Server::start_with(&site, &["--workers=1"], secure, &variables);
        let roots = roots.to_string_lossy().into_owned();
        let variables = [
            ("UPSTREAM", "localhost".to_owned()),
            ("SSL_CERT_FILE", roots),
        ];
        let _front = Server::start_with(&proxy, &["--workers=1"], front, &variables);
        let answer = get(front, "localhost", "/");
        assert_eq!(status_and_body(&answer), (status, body), "{host}");
    }
    let said = text(&check(&site, &[("HOST", "127.0.0.1")]).stderr);
    assert!(said.contains("is no host name; a certificate"), "{said}");
}

#[test]
fn a_folder_is_read_at_start() {
    let (folder, port) = (Folder::new("root"), port());
    let site = build_open(
        &folder,
        &format!("http://127.0.0.1:{port} {{\n\troot {{$ROOT}}\n\tfile_server\n}}\n"),
        &["ROOT"],
    );
    std::fs::create_dir(folder.path("a {b}")).expect("a folder");
    folder.write("a {b}/file.txt", "content");
    let root = folder.path("a {b}");
    let variables = [("ROOT", root.to_str().expect("a text"))];
    let _server = Server::start_with(&site, &[], port, &pairs(&variables));
    let answer = get(port, "127.0.0.1", "/file.txt");
    assert_eq!(status_and_body(&answer), (200, "content"));
    let said = text(&check(&site, &[("ROOT", "")]).stderr);
    assert!(said.contains("is no name of a file"), "{said}");
}

#[test]
fn the_same_values_give_the_same_bytes() {
    let folder = Folder::new("same");
    let caddyfile = ":8080 {\n\trespond {$A}{$B:b}\n\theader X {$A}\n}\n";
    let site = build_open(&folder, caddyfile, &["A", "B"]);
    let first = std::fs::read(&site).expect("the site");
    let second = std::fs::read(build_open(&folder, caddyfile, &["B", "A"])).expect("the site");
    assert!(first == second);
    // What is not left open is bound as ever.
    let bound = build(&folder, ":8080 {\n\trespond {$NOWHERE:bound}\n}\n", &[]);
    let bytes = std::fs::read(bound).expect("the site");
    assert!(bytes.windows(5).any(|part| part == b"bound"));
}

#[test]
fn a_misspelt_name_is_told() {
    let folder = Folder::new("misspelt");
    let file = folder.write("Caddyfile", ":8080 {\n\trespond {$TOKEN}\n}\n");
    let file = file.to_str().expect("a text");
    let output = common::zeroserve(&[
        "validate",
        file,
        "--runtime-env",
        "TOKN",
        "--runtime-env",
        "TOKEN",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("ZS0011") && said.contains("did you mean `TOKEN`?"),
        "{said}"
    );
    let output = common::zeroserve(&["validate", file, "--runtime-env", "TOKEN"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn help_lists_what_is_open() {
    let folder = Folder::new("help");
    let site = build_open(
        &folder,
        "http://localhost:1 {\n\theader A {$ONE}\n\theader B {$TWO:2}\n\theader C {$ONE:1}\n}\n",
        &["ONE", "TWO"],
    );
    let output = Command::new(&site).arg("--help").output().expect("it runs");
    let said = text(&output.stdout);
    let (_, variables) = said.split_once("when it starts:\n").expect("a list");
    assert_eq!(
        variables,
        "  ONE                    must be set\n  TWO                    [default: 2]\n"
    );
    let plain = build(&folder, "http://localhost:1 {\n\trespond a\n}\n", &[]);
    let output = Command::new(plain).arg("--help").output().expect("it runs");
    assert!(text(&output.stdout).ends_with("and exit\n"));
}

#[test]
fn run_leaves_variables_open_too() {
    let (folder, port) = (Folder::new("run-open"), port());
    let caddyfile = format!("http://localhost:{port} {{\n\trespond \"{{$BODY}}\"\n}}\n");
    let file = folder.write("Caddyfile", &caddyfile);
    let file = file.to_string_lossy();
    let arguments = ["run", &*file, "--workers=1", "--runtime-env", "BODY"];
    let missing = Command::new(common::ZEROSERVE)
        .args(arguments)
        .env_remove("BODY")
        .output()
        .expect("the command runs");
    assert_eq!(missing.status.code(), Some(3));
    let said = text(&missing.stderr);
    assert!(
        said.contains("`BODY`") && said.contains("is not set"),
        "{said}"
    );
    let variables = pairs(&[("BODY", "from the environment")]);
    let program = Path::new(common::ZEROSERVE);
    let _server = Server::start_with(program, &arguments, port, &variables);
    let answer = get(port, "localhost", "/");
    assert_eq!(status_and_body(&answer), (200, "from the environment"));
}

//! Certificates between programs: an upstream's is verified, and the local
//! authority's files are the real Caddy's as well.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Folder, Server, build, get, port, status_and_body};

/// Where the authority's root lies below the folder for data.
const ROOT: &str = "data/caddy/pki/authorities/local/root.crt";

fn secure_site(port: u16) -> String {
    format!(
        "{{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}}\n\
         https://localhost:{port} {{\n\ttls internal\n\trespond \"secret\"\n}}\n"
    )
}

/// A site with HTTPS whose files lie in a folder.
fn start_secure_site(folder: &Folder, port: u16) -> Server {
    let site = build(folder, &secure_site(port), &[]);
    let data = folder.path("data").to_string_lossy().into_owned();
    Server::start_with(&site, &["--workers=1"], port, &[("XDG_DATA_HOME", data)])
}

/// The real Caddy with the same site and files, if there is one.
fn start_caddy(folder: &Folder, port: u16) -> Option<Server> {
    let caddy = common::caddy()?;
    let file = folder.write("Caddyfile", &secure_site(port));
    let log = fs::File::create(folder.path("log")).expect("a log");
    let child = Command::new(caddy)
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(file)
        .env("HOME", folder.path("home"))
        .env("XDG_DATA_HOME", folder.path("data"))
        .env("XDG_CONFIG_HOME", folder.path("config"))
        .stderr(Stdio::from(log))
        .spawn()
        .expect("Caddy starts");
    let mut server = Server(child);
    server.wait_for(port);
    Some(server)
}

/// What a proxy that trusts the roots in a file gets from a site with HTTPS.
fn through_a_proxy(upstream: u16, roots: &Path) -> (u16, String) {
    through_a_patient_proxy(upstream, roots, Duration::ZERO)
}

/// How long Caddy may listen before it has a certificate: it listens first,
/// and turns handshakes down until then.
const CADDYS_CERTIFICATE: Duration = Duration::from_secs(20);

/// The same; asks again for some time as long as there is no answer.
fn through_a_patient_proxy(upstream: u16, roots: &Path, patience: Duration) -> (u16, String) {
    let (folder, port) = (Folder::new("proxy"), port());
    let caddyfile =
        format!("http://localhost:{port} {{\n\treverse_proxy https://localhost:{upstream}\n}}\n");
    let site = build(&folder, &caddyfile, &[]);
    let roots = roots.to_string_lossy().into_owned();
    let _server = Server::start_with(&site, &["--workers=1"], port, &[("SSL_CERT_FILE", roots)]);
    let start = Instant::now();
    loop {
        let answer = get(port, "localhost", "/");
        let (status, body) = status_and_body(&answer);
        if status != 502 || start.elapsed() >= patience {
            return (status, body.to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn read(path: PathBuf) -> Vec<u8> {
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn an_upstream_is_verified_by_the_roots_of_the_environment() {
    let (folder, other, port) = (Folder::new("upstream"), Folder::new("other"), port());
    let _upstream = start_secure_site(&folder, port);
    let trusted = through_a_proxy(port, &folder.path(ROOT));
    assert_eq!(trusted, (200, "secret".to_owned()));
    // An authority of the same name that signed something else.
    drop(start_secure_site(&other, common::port()));
    assert_eq!(through_a_proxy(port, &other.path(ROOT)).0, 502);
}

#[test]
fn an_authority_that_caddy_made_is_used() {
    let (folder, port) = (Folder::new("theirs"), port());
    let Some(caddy) = start_caddy(&folder, port) else {
        return;
    };
    let seen_by_caddy = through_a_patient_proxy(port, &folder.path(ROOT), CADDYS_CERTIFICATE);
    assert_eq!(seen_by_caddy, (200, "secret".to_owned()));
    drop(caddy);
    let root = read(folder.path(ROOT));
    let _site = start_secure_site(&folder, port);
    assert_eq!(through_a_proxy(port, &folder.path(ROOT)), seen_by_caddy);
    assert_eq!(read(folder.path(ROOT)), root);
}

#[test]
fn caddy_uses_an_authority_that_a_site_made() {
    let (folder, port) = (Folder::new("ours"), port());
    drop(start_secure_site(&folder, port));
    let root = read(folder.path(ROOT));
    let Some(_caddy) = start_caddy(&folder, port) else {
        return;
    };
    let answer = through_a_patient_proxy(port, &folder.path(ROOT), CADDYS_CERTIFICATE);
    assert_eq!(answer, (200, "secret".to_owned()));
    assert_eq!(read(folder.path(ROOT)), root);
}

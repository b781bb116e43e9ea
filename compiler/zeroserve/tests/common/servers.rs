//! The servers of a specification: the built site, the real Caddy with the
//! same Caddyfile, and the upstream behind both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::common::{Folder, Server, ZEROSERVE};
use super::spec::{Ports, Site};
use super::upstream::Upstream;

/// Builds a site of a specification.
pub fn build(folder: &Folder, site: &Site, ports: &Ports, file: &Path) -> PathBuf {
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

/// Starts a built site.
pub fn start(program: &Path, io: &str, ports: &Ports) -> Server {
    // The one variable that is read when the site runs; tests share the rest.
    let words = ports.variables();
    Server::start_with(program, &[io, "--workers=1"], ports.site, &words[3..])
}

/// The upstream of a specification that says what its upstream answers.
#[allow(dead_code, reason = "two servers share one elsewhere")]
pub fn upstream(site: &Site, ports: &Ports) -> Option<Upstream> {
    let wanted = !site.upstream.is_empty();
    wanted.then(|| Upstream::start(&site.upstream, ports.upstream, vec![ports.site]))
}

/// Caddy with files of its own, without what would touch the machine.
pub fn start_caddy(caddy: &Path, folder: &Folder, site: &Site, ports: &Ports) -> Server {
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
pub fn as_ours(answer: &str) -> String {
    let lines = answer.lines().map(|line| match line {
        "Server: Caddy" => "Server: zeroserve".to_owned(),
        line if line.starts_with("Via: ") => line.replace("Caddy", "zeroserve"),
        line => line.to_owned(),
    });
    let answer = lines.collect::<Vec<_>>().join("\n");
    answer.trim_end().to_owned()
}

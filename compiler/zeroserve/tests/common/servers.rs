//! The servers of a specification: the built site, the real Caddy with the
//! same Caddyfile, and the upstream behind both.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::{Folder, Server, ZEROSERVE, run_caddy};
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

/// Caddy with the same Caddyfile.
pub fn start_caddy(caddy: &Path, folder: &Folder, site: &Site, ports: &Ports) -> Server {
    let variables = ports.variables();
    run_caddy(caddy, folder, &site.caddyfile, &variables, ports.site)
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

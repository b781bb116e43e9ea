//! What tests of the command share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The command under test.
pub const ZEROSERVE: &str = env!("CARGO_BIN_EXE_zeroserve");

/// A folder of one test, removed with everything in it.
pub struct Folder(PathBuf);

impl Folder {
    /// A fresh folder.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!(
            "zeroserve-test-{}-{number}-{name}",
            std::process::id()
        ));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder is writable");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the command.
pub fn zeroserve(arguments: &[&str]) -> Output {
    Command::new(ZEROSERVE)
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// Builds a Caddyfile in a folder; the executable's path.
pub fn build(folder: &Folder, caddyfile: &str, more: &[&str]) -> PathBuf {
    let file = folder.write("Caddyfile", caddyfile);
    let site = folder.path("site");
    let output = Command::new(ZEROSERVE)
        .arg("build")
        .arg(&file)
        .arg("-o")
        .arg(&site)
        .args(more)
        .output()
        .expect("the command runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    site
}

/// How many ports a test process has to itself; more than it asks for.
const PORTS: u16 = 400;

/// A port that nothing listens on. Below the range that the system gives out
/// itself, not the beginning of a round number that files may hold, and
/// different for each call of each test process.
pub fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_500 + (std::process::id() % 30) as u16 * PORTS;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A server that ends with the test.
pub struct Server(pub Child);

impl Server {
    /// Starts a program and waits until it listens.
    pub fn start(program: &Path, arguments: &[&str], port: u16) -> Self {
        Self::start_with(program, arguments, port, &[])
    }

    /// As [`Self::start`], with variables in the environment.
    pub fn start_with(
        program: &Path,
        arguments: &[&str],
        port: u16,
        variables: &[(&str, String)],
    ) -> Self {
        // The kernel ends the ring of a process, and the listeners it holds,
        // a moment after the process: that one would be taken for ours.
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_ok() {
            assert!(start.elapsed() < Duration::from_secs(10), "{port} is taken");
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::piped());
        let child = loop {
            match command.spawn() {
                // Another test was starting a program while this one was
                // written: that one's process holds the file open for a moment.
                Err(error)
                    if error.kind() == ErrorKind::ExecutableFileBusy
                        && start.elapsed() < Duration::from_secs(10) =>
                {
                    std::thread::sleep(Duration::from_millis(2));
                }
                child => break child.expect("the server starts"),
            }
        };
        let mut server = Self(child);
        server.wait_for(port);
        server
    }

    /// Waits until something listens on a port.
    pub fn wait_for(&mut self, port: u16) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.0.try_wait().expect("a child") {
                let mut text = String::new();
                if let Some(mut stderr) = self.0.stderr.take() {
                    let _ = stderr.read_to_string(&mut text);
                }
                panic!("the server ended with {status}: {text}");
            }
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "nothing listens on {port}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Server {
    /// Ends the server; what it wrote to its log.
    pub fn stop(&mut self) -> String {
        let _ = self.0.kill();
        let mut text = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut text).expect("the log is text");
        }
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends bytes and gives everything that comes until the connection ends.
pub fn exchange(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut answer = Vec::new();
    // An aborted connection may end in a reset.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A GET request on a connection of its own.
pub fn get(port: u16, host: &str, path: &str) -> String {
    exchange(
        port,
        &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
    )
}

/// Status and body of an answer.
pub fn status_and_body(answer: &str) -> (u16, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or(0), body)
}

/// Whether a program that a test compares with is there; says so if it is
/// not, and fails where tests must not be skipped.
pub fn has_peer(name: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()));
    if !found {
        assert!(
            std::env::var_os("ZS_CI").is_none(),
            "{name} is not installed"
        );
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// The Caddy that `ZS_CADDY` names.
pub fn caddy() -> Option<PathBuf> {
    let caddy = std::env::var_os("ZS_CADDY").map(PathBuf::from);
    if caddy.is_none() {
        assert!(
            std::env::var_os("ZS_CI").is_none(),
            "ZS_CADDY names no Caddy"
        );
        eprintln!("skipped: ZS_CADDY names no Caddy");
    }
    caddy
}

/// Starts Caddy with files of its own, without what would touch the machine.
pub fn run_caddy(
    caddy: &Path,
    folder: &Folder,
    caddyfile: &str,
    variables: &[(&str, String)],
    port: u16,
) -> Server {
    let quiet = "\tadmin off\n\tpersist_config off\n\tauto_https off\n\tskip_install_trust\n";
    let text = match caddyfile.strip_prefix("{\n") {
        Some(rest) => format!("{{\n{quiet}{rest}"),
        None => format!("{{\n{quiet}}}\n{caddyfile}"),
    };
    let file = folder.write("Caddyfile.caddy", &text);
    let child = Command::new(caddy)
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(file)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .env("HOME", folder.path("home"))
        .env("XDG_DATA_HOME", folder.path("data"))
        .env("XDG_CONFIG_HOME", folder.path("config"))
        .stderr(Stdio::from(
            fs::File::create(folder.path("log")).expect("a log"),
        ))
        .spawn()
        .expect("Caddy starts");
    let mut server = Server(child);
    server.wait_for(port);
    server
}

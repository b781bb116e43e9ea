//! Many expressions as one site: a field of the request says which one is
//! asked.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::{Folder, Server, ZEROSERVE, port};
use super::spec::{Ports, ask};

/// An expression and what it comes to.
pub struct Case {
    /// `yes`, `no` or `error`.
    pub expected: String,
    /// The expression.
    pub expression: String,
}

impl Case {
    /// Reads a line; what it comes to may not be known yet.
    pub fn parse(line: &str) -> Self {
        let words = ["yes ", "no ", "error "];
        let word = words.iter().find(|word| line.starts_with(*word));
        let expected = word.map_or("", |word| word.trim());
        Self {
            expected: expected.to_owned(),
            expression: line[expected.len()..].trim_start().to_owned(),
        }
    }
}

/// A Caddyfile that asks each expression.
pub struct Site(String);

impl Site {
    /// The site of some expressions.
    pub fn new(cases: &[Case]) -> Self {
        let mut text = String::from(
            ":{$PORT} {\n\troute {\n\t\tvars {\n\t\t\ttext value\n\t\t\tyes true\n\t\t\tno false\n\t\t\tnumber 17\n\t\t\tfraction 1.5\n\t\t\tquoted \"true\"\n\t\t\tmade {method}\n\t\t}\n",
        );
        for (number, case) in cases.iter().enumerate() {
            let expression = &case.expression;
            let _ = write!(
                text,
                "\t\t@case{number} header X-Case {number}\n\t\thandle @case{number} {{\n\t\t\t@holds{number} expression `{expression}`\n\t\t\trespond @holds{number} yes\n\t\t\trespond no\n\t\t}}\n",
            );
        }
        Self(text + "\t}\n}\n")
    }

    /// What the built site says.
    pub fn ours(&self, request: &str, count: usize) -> Vec<String> {
        let folder = Folder::new("expressions");
        let ports = Ports {
            site: port(),
            upstream: port(),
            root: folder.path("root"),
        };
        let program = folder.path("site");
        let output = Command::new(ZEROSERVE)
            .envs(ports.variables())
            .arg("build")
            .arg(folder.write("Caddyfile", &self.0))
            .arg("-o")
            .arg(&program)
            .output()
            .expect("the command runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let _server = Server::start_with(&program, &["--workers=1"], ports.site, &[]);
        answers(&ports, request, count)
    }

    /// Whether a site can be made of it.
    pub fn is_accepted(&self) -> bool {
        let folder = Folder::new("expression");
        let output = Command::new(ZEROSERVE)
            .env("PORT", "80")
            .arg("validate")
            .arg(folder.write("Caddyfile", &self.0))
            .output()
            .expect("the command runs");
        output.status.success()
    }

    /// What Caddy says.
    pub fn caddys(&self, caddy: &Path, request: &str, count: usize) -> Vec<String> {
        let folder = Folder::new("expressions-caddy");
        let ports = Ports {
            site: port(),
            upstream: port(),
            root: folder.path("root"),
        };
        let quiet = "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n}\n";
        let file = folder.write("Caddyfile", &format!("{quiet}{}", self.0));
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
        answers(&ports, request, count)
    }
}

fn answers(ports: &Ports, request: &str, count: usize) -> Vec<String> {
    let answer = |number: usize| {
        let answer = ask(ports, &format!("{request}\nX-Case: {number}"));
        if answer.starts_with("HTTP/1.1 500") {
            return "error".to_owned();
        }
        answer.lines().last().unwrap_or_default().to_owned()
    };
    (0..count).map(answer).collect()
}

/// Where what was found is not what was expected.
pub fn compare(place: &str, cases: &[Case], found: &[String]) -> String {
    let mut problems = String::new();
    for (case, found) in cases.iter().zip(found) {
        if case.expected != *found {
            let Case {
                expected,
                expression,
            } = case;
            let _ = writeln!(problems, "{place}: {expected}, found {found}: {expression}");
        }
    }
    problems
}

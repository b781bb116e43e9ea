//! What is typed behind the command's name.
//!
//! Caddy's spellings work too: `zeroserve --caddy Caddyfile`, and
//! `zeroserve run --config FILE --adapter caddyfile --envfile F`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use zs_diagnostics::{Code, codes};

use crate::trace::Upstream;

/// Compiles a Caddyfile to a web server that serves that site and nothing
/// else.
#[derive(Debug, Parser)]
#[command(name = "zeroserve", version, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compile a Caddyfile to one static executable.
    #[command(after_help = "Example: zeroserve build Caddyfile -o site && ./site")]
    Build(Build),
    /// Compile a Caddyfile in memory and serve it at once.
    Run(Run),
    /// Print a Caddyfile as Caddy's JSON configuration.
    Adapt(Adapt),
    /// Check a Caddyfile without building anything.
    Validate(Validate),
    /// Draw what the compiler sees after ordering, as SVG.
    #[command(after_help = "Example: zeroserve graph Caddyfile -o routes.svg")]
    Graph(Graph),
    /// Write a Caddyfile in the standard layout.
    #[command(after_help = "Exit code 1 says that the file was not in the standard layout.")]
    Fmt(Fmt),
    /// Show which way a request takes through a Caddyfile, and why.
    #[command(
        allow_missing_positional = true,
        after_help = "Example: zeroserve trace Caddyfile 'GET https://example.com/api/x' -H 'Accept: text/html'"
    )]
    Trace(Trace),
    /// Tell what a built site is made of.
    Inspect(Inspect),
    /// Tell the long story of a message by its code.
    Explain(Explain),
    /// Hash a password for `basic_auth`.
    HashPassword(HashPassword),
    /// List directives, matchers and options, and what becomes of each.
    ListModules,
    /// Print the version.
    Version,
    /// Print a completion script for a shell.
    Completion(Completion),
    /// Write manual pages.
    Manpage(Manpage),
}

/// Which configuration is read.
#[derive(Args, Clone, Debug)]
pub struct Input {
    /// The configuration file [default: Caddyfile]
    #[arg(value_name = "CADDYFILE")]
    pub file: Option<PathBuf>,
    /// The configuration file, as Caddy spells it
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    pub config: Option<PathBuf>,
    /// The configuration's language [default: json for `*.json`, else caddyfile]
    #[arg(short, long, value_name = "NAME")]
    pub adapter: Option<Adapter>,
    /// A file of KEY=VALUE lines that are put into the environment first
    #[arg(long, value_name = "FILE")]
    pub envfile: Vec<PathBuf>,
    /// Print how long each stage took
    #[arg(long)]
    pub time: bool,
    /// How errors and warnings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub message_format: MessageFormat,
    /// Switch a lint off by its code, such as ZS0305
    #[arg(long, value_name = "CODE", value_parser = lint)]
    pub allow: Vec<Code>,
}

/// The code of a lint; other messages cannot be switched off.
fn lint(name: &str) -> Result<Code, String> {
    const LINTS: std::ops::Range<u16> = 300..400;
    let known = codes::ALL.iter().map(|(code, ..)| *code);
    known
        .into_iter()
        .find(|code| code.to_string().eq_ignore_ascii_case(name) && LINTS.contains(&code.number()))
        .ok_or_else(|| "lints have codes from ZS0301; `zeroserve explain` lists them".to_owned())
}

/// How errors and warnings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With the lines that they are about, for people.
    Text,
    /// One line of JSON each.
    Json,
    /// `file:line:column: severity[code]: message`.
    Short,
    /// Annotations of GitHub Actions.
    Github,
}

/// The configuration's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Adapter {
    /// A Caddyfile.
    Caddyfile,
    /// Caddy's own configuration, as `adapt` prints it.
    Json,
}

/// What is left to the environment that a built site starts in.
#[derive(Args, Clone, Debug)]
pub struct Open {
    /// Leave `{$VAR}` open: the site reads it when it starts, and the build does not
    #[arg(long, value_name = "VAR", value_parser = variable)]
    pub runtime_env: Vec<String>,
}

/// The name of a variable, without what belongs to its use in a Caddyfile.
fn variable(name: &str) -> Result<String, String> {
    let bad = name.is_empty() || name.contains(['=', ':', '{', '}', '$', '\0']);
    let message = "write the name of an environment variable, such as API_KEY";
    (!bad).then(|| name.to_owned()).ok_or(message.to_owned())
}

/// `validate`.
#[derive(Args, Debug)]
pub struct Validate {
    /// Which configuration is checked.
    #[command(flatten)]
    pub input: Input,
    /// What is left open.
    #[command(flatten)]
    pub open: Open,
}

/// `build`.
#[derive(Args, Debug)]
pub struct Build {
    /// Which configuration is built.
    #[command(flatten)]
    pub input: Input,
    /// What is left open.
    #[command(flatten)]
    pub open: Open,
    /// The executable to write
    #[arg(short, long, value_name = "FILE", default_value = "site")]
    pub output: PathBuf,
    /// Leave out symbols and Caddyfile lines
    #[arg(long)]
    pub strip: bool,
    /// Print what a stage gives instead of building (`obj` writes it to the output file)
    #[arg(long, value_name = "STAGE")]
    pub emit: Option<Stage>,
    /// How many threads translate code; the output does not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
}

/// What a stage gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Stage {
    /// The words of the file and what it imports.
    Tokens,
    /// Blocks within blocks.
    Tree,
    /// The typed configuration as Caddy's JSON.
    Config,
    /// Functions of basic blocks.
    Ir,
    /// eBPF.
    Bpf,
    /// Machine code.
    Asm,
    /// The object file.
    Obj,
}

/// `run`.
#[derive(Args, Debug)]
pub struct Run {
    /// Which configuration is served.
    #[command(flatten)]
    pub input: Input,
    /// What is left open.
    #[command(flatten)]
    pub open: Open,
    /// How to talk to the kernel
    #[arg(long, value_name = "KIND", default_value = "auto")]
    pub io: Io,
    /// How many worker threads serve [default: one for each CPU]
    #[arg(long, value_name = "N")]
    pub workers: Option<u16>,
}

/// How to talk to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Io {
    /// io_uring, or epoll where it is denied.
    Auto,
    /// io_uring.
    Uring,
    /// epoll.
    Epoll,
}

impl Io {
    /// As the event loop names it.
    pub fn choice(self) -> zs_io::Choice {
        match self {
            Self::Auto => zs_io::Choice::Auto,
            Self::Uring => zs_io::Choice::Uring,
            Self::Epoll => zs_io::Choice::Epoll,
        }
    }
}

/// `adapt`.
#[derive(Args, Debug)]
pub struct Adapt {
    /// Which configuration is printed.
    #[command(flatten)]
    pub input: Input,
    /// Indent the output
    #[arg(short, long)]
    pub pretty: bool,
    /// Check too that a site can be built of it
    #[arg(long)]
    pub validate: bool,
}

/// `graph`.
#[derive(Args, Debug)]
pub struct Graph {
    /// Which configuration is drawn.
    #[command(flatten)]
    pub input: Input,
    /// The picture to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `fmt`.
#[derive(Args, Debug)]
pub struct Fmt {
    /// The file, `-` for standard input [default: Caddyfile]
    #[arg(value_name = "CADDYFILE")]
    pub file: Option<PathBuf>,
    /// The file, as Caddy spells it
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    pub config: Option<PathBuf>,
    /// Write the file instead of printing it
    #[arg(short = 'w', long)]
    pub overwrite: bool,
    /// Print what would change
    #[arg(short, long, conflicts_with = "overwrite")]
    pub diff: bool,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// The code of the message, such as ZS0101 [default: list all]
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// `hash-password`.
#[derive(Args, Debug)]
pub struct HashPassword {
    /// The password [default: asked for, or read from standard input]
    #[arg(short, long, value_name = "PASSWORD")]
    pub plaintext: Option<String>,
    /// How it is hashed
    #[arg(short, long, value_name = "NAME", default_value = "bcrypt")]
    pub algorithm: Algorithm,
    /// Cost of bcrypt: the logarithm of its rounds
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(4..=31))]
    pub bcrypt_cost: u32,
    /// Passes of argon2id over its memory
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub argon2id_time: u32,
    /// Memory of argon2id, in KiB
    #[arg(long, value_name = "N", default_value_t = 47_104, value_parser = clap::value_parser!(u32).range(8..))]
    pub argon2id_memory: u32,
    /// Lanes of argon2id
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=255))]
    pub argon2id_threads: u32,
    /// Bytes of the hash of argon2id
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(4..=1024))]
    pub argon2id_keylen: u32,
}

/// How a password is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// bcrypt.
    Bcrypt,
    /// Argon2id (RFC 9106).
    Argon2id,
}

/// `completion`.
#[derive(Args, Debug)]
pub struct Completion {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `manpage`.
#[derive(Args, Debug)]
pub struct Manpage {
    /// The folder for the pages, made if it is not there
    #[arg(short = 'o', long, value_name = "FOLDER")]
    pub directory: PathBuf,
}

/// `trace`.
#[derive(Args, Debug)]
pub struct Trace {
    /// Which configuration is traced.
    #[command(flatten)]
    pub input: Input,
    /// The request: `[METHOD] URL`, with GET as the standard method
    #[arg(value_name = "REQUEST")]
    pub request: String,
    /// A field that the client sends
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// A body that the client sends
    #[arg(short, long, value_name = "TEXT")]
    pub data: Option<String>,
    /// A file whose bytes the client sends instead; the URL says only where to
    #[arg(long, value_name = "FILE", conflicts_with_all = ["header", "data", "http"])]
    pub raw: Option<PathBuf>,
    /// The client's address [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    pub remote: Option<std::net::IpAddr>,
    /// The version of HTTP that the client speaks
    #[arg(long, value_name = "VERSION", default_value = "1.1")]
    pub http: HttpVersion,
    /// Go on as if upstreams answered with this status, or `refused` or `timeout`
    #[arg(long, value_name = "STATUS", value_parser = Upstream::read)]
    pub upstream: Option<Upstream>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The version of HTTP that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HttpVersion {
    /// HTTP/1.0.
    #[value(name = "1.0")]
    Http10,
    /// HTTP/1.1.
    #[value(name = "1.1")]
    Http11,
}

impl HttpVersion {
    /// As in a request line.
    pub fn text(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
        }
    }
}

/// `inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// The executable
    #[arg(value_name = "SITE")]
    pub site: PathBuf,
}

/// Reads the process's arguments; prints help or errors and exits as clap
/// does.
pub fn parse() -> Arguments {
    Arguments::parse_from(spelled(std::env::args_os().collect()))
}

/// `--caddy FILE` is what users of the older command type for `run FILE`.
fn spelled(mut words: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = words
        .get(1)
        .and_then(|word| word.to_str())
        .map(str::to_owned)
    else {
        return words;
    };
    if first == "--caddy" {
        words[1] = "run".into();
    } else if let Some(file) = first.strip_prefix("--caddy=") {
        words.splice(1..2, ["run".into(), file.into()]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn both_spellings_mean_run() {
        let read = |line: &str| {
            Arguments::parse_from(spelled(line.split(' ').map(OsString::from).collect())).command
        };
        let lines = [
            "zeroserve --caddy site.caddy",
            "zeroserve --caddy=site.caddy",
            "zeroserve run site.caddy",
            "zeroserve run --config site.caddy --adapter caddyfile",
        ];
        for line in lines {
            let Command::Run(run) = read(line) else {
                panic!("{line}")
            };
            let file = run.input.file.or(run.input.config);
            assert_eq!(file, Some("site.caddy".into()), "{line}");
        }
    }
}

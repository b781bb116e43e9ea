//! What is typed behind the command's name.
//!
//! Caddy's spellings work too: `zeroserve --caddy Caddyfile`, and
//! `zeroserve run --config FILE --adapter caddyfile --envfile F`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    Validate(Input),
    /// Tell what a built site is made of.
    Inspect(Inspect),
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
    /// The configuration's language
    #[arg(short, long, value_name = "NAME", default_value = "caddyfile")]
    pub adapter: Adapter,
    /// A file of KEY=VALUE lines that are put into the environment first
    #[arg(long, value_name = "FILE")]
    pub envfile: Vec<PathBuf>,
    /// Print how long each stage took
    #[arg(long)]
    pub time: bool,
}

/// The configuration's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Adapter {
    /// A Caddyfile.
    Caddyfile,
}

/// `build`.
#[derive(Args, Debug)]
pub struct Build {
    /// Which configuration is built.
    #[command(flatten)]
    pub input: Input,
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

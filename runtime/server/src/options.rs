//! The arguments of a built site.

use std::fmt::Write;
use std::num::NonZeroUsize;

use zs_abi::SiteData;
use zs_abi::tables::{Fact, Listener, OpenValue};
use zs_io::Choice;

use crate::server::serve;
use crate::site::LoadedSite;

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which event loop driver.
    pub io: Choice,
    /// How many workers; as many as processors if it is not said.
    pub workers: Option<NonZeroUsize>,
    /// Time for requests in progress when the server stops, in milliseconds;
    /// what the site says if it is not said.
    pub grace_ms: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            io: Choice::Auto,
            workers: None,
            grace_ms: None,
        }
    }
}

/// What the arguments ask for.
#[derive(Debug)]
enum Request {
    Serve(Options),
    /// Find out whether it could be served.
    Check,
    Help,
    Version,
}

/// Does what the arguments (without the program's name) ask for; the exit code
/// of the process. `data` finds the site's data, `load` makes the site ready to be
/// served; each says why it cannot. What the program is can be told without
/// what it needs to serve, such as certificates.
pub fn run(
    arguments: &[Vec<u8>],
    data: impl FnOnce() -> Result<SiteData<'static>, String>,
    load: impl FnOnce() -> Result<&'static LoadedSite, String>,
) -> i32 {
    let request = match parse(arguments) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            return 2;
        }
    };
    let done = match request {
        Request::Help => {
            println!("{USAGE}");
            data().map(|data| {
                print!("{}", variables(data));
                0
            })
        }
        Request::Version => data().map(|data| {
            print!("{}", version(data));
            0
        }),
        Request::Check => load().map(|site| {
            println!("ok: {} listeners", site.data.count::<Listener>());
            0
        }),
        Request::Serve(options) => load().map(|site| serve(site, &options)),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        1
    })
}

const USAGE: &str = "\
Serves the site that is built into this program.

Usage: site [OPTIONS]

Options:
  --io=auto|uring|epoll  how to talk to the kernel; auto falls back to epoll
                         where io_uring is denied [default: auto]
  --workers=N            worker threads [default: one for each processor]
  --grace=SECONDS        time for requests in progress when SIGTERM or SIGINT
                         stops the server [default: grace_period of the
                         configuration, else 10]
  --check                look whether the site could be served, and exit
  --version              tell what this is, and exit
  --help                 tell this, and exit";

fn parse(arguments: &[Vec<u8>]) -> Result<Request, String> {
    let mut options = Options::default();
    let mut request = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = String::from_utf8_lossy(argument);
        let (name, given) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (&*text, None),
        };
        let mut value = || {
            let next = || {
                rest.next()
                    .map(|next| String::from_utf8_lossy(next).into_owned())
            };
            given
                .clone()
                .or_else(next)
                .ok_or_else(|| format!("`{name}` needs a value"))
        };
        match name {
            "--help" | "-h" => request = Some(Request::Help),
            "--version" | "-V" => request = Some(Request::Version),
            "--check" => request = Some(Request::Check),
            "--io" => {
                options.io = match value()?.as_str() {
                    "auto" => Choice::Auto,
                    "uring" => Choice::Uring,
                    "epoll" => Choice::Epoll,
                    other => return Err(format!("`--io` is auto, uring or epoll, not `{other}`")),
                }
            }
            "--workers" => {
                let count: Option<NonZeroUsize> = value()?.parse().ok();
                let count = count.filter(|count| count.get() <= WORKERS_MAX);
                let message = format!("`--workers` is a number from 1 to {WORKERS_MAX}");
                options.workers = Some(count.ok_or(message)?);
            }
            "--grace" => {
                let seconds: Option<u32> = value()?.parse().ok();
                let seconds = seconds.ok_or("`--grace` is a number of seconds")?;
                options.grace_ms = Some(u64::from(seconds) * 1000);
            }
            _ => return Err(format!("`{text}` is not an option of this program")),
        }
    }
    Ok(request.unwrap_or(Request::Serve(options)))
}

/// What is told of the variables that the site reads when it starts; nothing
/// if there are none.
fn variables(data: SiteData<'_>) -> String {
    // A name may be asked for at several places, with several defaults.
    let mut defaults: Vec<(&[u8], Option<&[u8]>)> = Vec::new();
    for value in data.all::<OpenValue>() {
        let name = data.text(value.name);
        let default = (value.has_default != 0).then(|| data.text(value.default));
        match defaults.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = known.and(default),
            None => defaults.push((name, default)),
        }
    }
    let mut out = String::new();
    for (name, default) in defaults {
        if out.is_empty() {
            out += "\nVariables of the environment that it reads when it starts:\n";
        }
        let told = match default {
            None => "must be set".to_owned(),
            Some(default) => format!("[default: {}]", default.escape_ascii()),
        };
        let _written = writeln!(out, "  {:<22} {told}", name.escape_ascii().to_string());
    }
    out
}

/// More workers than any machine has processors.
const WORKERS_MAX: usize = 1024;

fn version(data: SiteData<'_>) -> String {
    let mut out = format!("zeroserve {}\n", env!("CARGO_PKG_VERSION"));
    for fact in data.all::<Fact>() {
        let (key, value) = (data.text(fact.key), data.text(fact.value));
        let _written = writeln!(out, "{}: {}", key.escape_ascii(), value.escape_ascii());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, String> {
        let arguments: Vec<Vec<u8>> = arguments.iter().map(|a| a.as_bytes().to_vec()).collect();
        parse(&arguments)
    }

    #[test]
    fn options() {
        let Ok(Request::Serve(options)) = parsed(&["--io=epoll", "--workers", "3", "--grace=0"])
        else {
            panic!("a valid command line");
        };
        assert_eq!(options.io, Choice::Epoll);
        assert_eq!(options.workers.map(NonZeroUsize::get), Some(3));
        assert_eq!(options.grace_ms, Some(0));
        assert!(matches!(parsed(&["--help"]), Ok(Request::Help)));
        for bad in [
            &["--workers=0"][..],
            &["--io"],
            &["--io=x"],
            &["x"],
            &["--grace=-1"],
        ] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }
}

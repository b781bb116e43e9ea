//! What the tests of this crate share. Each test uses its own part of it.

#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part"
)]

pub mod generator;
pub mod generator_handlers;
pub mod generator_sites;
pub mod layout;
pub mod numbers;
pub mod oracle;

use std::path::{Path, PathBuf};
use std::{env, io};

use zs_config::model::Config;
use zs_config::{Purpose, adapt_with};
use zs_diagnostics::{Diagnostic, Sink, SourceMap};
use zs_syntax::{Host, SystemHost, parse};

/// Files below a folder, and no environment variables.
#[derive(Debug)]
pub struct FolderHost {
    /// What relative paths are relative to.
    pub folder: PathBuf,
}

impl Host for FolderHost {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        SystemHost.read(&self.folder.join(path))
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        SystemHost.list(&self.folder.join(folder))
    }

    fn exists(&self, path: &Path) -> bool {
        SystemHost.exists(&self.folder.join(path))
    }
}

/// What came of a text.
#[derive(Debug)]
pub struct Outcome {
    /// The configuration, if there is one.
    pub config: Option<Config>,
    /// What was reported.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that the diagnostics point into.
    pub sources: SourceMap,
}

/// Adapts a text to be printed.
pub fn run(name: &str, text: &str, host: &dyn Host) -> Outcome {
    run_for(Purpose::Adapt, name, text, host)
}

/// Adapts a text.
pub fn run_for(purpose: Purpose, name: &str, text: &str, host: &dyn Host) -> Outcome {
    let mut sources = SourceMap::new();
    let mut sink = Sink::new();
    let file = sources.add(name, text);
    let config = parse(&mut sources, file, host, &mut sink)
        .and_then(|tree| adapt_with(&tree, purpose, host, &mut sink));
    assert_eq!(
        config.is_none(),
        sink.has_errors(),
        "a configuration or errors, never both: {name}"
    );
    Outcome {
        config,
        diagnostics: sink.take(),
        sources,
    }
}

/// A folder of test material beside the repository, which may be absent except on the machines that check changes.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(
        env::var_os("ZS_CI").is_none_or(|value| value != "1"),
        "{} is missing",
        path.display()
    );
    println!("skipped: {} is missing", path.display());
    None
}

/// The Caddy binary that results are compared with; none by hand where `ZS_CADDY` names none.
#[allow(dead_code, reason = "each test file uses a part of it")]
pub fn caddy() -> Option<std::ffi::OsString> {
    let caddy = env::var_os("ZS_CADDY");
    if caddy.is_none() {
        assert!(env::var_os("ZS_CI").is_none(), "ZS_CADDY names no Caddy");
        println!("skipped: ZS_CADDY names no Caddy to compare with");
    }
    caddy
}

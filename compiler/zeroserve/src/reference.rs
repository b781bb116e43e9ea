//! Commands that print what is known without any configuration: codes, words of
//! the language, the version, completions and manual pages.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use zs_config::{Kind, Status, support_table};
use zs_diagnostics::{codes, explanation};

use crate::arguments::{Arguments, Completion, Explain};
use crate::commands::print;
use crate::compile::Failure;
use crate::output;

/// `explain`: the story of one code, or the list of all.
pub fn explain(arguments: &Explain) -> Result<(), Failure> {
    let Some(name) = &arguments.code else {
        let mut text = String::new();
        for (code, _, summary) in codes::ALL {
            let _ = writeln!(text, "{code}  {}", summary.trim());
        }
        return print(&text);
    };
    let wanted = name.to_ascii_uppercase();
    let known = codes::ALL.iter().map(|(code, ..)| *code);
    match known.into_iter().find(|code| code.to_string() == wanted) {
        Some(code) => print(explanation(code)),
        None => Err(Failure::System(format!(
            "there is no code {name}; `zeroserve explain` lists all"
        ))),
    }
}

/// `list-modules`: every word of the language and what becomes of it.
pub fn list_modules() -> Result<(), Failure> {
    let mut text = String::new();
    for row in support_table() {
        let kind = match row.kind {
            Kind::Directive => "directive",
            Kind::Subdirective => "subdirective",
            Kind::Matcher => "matcher",
            Kind::Option => "option",
        };
        let status = match row.status {
            Status::Works => "works",
            Status::Differs(_) => "differs",
            Status::Unbuilt(_) => "adapted only",
            Status::Foreign => "refused",
        };
        let _ = writeln!(text, "{kind}\t{}\t{status}", row.name);
    }
    print(&text)
}

/// `version`.
pub fn version() -> Result<(), Failure> {
    print(concat!("zeroserve ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// `completion`.
pub fn completion(arguments: &Completion) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "zeroserve", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// `manpage`: one page for the command and one for each of its commands.
pub fn manpages(folder: &Path) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::System(format!("cannot write {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let command = Arguments::command();
    let pages = command.get_subcommands().map(|part| {
        let name = format!("zeroserve-{}", part.get_name());
        (name, part.clone())
    });
    let first = ("zeroserve".to_owned(), command.clone());
    for (name, page) in std::iter::once(first).chain(pages) {
        let mut text = Vec::new();
        let page = clap_mangen::Man::new(page)
            .title(name.as_str())
            .section("8");
        page.render(&mut text).map_err(cannot)?;
        output::replace(&folder.join(format!("{name}.8")), &text).map_err(cannot)?;
    }
    Ok(())
}

//! `fmt`: the standard layout, printed, written in place, or as a difference.

use std::io::Read;
use std::path::Path;

use similar::{ChangeTag, TextDiff};
use zs_diagnostics::{Sink, SourceMap, Style, render_all};

use crate::arguments::Fmt;
use crate::commands::{DEFAULT_FILE, print};
use crate::compile::Failure;
use crate::output;

/// Lays a file out, and prints or writes what comes of it. As with `caddy fmt`,
/// printing a file that is not laid out well ends with exit code 1, so that a
/// pipeline can check it.
pub fn run(arguments: &Fmt) -> Result<(), Failure> {
    let file = arguments.file.as_deref().or(arguments.config.as_deref());
    let file = file.unwrap_or(Path::new(DEFAULT_FILE));
    let standard_input = file == Path::new("-");
    let (name, text) = read(file, standard_input)?;
    let formatted = format(&name, &text)?;
    let changed = formatted != text;
    if arguments.overwrite && !standard_input {
        if changed {
            output::replace(file, formatted.as_bytes())
                .map_err(|error| Failure::System(format!("cannot write {name}: {error}")))?;
        }
        return Ok(());
    }
    print(&if arguments.diff {
        difference(&text, &formatted)
    } else {
        formatted
    })?;
    if changed {
        let step = if standard_input {
            String::new()
        } else {
            format!("; `zeroserve fmt --overwrite {name}` does it")
        };
        eprintln!("{name} is not in the standard layout{step}");
        return Err(Failure::Configuration);
    }
    Ok(())
}

fn read(file: &Path, standard_input: bool) -> Result<(String, String), Failure> {
    if standard_input {
        let mut text = String::new();
        return match std::io::stdin().read_to_string(&mut text) {
            Ok(_) => Ok(("standard input".to_owned(), text)),
            Err(error) => Err(Failure::System(format!(
                "cannot read standard input: {error}"
            ))),
        };
    }
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(Failure::System(format!("cannot read {name}: {error}"))),
    }
}

fn format(name: &str, text: &str) -> Result<String, Failure> {
    let (mut sources, mut sink) = (SourceMap::new(), Sink::new());
    let file = sources.add(name, text);
    zs_syntax::format(file, text, &mut sink).ok_or_else(|| {
        eprintln!("{}", render_all(sink.diagnostics(), &sources, Style::Plain));
        Failure::Configuration
    })
}

/// All lines, those that go with `-` and those that come with `+` before them.
fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let lines = diff.iter_all_changes().map(|change| {
        let mark = match change.tag() {
            ChangeTag::Equal => "  ",
            ChangeTag::Delete => "- ",
            ChangeTag::Insert => "+ ",
        };
        format!("{mark}{}\n", change.value().trim_end_matches('\n'))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn lines_that_move_are_marked() {
        let found = difference("a\n  b\nc", "a\n\tb\nc\n");
        assert_eq!(found, "  a\n-   b\n- c\n+ \tb\n+ c\n");
    }
}

//! Environment files: `KEY=VALUE` lines, as Caddy's `--envfile` reads them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use zs_syntax::{Host, SystemHost};

/// The process's environment with the variables of files put over it.
#[derive(Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    refuses_unset: bool,
    left_open: Vec<String>,
}

impl Environment {
    /// Reads files in order; a variable that the process already has keeps its
    /// value, as in Caddy.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is not one.
    pub fn read(files: &[PathBuf]) -> Result<Self, String> {
        let mut variables = BTreeMap::new();
        for file in files {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let found = parse(&text)
                .map_err(|line| format!("{}:{line}: expected KEY=VALUE", file.display()))?;
            for (name, value) in found {
                if std::env::var_os(&name).is_none() {
                    variables.insert(name, value);
                }
            }
        }
        Ok(Self {
            variables,
            ..Self::default()
        })
    }

    /// Leaves variables open: a built site reads them when it starts.
    pub fn leave_open(&mut self, names: &[String]) {
        self.left_open = names.to_vec();
    }

    /// Says whether a variable that is not set may leave something empty.
    pub fn refuse_unset(&mut self, refuse: bool) {
        self.refuses_unset = refuse;
    }
}

impl Host for Environment {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .cloned()
            .or_else(|| SystemHost.variable(name))
    }

    fn refuses_unset(&self) -> bool {
        self.refuses_unset
    }

    fn left_open(&self) -> &[String] {
        &self.left_open
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        SystemHost.read(path)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        SystemHost.list(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemHost.exists(path)
    }
}

/// Names and values in order; the number of the first bad line. Values may
/// stand in quotes, in which they go on over lines; `export` is left out;
/// `#` begins a comment at the start of a line or behind a space.
fn parse(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut out = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(number + 1)?;
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(number + 1);
        }
        let value = value.trim_start();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let mut all = value[1..].to_owned();
                while !all.ends_with(quote) {
                    let (_, more) = lines.next().ok_or(number + 1)?;
                    all.push('\n');
                    all.push_str(more.trim_end());
                }
                all.pop();
                if quote == '"' {
                    all.replace("\\\"", "\"").replace("\\n", "\n")
                } else {
                    all
                }
            }
            _ => value
                .split(" #")
                .next()
                .unwrap_or_default()
                .trim_end()
                .to_owned(),
        };
        out.push((name.to_owned(), value));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_become_variables() {
        let text = "# comment\nA=1\nexport B = two words # rest\nC=\"x\ny\"\nD='it\"s'\nE=\n";
        let found = parse(text).expect("good lines");
        let pairs: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(
            pairs,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "x\ny"),
                ("D", "it\"s"),
                ("E", "")
            ]
        );
        assert_eq!(parse("A=1\nnothing"), Err(2));
        assert_eq!(parse("A=\"open"), Err(1));
    }
}

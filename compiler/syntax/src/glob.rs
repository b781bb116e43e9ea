//! File names with `*` and `?`.

use std::path::{Path, PathBuf};

use crate::Host;

/// Whether a pattern stands for several names.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// The paths that match a pattern, in alphabetical order folder by folder. `*` and `?` never match a `/`.
pub(crate) fn glob(pattern: &Path, host: &dyn Host) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for component in pattern.components() {
        let name = component.as_os_str().to_string_lossy();
        if is_pattern(&name) {
            paths = paths
                .iter()
                .flat_map(|folder| matching(folder, &name, host))
                .collect();
        } else {
            paths.iter_mut().for_each(|path| path.push(component));
        }
    }
    paths.retain(|path| host.exists(path));
    paths
}

fn matching(folder: &Path, pattern: &str, host: &dyn Host) -> Vec<PathBuf> {
    let mut names = host.list(folder);
    names.retain(|name| matches(pattern, name));
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Shell matching of one name: `*` is any text, `?` any character.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go back to when the text after the last `*` does not fit: try one more character for the star.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(character) if *character == '?' || *character == name[n] => {
                (p, n) = (p + 1, n + 1)
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (p, n) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("*", "a.conf", true),
            ("*.conf", "a.conf", true),
            ("*.conf", "a.config", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXcYYb", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
        }
    }
}

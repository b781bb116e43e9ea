//! The files that a site is written in, which its own file servers must not show.

use std::path::{Component, Path, PathBuf};

use zs_diagnostics::FileId;
use zs_syntax::{Segment, SourceNames, glob_matches};

/// The names of the files of a site block.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteFiles {
    names: Vec<String>,
    /// What relative names are relative to, when that is known.
    folder: Option<PathBuf>,
}

impl SiteFiles {
    /// The files of some lines. Imported files have absolute names where the folder is known.
    pub(crate) fn new(segments: &[Segment], sources: &SourceNames) -> Self {
        let mut files = Vec::new();
        segments
            .iter()
            .for_each(|segment| collect(segment, &mut files));
        let mut names: Vec<String> = files
            .iter()
            .filter_map(|file| sources.name(*file))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        SiteFiles {
            names,
            folder: sources.folder().map(Path::to_owned),
        }
    }

    /// Adds the files to a list of hidden ones, unless the list hides them already.
    pub(crate) fn hide(&self, hidden: &mut Vec<String>) {
        for name in &self.names {
            let name = clean(name);
            if self.is_hidden(&name, hidden) {
                continue;
            }
            // A bare name would hide every file of that name, not only this one.
            if name.contains('/') {
                hidden.push(name);
            } else {
                hidden.push(format!("./{name}"));
            }
        }
    }

    /// A pattern without slash is about any part of the path; one with a slash is about the path or a folder that it lies
    /// in.
    fn is_hidden(&self, name: &str, hidden: &[String]) -> bool {
        let path = match &self.folder {
            Some(folder) if !name.starts_with('/') => clean(&folder.join(name).to_string_lossy()),
            _ => name.to_owned(),
        };
        hidden.iter().any(|pattern| {
            if !pattern.contains('/') {
                return path.split('/').any(|part| glob_matches(pattern, part));
            }
            let inside = path
                .strip_prefix(pattern.as_str())
                .is_some_and(|rest| rest.starts_with('/'));
            inside || parts_match(pattern, &path)
        })
    }
}

fn collect(segment: &Segment, files: &mut Vec<FileId>) {
    let mut add = |file| {
        if !files.contains(&file) {
            files.push(file);
        }
    };
    segment.words.iter().for_each(|word| add(word.span.file));
    for line in segment.block.iter().flatten() {
        collect(line, files);
    }
}

/// Stars match within one part of a path only.
fn parts_match(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(pattern, part)| glob_matches(pattern, part))
}

/// The path without `.` and without `..` behind other parts.
fn clean(path: &str) -> String {
    let mut out = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(name: &str, hide: &[&str]) -> Vec<String> {
        let files = SiteFiles {
            names: vec![name.to_owned()],
            folder: Some(PathBuf::from("/srv/site")),
        };
        let mut hide: Vec<String> = hide.iter().map(|text| (*text).to_owned()).collect();
        files.hide(&mut hide);
        hide
    }

    #[test]
    fn what_is_hidden_is_not_added() {
        assert_eq!(hidden("Caddyfile", &[]), ["./Caddyfile"]);
        assert_eq!(hidden("./Caddyfile", &["x"]), ["x", "./Caddyfile"]);
        assert_eq!(hidden("../Caddyfile", &[]), ["../Caddyfile"]);
        assert_eq!(hidden("Caddyfile", &["Caddy*"]), ["Caddy*"]);
        assert_eq!(hidden("Caddyfile", &["/srv"]), ["/srv"]);
        assert_eq!(hidden("Caddyfile", &["/srv/s"]), ["/srv/s", "./Caddyfile"]);
        assert_eq!(hidden("Caddyfile", &["/srv/*/*"]), ["/srv/*/*"]);
        assert_eq!(hidden("/etc/x.conf", &["/srv"]), ["/srv", "/etc/x.conf"]);
    }
}

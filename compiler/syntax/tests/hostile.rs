//! Files that are made to hurt are diagnostics: none may panic, hang or take memory without a limit.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use zs_diagnostics::{Sink, SourceMap, Style, render_all};
use zs_syntax::{Host, SystemHost, parse};

/// The machine's files below a folder, and no variables.
struct Folder(PathBuf);

impl Host for Folder {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        SystemHost.read(&self.0.join(path))
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        SystemHost.list(&self.0.join(folder))
    }

    fn exists(&self, path: &Path) -> bool {
        SystemHost.exists(&self.0.join(path))
    }
}

/// The messages of a text; none when it parses.
fn messages(text: &str, host: &dyn Host) -> Option<String> {
    let (mut sources, mut sink) = (SourceMap::new(), Sink::new());
    let file = sources.add("Caddyfile", text);
    let tree = parse(&mut sources, file, host, &mut sink);
    assert_eq!(tree.is_none(), sink.has_errors());
    tree.is_none()
        .then(|| render_all(sink.diagnostics(), &sources, Style::Plain))
}

#[test]
fn hostile_files() {
    let folder = env::temp_dir().join(format!("zs-hostile-{}", std::process::id()));
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::write(folder.join("latin1"), b"respond \xe9\n").unwrap();
    fs::write(folder.join("one"), "import two\n").unwrap();
    fs::write(folder.join("two"), "import one\n").unwrap();
    let host = Folder(folder.clone());
    let refused = [
        "import one\n",
        "import inner\n",
        "import .\n",
        "import latin1\n",
        "import /dev/zero\n",
        "import missing\n",
    ];
    for text in refused {
        assert!(messages(text, &host).is_some(), "{text}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn hostile_texts() {
    let host = Folder(PathBuf::from("/nonexistent"));
    const LEVELS: usize = 10_000;
    let nested = format!(
        "a {{\n{}{}}}\n",
        "b {\n".repeat(LEVELS),
        "}\n".repeat(LEVELS)
    );
    assert!(messages(&nested, &host).is_some());
    assert!(messages(&"a {\n".repeat(LEVELS), &host).is_some());
    let large = "x".repeat(10 << 20);
    assert!(messages(&format!("a {{\n\trespond {large}\n}}\n"), &host).is_none());
    assert!(messages(&format!("a {{\n\trespond \"{large}\n"), &host).is_some());
    assert!(messages(&"x".repeat(17 << 20), &host).is_some());
    assert!(messages("a {\n\trespond \0 \"\0\"\n}\n", &host).is_none());
    assert!(messages("\0", &host).is_none());
}

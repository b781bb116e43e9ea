//! Caddyfiles and the programs that they become: `testdata/ir`. A file that is
//! refused has the diagnostics as its expectation. `INSTA_UPDATE=always`
//! rewrites; the difference is what to look at.

use std::fs;
use std::path::Path;

use zs_diagnostics::{Sink, SourceMap, Style, render_all};
use zs_open::OpenValues;
use zs_syntax::SystemHost;

#[test]
fn programs_are_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/ir");
    let entries = fs::read_dir(&folder).expect("the folder");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "caddyfile")
    });
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in files {
        let case = file.file_stem().expect("a name").to_string_lossy();
        let name = format!("{case}.caddyfile");
        let found = lowered(&name, fs::read_to_string(&file).expect("a Caddyfile"));
        settings.bind(|| insta::assert_snapshot!(&*case, found));
    }
}

fn lowered(name: &str, text: String) -> String {
    let mut sources = SourceMap::default();
    let mut sink = Sink::default();
    let id = sources.add(name.to_owned(), text);
    let tree = zs_syntax::parse(&mut sources, id, &SystemHost, &mut sink);
    let config =
        tree.and_then(|tree| zs_config::adapt(&tree, zs_config::Purpose::Build, &mut sink));
    let program =
        config.and_then(|config| zs_ir::lower(&config, &OpenValues::default(), &mut sink));
    let said = render_all(sink.diagnostics(), &sources, Style::Plain);
    let Some(program) = program else { return said };
    let printed = zs_ir::print::program(&program, Some(&sources));
    let again =
        zs_ir::parse::functions(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.len(), program.functions.len(), "{name}");
    if said.is_empty() {
        printed
    } else {
        format!("{said}\n{printed}")
    }
}

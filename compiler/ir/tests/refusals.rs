//! What building refuses, the lowering refuses by itself, as it must when a configuration does not come from a Caddyfile.

use std::fs;
use std::path::Path;

use zs_config::Purpose;
use zs_config::model::Config;
use zs_diagnostics::{Sink, SourceMap, Style, render_all};
use zs_open::OpenValues;
use zs_syntax::SystemHost;

/// Every site of `testdata/ir/refused_settings.txt` asks for one thing that no site does yet. A site that stays here when
/// it is done fails the test.
#[test]
fn nothing_is_dropped_on_the_way_from_the_model() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/ir/refused_settings.txt");
    let text = fs::read_to_string(file).expect("the sites");
    let sites: Vec<&str> = text.split("---\n").collect();
    assert!(sites.len() > 50, "the sites are gone");
    for site in sites {
        let lowers = |config: Config| {
            zs_ir::lower(&config, &OpenValues::default(), &mut Sink::default()).is_some()
        };
        assert!(
            !adapted(site, Purpose::Build).is_some_and(lowers),
            "built:\n{site}"
        );
        let config = adapted(site, Purpose::Adapt).expect("it is only not built");
        assert!(!lowers(config), "lowered all the same:\n{site}");
    }
}

fn adapted(text: &str, purpose: Purpose) -> Option<Config> {
    let mut sources = SourceMap::default();
    let mut sink = Sink::default();
    let file = sources.add("Caddyfile", text);
    let tree = zs_syntax::parse(&mut sources, file, &SystemHost, &mut sink)?;
    let config = zs_config::adapt(&tree, purpose, &mut sink);
    let said = render_all(sink.diagnostics(), &sources, Style::Plain);
    assert!(
        config.is_some() || purpose == Purpose::Build,
        "{text}\n{said}"
    );
    config
}

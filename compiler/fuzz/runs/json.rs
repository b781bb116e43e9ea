//! Any text gives a configuration or an error, and what is printed of it reads as the same again.

use zs_config::model::Config;
use zs_config::{Purpose, from_json};
use zs_diagnostics::{Sink, SourceMap, Style, render_all};

/// Reads a configuration, and what it prints.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Some(config) = read(text) {
        let printed = config.to_json();
        let again = read(&printed).expect("what is printed can be read");
        assert_eq!(again.to_json(), printed);
    }
}

fn read(text: &str) -> Option<Config> {
    let mut sources = SourceMap::new();
    let file = sources.add("config.json", text);
    let mut sink = Sink::new();
    let config = from_json(text, file, Purpose::Build, &mut sink);
    assert_eq!(
        config.is_none(),
        sink.has_errors(),
        "a configuration or errors"
    );
    for diagnostic in sink.diagnostics() {
        assert!(
            diagnostic.primary.span.end as usize <= text.len(),
            "outside of the text"
        );
    }
    let _ = render_all(sink.diagnostics(), &sources, Style::Plain);
    config
}

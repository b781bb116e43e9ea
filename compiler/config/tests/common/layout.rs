//! The two laws of the standard layout.

use zs_diagnostics::{Sink, SourceMap};
use zs_syntax::Host;

use super::run;

/// The standard layout of a text, if it can be split into words.
pub fn format(text: &str) -> Option<String> {
    let file = SourceMap::new().add("Caddyfile", "");
    zs_syntax::format(file, text, &mut Sink::new())
}

/// Checks the two laws. Whether the text could be laid out.
pub fn check(what: &str, text: &str, host: &dyn Host) -> bool {
    let Some(once) = format(text) else {
        return false;
    };
    assert_eq!(format(&once).as_ref(), Some(&once), "{what}, twice");
    if let Some(config) = run("Caddyfile", text, host).config {
        let after = run("Caddyfile", &once, host).config;
        let after = after.unwrap_or_else(|| panic!("{what} is refused after formatting:\n{once}"));
        assert_eq!(
            config.to_json(),
            after.to_json(),
            "{what} means something else"
        );
    }
    true
}

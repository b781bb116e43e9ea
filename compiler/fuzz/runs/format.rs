//! The standard layout: laying a file out twice is laying it out once, and the file means the same before and after.

use zs_config::{Purpose, adapt};
use zs_diagnostics::{Sink, SourceMap};
use zs_syntax::{MapHost, format, parse};

/// Lays a text out, and adapts it before and after.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some(once) = laid_out(text) else { return };
    assert_eq!(laid_out(&once).as_ref(), Some(&once), "twice");
    if let Some(before) = adapted(text) {
        assert_eq!(adapted(&once), Some(before), "means something else");
    }
}

fn laid_out(text: &str) -> Option<String> {
    let file = SourceMap::new().add("Caddyfile", "");
    format(file, text, &mut Sink::new())
}

fn adapted(text: &str) -> Option<String> {
    let (mut sources, mut sink) = (SourceMap::new(), Sink::new());
    let file = sources.add("Caddyfile", text);
    let tree = parse(&mut sources, file, &MapHost::default(), &mut sink)?;
    adapt(&tree, Purpose::Adapt, &mut sink).map(|config| config.to_json())
}

//! Any text gives a typed tree or an error.

use zs_cel::{Source, compile};
use zs_diagnostics::{Sink, SourceMap, Span, Style, render_all};

/// Compiles an expression.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut sources = SourceMap::new();
    let file = sources.add("expression", text);
    let whole = Span::new(file, 0, text.len() as u32);
    let mut sink = Sink::new();
    let expr = compile(&Source::word(text, whole), &mut sink);
    assert_eq!(expr.is_none(), sink.has_errors(), "a tree or errors");
    for diagnostic in sink.diagnostics() {
        assert!(
            diagnostic.primary.span.end <= whole.end,
            "outside of the text"
        );
    }
    if let Some(expr) = expr {
        let _ = expr.to_string();
    }
    let _ = render_all(sink.diagnostics(), &sources, Style::Plain);
}

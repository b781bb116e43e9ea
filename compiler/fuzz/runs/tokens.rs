//! Any text splits into tokens or gives an error.

use zs_diagnostics::{Sink, SourceMap, Style, render_all};
use zs_syntax::{MapHost, dump_tokens, lex};

/// Runs the lexer over what may be text.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut host = MapHost::default();
    host.variables.insert("A".to_owned(), "b c".to_owned());
    host.variables.insert("B".to_owned(), String::new());
    let mut sources = SourceMap::new();
    let file = sources.add("Caddyfile", text);
    let mut sink = Sink::new();
    let tokens = lex(&sources, file, &host, &mut sink);
    assert_eq!(tokens.is_none(), sink.has_errors(), "tokens or errors");
    for token in tokens.iter().flatten() {
        let span = token.span;
        assert!(span.end as usize <= text.len(), "{span:?} is outside");
    }
    let _ = dump_tokens(&tokens.unwrap_or_default(), &sources);
    let _ = render_all(sink.diagnostics(), &sources, Style::Plain);
}

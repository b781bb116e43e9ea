//! Adapts Caddyfiles named on the command line, one line of JSON or of errors each.

use zs_config::adapt;
use zs_diagnostics::{Severity, Sink, SourceMap};
use zs_syntax::{SystemHost, parse};

fn main() {
    for path in std::env::args().skip(1) {
        let mut sources = SourceMap::new();
        let mut sink = Sink::new();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let file = sources.add(path, text);
        match parse(&mut sources, file, &SystemHost, &mut sink)
            .and_then(|tree| adapt(&tree, &mut sink))
        {
            Some(config) => println!("{}", config.to_json()),
            None => {
                let errors: Vec<String> = sink
                    .diagnostics()
                    .iter()
                    .filter(|diagnostic| diagnostic.severity == Severity::Error)
                    .map(|diagnostic| {
                        format!(
                            "{} {}",
                            sources.describe(diagnostic.primary.span),
                            diagnostic.message
                        )
                    })
                    .collect();
                println!("ERROR {}", errors.join(" | ").replace('\n', "\\n"));
            }
        }
    }
}

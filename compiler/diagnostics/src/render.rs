//! Diagnostics as text for people, and as JSON for tools.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, FileId, Label, Severity, SourceMap, Span};

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    Plain,
    /// With terminal colours.
    Coloured,
}

/// Prints one diagnostic with its source lines, ending in a line feed.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.to_string());
    let mut group = Group::with_title(title);
    for file in files_in_order(diagnostic) {
        group = group.element(snippet(diagnostic, file, sources));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

/// Prints all diagnostics, separated by empty lines.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let texts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, sources, style))
        .collect();
    texts.join("\n")
}

/// One diagnostic as one line of JSON: `code`, `severity`, `message`, `labels` (the primary one first, each with `file`,
/// `line`, `column`, `end_line`, `end_column`, `text`) and `help`.
#[must_use]
pub fn to_json_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let labels: Vec<String> = std::iter::once(&diagnostic.primary)
        .chain(&diagnostic.secondary)
        .map(|label| {
            let from = sources.position(label.span);
            let to = sources.position(Span {
                start: label.span.end,
                ..label.span
            });
            format!(
                r#"{{"file":{},"line":{},"column":{},"end_line":{},"end_column":{},"text":{}}}"#,
                json_string(&sources.file(label.span.file).name),
                from.line,
                from.column,
                to.line,
                to.column,
                json_string(&label.text)
            )
        })
        .collect();
    let help = diagnostic
        .help
        .as_deref()
        .map_or_else(|| "null".to_owned(), json_string);
    format!(
        r#"{{"code":"{}","severity":"{}","message":{},"labels":[{}],"help":{help}}}"#,
        diagnostic.code,
        diagnostic.severity,
        json_string(&diagnostic.message),
        labels.join(",")
    )
}

/// The primary place's file, then the others in order of mention.
fn files_in_order(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = vec![diagnostic.primary.span.file];
    for label in &diagnostic.secondary {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    file: FileId,
    sources: &'a SourceMap,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = sources.file(file);
    let annotation = |kind: AnnotationKind, label: &'a Label| {
        let annotation = kind.span(source.clamp(label.span));
        if label.text.is_empty() {
            annotation
        } else {
            annotation.label(label.text.as_str())
        }
    };
    let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
    if diagnostic.primary.span.file == file {
        snippet = snippet.annotation(annotation(AnnotationKind::Primary, &diagnostic.primary));
    }
    for label in diagnostic
        .secondary
        .iter()
        .filter(|label| label.span.file == file)
    {
        snippet = snippet.annotation(annotation(AnnotationKind::Context, label));
    }
    snippet
}

fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    fn example() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::new();
        let main = sources.add(
            "Caddyfile",
            "import sites\n:80 {\n\treverse_poxy \"a\"\n}\n",
        );
        let other = sources.add("sites", "x\n");
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_DIRECTIVE,
            Span::new(main, 20, 32),
            "unknown directive `reverse_poxy`",
        )
        .label("not known")
        .secondary(Span::new(main, 0, 6), "imported here")
        .secondary(Span::new(other, 0, 1), "defined here")
        .help("did you mean `reverse_proxy`?");
        (sources, diagnostic)
    }

    #[test]
    fn plain_text_shows_every_file() {
        let (sources, diagnostic) = example();
        let text = render(&diagnostic, &sources, Style::Plain);
        for part in [
            "error[ZS",
            "--> Caddyfile:3:2",
            "sites:1:1",
            "help: did you mean `reverse_proxy`?",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(render(&diagnostic, &sources, Style::Coloured).contains('\u{1b}'));
    }

    #[test]
    fn json_is_one_line() {
        let (sources, diagnostic) = example();
        let line = to_json_line(&diagnostic, &sources);
        assert!(!line.contains('\n'));
        assert!(
            line.contains(r#""line":3,"column":2,"end_line":3,"end_column":14"#),
            "{line}"
        );
    }

    #[test]
    fn a_span_past_the_end_is_shown_at_the_end() {
        let mut sources = SourceMap::new();
        let main = sources.add("Caddyfile", "ü");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_DIRECTIVE, Span::new(main, 1, 900), "x");
        assert!(render(&diagnostic, &sources, Style::Plain).contains("Caddyfile:1:"));
    }
}

//! Diagnostics as one line each, for tools that read the output of many programs.

use crate::{Diagnostic, Severity, SourceMap, Span};

/// `file:line:column: severity[code]: message`, as compilers have it.
#[must_use]
pub fn to_short_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    format!(
        "{}: {}[{}]: {}",
        sources.describe(diagnostic.primary.span),
        diagnostic.severity,
        diagnostic.code,
        diagnostic.message
    )
}

/// A workflow command of GitHub Actions, which shows the message beside the line of a pull request.
#[must_use]
pub fn to_github_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let span = diagnostic.primary.span;
    let from = sources.position(span);
    let to = sources.position(Span {
        start: span.end,
        ..span
    });
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let help = diagnostic
        .help
        .as_ref()
        .map_or_else(String::new, |help| format!("\nhelp: {help}"));
    format!(
        "::{command} file={},line={},col={},endLine={},endColumn={},title={}::{}",
        property(&sources.file(span.file).name),
        from.line,
        from.column,
        to.line,
        to.column,
        diagnostic.code,
        data(&format!("{}{help}", diagnostic.message))
    )
}

/// Text behind the command, whose line ends would end it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Text of a property, which a colon or comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn lines_name_the_place() {
        let mut sources = SourceMap::new();
        let file = sources.add("a,b", "x\n\ty z\n");
        let span = Span::new(file, 3, 4);
        let diagnostic = Diagnostic::error(codes::BAD_VALUE, span, "100 % wrong").help("one\ntwo");
        assert_eq!(
            to_short_line(&diagnostic, &sources),
            "a,b:2:2: error[ZS0111]: 100 % wrong"
        );
        assert_eq!(
            to_github_line(&diagnostic, &sources),
            "::error file=a%2Cb,line=2,col=2,endLine=2,endColumn=3,title=ZS0111::100 %25 wrong%0Ahelp: one%0Atwo"
        );
    }
}

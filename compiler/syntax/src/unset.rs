//! Variables that are not set, where a site is to be built: what they leave empty is refused by their name, before it
//! becomes a mistake of another kind somewhere else.

use zs_diagnostics::{Diagnostic, FileId, Sink, Span, codes};

use crate::Token;
use crate::lexer::lex_verbatim;
use crate::substitute::UnsetVariable;

/// Reports variables of a file that are not set: an error where nothing is left of a word, or of an address but its scheme
/// or port; a warning where something is. Whether there was an error. Comments do not count.
pub(crate) fn refuse(file: FileId, text: &str, unset: &[UnsetVariable], sink: &mut Sink) -> bool {
    if unset.is_empty() {
        return false;
    }
    // A text that cannot be split into words is refused for that.
    let words = lex_verbatim(file, text, &mut Sink::new()).unwrap_or_default();
    let mut refused = false;
    for variable in unset {
        let Some(word) = words.iter().find(|word| covers(word, variable.span)) else {
            continue;
        };
        let name = &variable.name;
        let empty = leaves_nothing(word, text, unset);
        let diagnostic = if empty {
            let message = format!("`{{${name}}}` is not set and leaves nothing here");
            Diagnostic::error(codes::EMPTY_ENVIRONMENT, variable.span, message)
        } else {
            let message = format!("`{{${name}}}` is not set, so that nothing is put in here");
            Diagnostic::warning(codes::UNSET_ENVIRONMENT, variable.span, message)
        };
        sink.report(diagnostic.help(format!(
            "set `{name}`, read it with `--envfile`, or give a default: `{{${name}:default}}`"
        )));
        refused |= empty;
    }
    refused
}

fn covers(word: &Token, span: Span) -> bool {
    word.span.start <= span.start && span.end <= word.span.end
}

/// Whether nothing is left of a word without the variables that are not set.
fn leaves_nothing(word: &Token, text: &str, unset: &[UnsetVariable]) -> bool {
    let mut rest = String::new();
    let mut at = word.span.range().start;
    for variable in unset.iter().filter(|variable| covers(word, variable.span)) {
        rest.push_str(&text[at..variable.span.range().start]);
        at = variable.span.range().end;
    }
    rest.push_str(&text[at..word.span.range().end]);
    let rest = rest.trim_matches(['"', '`', ',']);
    let host = rest.split_once("://").map_or(rest, |(_, host)| host);
    let port = host.strip_prefix(':').unwrap_or(host);
    let whole_host = host.starts_with(':') && port.bytes().all(|byte| byte.is_ascii_digit());
    host.is_empty() || whole_host
}

//! Import arguments: `{args[0]}`, `{args[1:]}`, and the old form `{args.0}`.

use zs_diagnostics::{Diagnostic, codes};

use crate::Token;

/// Puts arguments into an imported word: none, one or several words come out, since a range stands for several.
/// What names no argument stays as it is and is warned about.
pub(crate) fn fill(
    token: Token,
    arguments: &[Token],
    warn: &mut dyn FnMut(Diagnostic),
) -> Vec<Token> {
    if let Some(range) = range(&token, arguments.len(), warn) {
        let words = arguments[range].iter();
        return words
            .map(|argument| Token {
                text: argument.text.clone(),
                ..token.clone()
            })
            .collect();
    }
    let text = replace(&token.text, &mut |key| lookup(key, &token, arguments, warn));
    vec![Token { text, ..token }]
}

/// The arguments that a word stands for when it is a range and nothing else.
fn range(
    token: &Token,
    count: usize,
    warn: &mut dyn FnMut(Diagnostic),
) -> Option<std::ops::Range<usize>> {
    let content = token.text.strip_prefix("{args[")?.strip_suffix("]}")?;
    let (start, end) = content.split_once(':')?;
    // Several placeholders in one word, with a `:` between them.
    if start.contains('}') || end.contains('{') {
        return None;
    }
    let bound = |text: &str, default: usize| {
        if text.is_empty() {
            Some(default)
        } else {
            text.parse().ok()
        }
    };
    match (bound(start, 0), bound(end, count)) {
        (Some(start), Some(end)) if start <= end && end <= count => Some(start..end),
        _ => {
            warn(out_of_range(token, count));
            None
        }
    }
}

/// The value of one placeholder, if it is one of an argument that exists.
fn lookup(
    key: &str,
    token: &Token,
    arguments: &[Token],
    warn: &mut dyn FnMut(Diagnostic),
) -> Option<String> {
    let old_form = key.strip_prefix("args.").filter(|index| !index.is_empty());
    let index = old_form.or_else(|| key.strip_prefix("args[")?.strip_suffix(']'))?;
    let argument = index
        .parse()
        .ok()
        .and_then(|index: usize| arguments.get(index));
    match (argument, old_form) {
        (None, _) => warn(out_of_range(token, arguments.len())),
        (Some(_), None) => {}
        (Some(_), Some(index)) => {
            let message = format!("`{{args.{index}}}` is an old form");
            let diagnostic = Diagnostic::warning(codes::DEPRECATED, token.span, message);
            warn(diagnostic.help(format!("write `{{args[{index}]}}`")));
        }
    }
    argument.map(|argument| argument.text.clone())
}

fn out_of_range(token: &Token, count: usize) -> Diagnostic {
    let message = format!(
        "`{}` names no argument of this import, which has {count}",
        token.text
    );
    Diagnostic::warning(codes::IMPORT_ARGUMENT, token.span, message)
        .label("stays as it is")
        .help("count arguments from 0, and ranges like `{args[1:]}`; a range must be a word of its own")
}

/// Replaces the known placeholders of a text. An escaped brace loses its backslash, which is how Caddy's replacer treats
/// every text that passes through an import.
fn replace(text: &str, lookup: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut written = 0;
    let mut at = 0;
    // The closing brace found last; it stays the next one until it is passed, which keeps the search linear.
    let mut close = None;
    while at < bytes.len() {
        let brace = matches!(bytes[at], b'{' | b'}');
        if brace && at > 0 && bytes[at - 1] == b'\\' {
            // When the same backslash was written out already, there is nothing to take back.
            if at > written {
                out.push_str(&text[written..at - 1]);
            }
            written = at;
        } else if bytes[at] == b'{' {
            if close.is_none_or(|close| close < at) {
                close = closing_brace(bytes, at);
            }
            let Some(end) = close else { break };
            out.push_str(&text[written..at]);
            written = at;
            if let Some(value) = lookup(&text[at + 1..end]) {
                out.push_str(&value);
                at = end;
                written = end + 1;
            }
        }
        at += 1;
    }
    take_escapes(&text[written.min(text.len())..], &mut out);
    out
}

/// Copies a text in which no placeholder is left, without the backslashes before braces.
fn take_escapes(text: &str, out: &mut String) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\'
            || !characters
                .peek()
                .is_some_and(|next| matches!(next, '{' | '}'))
        {
            out.push(character);
        }
    }
}

/// The first closing brace from a place on that is not escaped; the last byte counts even when escaped.
fn closing_brace(bytes: &[u8], from: usize) -> Option<usize> {
    let last = bytes.len() - 1;
    (from..bytes.len()).find(|at| bytes[*at] == b'}' && (*at == last || bytes[at - 1] != b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quote;
    use zs_diagnostics::Span;

    fn word(text: &str) -> Token {
        Token {
            text: text.to_owned(),
            quote: Quote::None,
            span: Span::default(),
            import: None,
            line: 0,
            line_end: 0,
        }
    }

    fn check(text: &str, expected: &[&str], warnings: usize) {
        let arguments = [word("a"), word("b c"), word("")];
        let mut count = 0;
        let out = fill(word(text), &arguments, &mut |_| count += 1);
        assert_eq!(
            out.iter()
                .map(|token| token.text.as_str())
                .collect::<Vec<_>>(),
            expected,
            "for {text}"
        );
        assert_eq!(count, warnings, "warnings for {text}");
    }

    #[test]
    fn single_arguments() {
        check("x", &["x"], 0);
        check("{args[0]}", &["a"], 0);
        check("-{args[0]}:{args[1]}-", &["-a:b c-"], 0);
        check("{args[0]}:{args[0]}", &["a:a"], 0);
        check("{args[2]}", &[""], 0);
        check("{args.0}", &["a"], 1);
        check("{args[3]}", &["{args[3]}"], 1);
        check("{args[x]} {host}", &["{args[x]} {host}"], 1);
        check("{host{args[0]}}", &["{hosta}"], 0);
    }

    #[test]
    fn ranges_are_several_words() {
        check("{args[:]}", &["a", "b c", ""], 0);
        check("{args[1:]}", &["b c", ""], 0);
        check("{args[:1]}", &["a"], 0);
        check("{args[1:1]}", &[], 0);
        // Told twice: the range is none, and as a single placeholder it has no value.
        check("{args[2:9]}", &["{args[2:9]}"], 2);
    }

    #[test]
    fn escaped_braces_lose_their_backslash() {
        check(r"\{args[0]\}", &["{args[0]}"], 0);
        check(r"a\{b", &["a{b"], 0);
        check(r"{a\}b}", &["{a}b}"], 0);
        check("}{", &["}{"], 0);
    }
}

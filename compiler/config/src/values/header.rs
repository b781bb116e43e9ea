//! Header field names.

use zs_diagnostics::codes;
use zs_syntax::Token;

use crate::context::{Context, Parsed};

/// The canonical form of a field name: each part between `-` in capitals and small letters. A text that is no field name,
/// such as one with placeholders, stays as it is.
pub(crate) fn canonical(name: &str) -> String {
    if !is_field_name(name) {
        return name.to_owned();
    }
    let mut upper = true;
    name.chars()
        .map(|character| {
            let changed = if upper {
                character.to_ascii_uppercase()
            } else {
                character.to_ascii_lowercase()
            };
            upper = character == '-';
            changed
        })
        .collect()
}

/// Whether a text is a token of RFC 9110 §5.6.2.
pub(crate) fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|character| {
            character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
        })
}

/// Checks a field name: a token, or a text with placeholders.
pub(crate) fn check(name: &str, token: &Token, cx: &mut Context) -> Parsed<()> {
    if is_field_name(name) || name.contains('{') {
        return Ok(());
    }
    let help =
        "field names consist of letters, digits and some punctuation, without spaces or colons";
    Err(cx.fail(
        token,
        codes::BAD_VALUE,
        format!("`{name}` is no header field name"),
        help,
    ))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn canonical_names() {
        assert_eq!(canonical("x-fORWARDED-for"), "X-Forwarded-For");
        assert_eq!(canonical("etag"), "Etag");
        assert_eq!(canonical("{x} y"), "{x} y");
    }
}

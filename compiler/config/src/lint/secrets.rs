//! Secrets that are written into the file.

use zs_diagnostics::{SourceMap, codes};
use zs_syntax::{Segment, Token, Tree};

use super::Lints;

/// Header fields whose values let somebody in.
const FIELDS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "x-auth-token",
    "x-access-token",
    "x-vault-token",
    "private-token",
];

pub(super) fn check(tree: &Tree, sources: &SourceMap, lints: &mut Lints) {
    for block in &tree.blocks {
        for segment in &block.segments {
            check_segment(segment, sources, lints);
        }
    }
}

fn check_segment(segment: &Segment, sources: &SourceMap, lints: &mut Lints) {
    let arguments = segment.arguments();
    let secret = match segment.name().text.as_str() {
        "header_up" | "request_header" => header_value(arguments),
        "acme_eab" | "eab" if arguments.len() == 2 => arguments.get(1),
        "mac_key" => arguments.first(),
        // A provider and its one argument, which is a token for all of them that take one.
        "dns" | "acme_dns" if arguments.len() == 2 => arguments.get(1),
        _ => None,
    };
    let secret = secret.or_else(|| arguments.iter().find(|word| has_password(&word.text)));
    if let Some(secret) = secret.filter(|secret| is_literal(secret, sources)) {
        let message = "a secret is written into the file".to_owned();
        let help = "read it from the environment, as `{$NAME}`, or when the server starts, as `{env.NAME}`";
        lints.warn(codes::SECRET, secret.span, message, help.to_owned());
    }
    for inner in segment.block.iter().flatten() {
        check_segment(inner, sources, lints);
    }
}

/// The value that a field with a secret is set to; a matcher may stand before the field.
fn header_value(arguments: &[Token]) -> Option<&Token> {
    let named = |word: &Token| {
        let name = word.text.trim_start_matches(['+', '>', '?']);
        FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
    };
    let at = arguments.iter().take(2).position(named)?;
    // With three words it is a replacement.
    (arguments.len() == at + 2).then(|| &arguments[at + 1])
}

/// Whether a word is a URL with a user's password.
fn has_password(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'));
    scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
        && user.is_some_and(|(_, password)| !password.is_empty())
}

/// Whether a word stands in the file as it is: neither put in from the environment nor a placeholder.
fn is_literal(word: &Token, sources: &SourceMap) -> bool {
    !word.text.is_empty() && !sources.text(word.span).contains('{')
}

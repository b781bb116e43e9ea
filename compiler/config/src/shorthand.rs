//! Short placeholders such as `{host}` and what they stand for. They are replaced in every word of a site.

use zs_syntax::{Segment, Token};

/// Replaces short placeholders in a segment and all that lies in it.
pub(crate) fn expand(segment: &mut Segment) {
    for word in &mut segment.words {
        expand_word(word);
    }
    for line in segment.block.iter_mut().flatten() {
        expand(line);
    }
}

/// The short placeholder that stands for this one, with or without braces.
pub(crate) fn replaced(text: &str) -> Option<&'static str> {
    let inner = text.trim_matches(['{', '}']);
    FIXED
        .iter()
        .find(|(_, full)| *full == inner)
        .map(|(short, _)| *short)
}

/// The names of placeholders, short and long, for suggestions.
pub fn placeholder_names() -> impl Iterator<Item = &'static str> {
    FIXED.iter().flat_map(|(short, full)| [*short, *full])
}

fn expand_word(word: &mut Token) {
    if word.text.contains('{') {
        word.text = replace(&word.text);
    }
}

/// Fixed names first, then those with a part of one's own, as two passes over the text.
fn replace(text: &str) -> String {
    let fixed = pass(text, |content| {
        FIXED
            .iter()
            .find(|(short, _)| *short == content)
            .map(|(_, full)| (*full).to_owned())
    });
    pass(&fixed, |content| {
        let (prefix, rest) = content.split_once('.')?;
        let (_, full, dots) = PREFIXES.iter().find(|(short, _, _)| *short == prefix)?;
        let allowed = |character: char| {
            character.is_ascii_alphanumeric()
                || matches!(character, '_' | '-')
                || (*dots && character == '.')
        };
        rest.chars().all(allowed).then(|| format!("{full}.{rest}"))
    })
}

/// Looks at every `{…}` without braces inside and puts another content between the braces where there is one.
fn pass(text: &str, content_for: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        let end = after
            .find(['{', '}'])
            .filter(|end| after[*end..].starts_with('}'));
        out.push_str(&rest[..=open]);
        rest = after;
        if let Some(end) = end
            && let Some(content) = content_for(&after[..end])
        {
            out.push_str(&content);
            rest = &after[end..];
        }
    }
    out.push_str(rest);
    out
}

const FIXED: &[(&str, &str)] = &[
    ("host", "http.request.host"),
    ("hostport", "http.request.hostport"),
    ("port", "http.request.port"),
    ("orig_method", "http.request.orig_method"),
    ("orig_uri", "http.request.orig_uri"),
    ("orig_path", "http.request.orig_uri.path"),
    ("orig_dir", "http.request.orig_uri.path.dir"),
    ("orig_file", "http.request.orig_uri.path.file"),
    ("orig_query", "http.request.orig_uri.query"),
    ("orig_?query", "http.request.orig_uri.prefixed_query"),
    ("method", "http.request.method"),
    ("uri", "http.request.uri"),
    ("%uri", "http.request.uri_escaped"),
    ("path", "http.request.uri.path"),
    ("%path", "http.request.uri.path_escaped"),
    ("dir", "http.request.uri.path.dir"),
    ("file", "http.request.uri.path.file"),
    ("query", "http.request.uri.query"),
    ("%query", "http.request.uri.query_escaped"),
    ("?query", "http.request.uri.prefixed_query"),
    ("remote", "http.request.remote"),
    ("remote_host", "http.request.remote.host"),
    ("remote_port", "http.request.remote.port"),
    ("scheme", "http.request.scheme"),
    ("uuid", "http.request.uuid"),
    ("tls_cipher", "http.request.tls.cipher_suite"),
    ("tls_version", "http.request.tls.version"),
    (
        "tls_client_fingerprint",
        "http.request.tls.client.fingerprint",
    ),
    ("tls_client_issuer", "http.request.tls.client.issuer"),
    ("tls_client_serial", "http.request.tls.client.serial"),
    ("tls_client_subject", "http.request.tls.client.subject"),
    (
        "tls_client_certificate_pem",
        "http.request.tls.client.certificate_pem",
    ),
    (
        "tls_client_certificate_der_base64",
        "http.request.tls.client.certificate_der_base64",
    ),
    ("upstream_hostport", "http.reverse_proxy.upstream.hostport"),
    ("client_ip", "http.vars.client_ip"),
];

/// Prefix, what it stands for, and whether the part of one's own may hold dots.
const PREFIXES: &[(&str, &str, bool)] = &[
    ("header", "http.request.header", false),
    ("cookie", "http.request.cookie", false),
    ("labels", "http.request.host.labels", false),
    ("path", "http.request.uri.path", false),
    ("file", "http.request.uri.path.file", false),
    ("query", "http.request.uri.query", false),
    ("re", "http.regexp", true),
    ("vars", "http.vars", false),
    ("rp", "http.reverse_proxy", true),
    ("resp", "http.intercept", true),
    ("err", "http.error", true),
    ("file_match", "http.matchers.file", false),
];

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn shorthands() {
        for (short, full) in [
            ("{host}:{port}", "{http.request.host}:{http.request.port}"),
            ("{header.X-Real_IP}", "{http.request.header.X-Real_IP}"),
            ("{re.name.1}{vars.a.b}", "{http.regexp.name.1}{vars.a.b}"),
            (
                "{path.0}{path}",
                "{http.request.uri.path.0}{http.request.uri.path}",
            ),
            ("{{host}}", "{{http.request.host}}"),
            ("{hos", "{hos"),
            (r"\{host\}", r"\{host\}"),
            (
                "{http.request.host}{?query}",
                "{http.request.host}{http.request.uri.prefixed_query}",
            ),
            ("{vars.}", "{http.vars.}"),
        ] {
            assert_eq!(replace(short), full);
        }
    }
}

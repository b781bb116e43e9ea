//! Texts with placeholders, taken apart at build time.
//!
//! The adapter has replaced Caddy's shorthands, so placeholders carry their
//! full names here. A placeholder that names nothing we know is a constant:
//! the empty text, or itself where Caddy leaves unknown ones alone.

use zs_abi::data::Text;
use zs_abi::tables::{Segment, Template, TemplateId, VariableId};
use zs_abi::{OpenKind, Source};
use zs_data::DataBuilder;

/// What becomes of a placeholder with an unknown name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It stays as it is written.
    Keep,
    /// It is replaced by nothing.
    Empty,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands for itself.
    Constant(String),
    /// A placeholder.
    Placeholder(Placeholder),
}

/// A placeholder of a known name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Where its text comes from.
    pub source: Source,
    /// Name that the source wants.
    pub argument: String,
    /// Number that the source wants.
    pub number: u32,
}

/// What placeholders of other parts of the configuration are resolved by.
pub trait Names {
    /// The number of a request variable, which is made on first use.
    fn variable(&mut self, name: &str) -> VariableId;
    /// The number of a name that captures are stored under.
    fn capture_name(&mut self, name: &str) -> u32;
    /// The variable that a `map` keeps a placeholder's value in, if any sets it.
    fn mapped(&mut self, name: &str) -> Option<VariableId>;
    /// Told of a placeholder that Caddy has and we do not: leaving it as it is
    /// written would drop its meaning.
    fn missing(&mut self, name: &str);
    /// Told of what looks like a placeholder and is none that Caddy has.
    fn unknown(&mut self, name: &str);
}

/// Takes a text apart. `\{` and `\}` stand for braces; an unclosed brace
/// stands for itself.
pub fn pieces(text: &str, unknown: Unknown, names: &mut dyn Names) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut constant = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '\\']) {
        constant.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(escaped) = ["\\{", "\\}"].into_iter().find(|two| rest.starts_with(two)) {
            constant.push_str(&escaped[1..]);
            rest = &rest[2..];
            continue;
        }
        let Some(close) = rest.starts_with('{').then(|| closing(rest)).flatten() else {
            constant.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        let name = &rest[1..close];
        if is_missing(name) {
            names.missing(name);
        }
        let known = placeholder(name, names);
        let mapped = known.is_none().then(|| mapped(name, names)).flatten();
        let stays = mapped.is_some()
            || known
                .as_ref()
                .is_some_and(|found| found.source == Source::User);
        match known.or(mapped) {
            Some(mut found) => {
                if stays && unknown == Unknown::Keep {
                    // While nobody is known, or the `map` has not been passed, the placeholder stays as it is.
                    rest[..=close].clone_into(&mut found.argument);
                }
                if !constant.is_empty() {
                    out.push(Piece::Constant(std::mem::take(&mut constant)));
                }
                out.push(Piece::Placeholder(found));
                rest = &rest[close + 1..];
            }
            None => {
                if is_name(name) && !is_missing(name) {
                    names.unknown(name);
                }
                // In a text like `{"a": {http.request.host}}` the outer brace
                // opens nothing, but the inner one does.
                if unknown == Unknown::Keep {
                    constant.push('{');
                    rest = &rest[1..];
                } else {
                    rest = &rest[close + 1..];
                }
            }
        }
    }
    constant.push_str(rest);
    if !constant.is_empty() || out.is_empty() {
        out.push(Piece::Constant(constant));
    }
    out
}

/// Whether a text could be the name of a placeholder.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Where the brace that opens `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '}' if !escaped => return Some(at),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// Stores a constant, in which values may be open if it is said for what.
pub fn constant(text: &str, open: Option<OpenKind>, data: &mut DataBuilder) -> Text {
    match open {
        Some(kind) => data.open_text(text, kind),
        None => data.text(text),
    }
}

/// Stores pieces as a template; values in its constants may be open if it is
/// said for what. `flags` gives the `SEGMENT_*` bits of each.
pub fn store(
    pieces: &[Piece],
    open: Option<OpenKind>,
    mut flags: impl FnMut(&Piece) -> u32,
    data: &mut DataBuilder,
) -> TemplateId {
    let segment = |piece: &Piece| {
        let flags = flags(piece);
        let (source, argument, number) = match piece {
            Piece::Constant(text) => (Source::Constant, constant(text, open, data), 0),
            Piece::Placeholder(found) => (found.source, data.text(&found.argument), found.number),
        };
        Segment {
            source: source as u32,
            argument,
            number,
            flags,
        }
    };
    let segments: Vec<Segment> = pieces.iter().map(segment).collect();
    let segments = data.extend(&segments);
    TemplateId(data.push(&Template { segments }))
}

/// The placeholder of a name, if there is one.
fn placeholder(name: &str, names: &mut dyn Names) -> Option<Placeholder> {
    let plain = |source| {
        Some(Placeholder {
            source,
            argument: String::new(),
            number: 0,
        })
    };
    if let Some((_, source)) = PLAIN.iter().find(|(known, _)| *known == name) {
        return plain(*source);
    }
    if UNSEEN
        .iter()
        .any(|unseen| name.eq_ignore_ascii_case(unseen))
    {
        return plain(Source::Constant);
    }
    for (prefix, source) in NAMED {
        if let Some(argument) = name.strip_prefix(prefix) {
            return Some(Placeholder {
                source: *source,
                argument: argument.to_owned(),
                number: 0,
            });
        }
    }
    for (prefix, source) in NUMBERED {
        if let Some(argument) = name.strip_prefix(prefix) {
            let number = argument.parse().ok()?;
            return Some(Placeholder {
                source: *source,
                argument: String::new(),
                number,
            });
        }
    }
    if let Some(variable) = name.strip_prefix("http.vars.") {
        let number = names.variable(variable).0;
        return Some(Placeholder {
            source: Source::Variable,
            argument: String::new(),
            number,
        });
    }
    if let Some(capture) = name.strip_prefix("http.regexp.") {
        return Some(match capture.split_once('.') {
            Some((expression, group)) => Placeholder {
                source: Source::Capture,
                argument: group.to_owned(),
                number: names.capture_name(expression),
            },
            None => Placeholder {
                source: Source::LastCapture,
                argument: capture.to_owned(),
                number: 0,
            },
        });
    }
    None
}

/// The placeholder of a name that a `map` sets.
fn mapped(name: &str, names: &mut dyn Names) -> Option<Placeholder> {
    let number = names.mapped(name)?.0;
    Some(Placeholder {
        source: Source::Variable,
        argument: String::new(),
        number,
    })
}

/// Where the text of a placeholder of this name comes from, if there is one.
#[must_use]
pub fn source(name: &str) -> Option<Source> {
    placeholder(name, &mut Unnumbered).map(|found| found.source)
}

/// Names whose numbers do not matter.
struct Unnumbered;

impl Names for Unnumbered {
    fn variable(&mut self, _: &str) -> VariableId {
        VariableId(0)
    }
    fn capture_name(&mut self, _: &str) -> u32 {
        0
    }
    fn mapped(&mut self, _: &str) -> Option<VariableId> {
        None
    }
    fn missing(&mut self, _: &str) {}
    fn unknown(&mut self, _: &str) {}
}

/// Whether Caddy knows a placeholder that [`placeholder`] does not.
fn is_missing(name: &str) -> bool {
    let known = PLAIN.iter().any(|(known, _)| *known == name)
        || NAMED.iter().any(|(prefix, _)| name.starts_with(prefix));
    !known
        && MISSING
            .iter()
            .any(|missing| match missing.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == *missing,
            })
}

/// Placeholders that are not supported yet; a star stands for the rest of a
/// name.
const MISSING: &[&str] = &[
    "file.*",
    "http.auth.candidate.*",
    "http.auth.http_basic.*",
    "http.auth.user.*",
    "http.error",
    "http.error.id",
    "http.error.trace",
    "http.intercept.*",
    "http.matchers.*",
    "http.request.body",
    "http.request.body_base64",
    "http.request.orig_uri.path.*",
    "http.request.tls.*",
    "http.response.*",
    "http.reverse_proxy.*",
    "http.shutting_down",
    "http.time_until_shutdown",
    "system.arch",
    "system.os",
    "system.slash",
    "system.wd",
    "time.now",
    "time.now.common_log",
];

/// Fields that never show among the request's others, as in Caddy: they are
/// read by names of their own.
const UNSEEN: &[&str] = &[
    "http.request.header.Host",
    "http.request.header.Transfer-Encoding",
];

/// Placeholders that are only a name.
const PLAIN: &[(&str, Source)] = &[
    ("http.auth.user.id", Source::User),
    ("http.request.host", Source::Host),
    ("http.request.hostport", Source::HostPort),
    ("http.request.port", Source::Port),
    ("http.request.method", Source::Method),
    ("http.request.scheme", Source::Scheme),
    ("http.request.uri", Source::Uri),
    ("http.request.uri_escaped", Source::UriEscaped),
    ("http.request.uri.path", Source::Path),
    ("http.request.uri.path_escaped", Source::PathEscaped),
    ("http.request.uri.path.dir", Source::Dir),
    ("http.request.uri.path.file", Source::File),
    ("http.request.uri.path.file.base", Source::FileBase),
    ("http.request.uri.path.file.ext", Source::FileExt),
    ("http.request.uri.query", Source::Query),
    ("http.request.uri.query_escaped", Source::QueryEscaped),
    ("http.request.uri.prefixed_query", Source::PrefixedQuery),
    ("http.request.orig_method", Source::OriginalMethod),
    ("http.request.orig_uri", Source::OriginalUri),
    ("http.request.orig_uri.path", Source::OriginalPath),
    ("http.request.orig_uri.path.dir", Source::OriginalDir),
    ("http.request.orig_uri.path.file", Source::OriginalFile),
    ("http.request.orig_uri.query", Source::OriginalQuery),
    (
        "http.request.orig_uri.prefixed_query",
        Source::OriginalPrefixedQuery,
    ),
    ("http.request.remote", Source::Remote),
    ("http.request.remote.host", Source::RemoteHost),
    ("http.request.remote.port", Source::RemotePort),
    ("http.request.local", Source::Local),
    ("http.request.local.host", Source::LocalHost),
    ("http.request.local.port", Source::LocalPort),
    ("http.vars.client_ip", Source::ClientIp),
    ("http.request.proto", Source::Proto),
    ("http.request.proto_name", Source::ProtoName),
    ("http.request.uuid", Source::Uuid),
    ("http.request.duration", Source::Duration),
    ("http.request.duration_ms", Source::DurationMs),
    ("http.request.tls.version", Source::TlsVersion),
    ("http.request.tls.cipher_suite", Source::TlsCipherSuite),
    ("http.request.tls.server_name", Source::TlsServerName),
    ("http.request.tls.proto", Source::TlsProto),
    ("http.request.tls.resumed", Source::TlsResumed),
    ("http.matchers.file.relative", Source::FileRelative),
    ("http.matchers.file.absolute", Source::FileAbsolute),
    ("http.matchers.file.type", Source::FileType),
    ("http.matchers.file.remainder", Source::FileRemainder),
    ("http.error.status_code", Source::ErrorStatus),
    ("http.error.status_text", Source::ErrorStatusText),
    ("http.error.message", Source::ErrorMessage),
    (
        "http.reverse_proxy.upstream.address",
        Source::UpstreamAddress,
    ),
    (
        "http.reverse_proxy.upstream.hostport",
        Source::UpstreamHostPort,
    ),
    ("http.reverse_proxy.upstream.host", Source::UpstreamHost),
    ("http.reverse_proxy.upstream.port", Source::UpstreamPort),
    ("http.reverse_proxy.status_code", Source::UpstreamStatus),
    (
        "http.reverse_proxy.is_transport_error",
        Source::TransportError,
    ),
    ("system.hostname", Source::SystemHostname),
    ("time.now.unix", Source::TimeUnix),
    ("time.now.unix_ms", Source::TimeUnixMs),
    ("time.now.http", Source::TimeHttp),
    ("time.now.year", Source::TimeYear),
];

/// Placeholders that end in a name.
const NAMED: &[(&str, Source)] = &[
    ("http.request.header.", Source::Header),
    ("http.request.cookie.", Source::Cookie),
    ("http.request.uri.query.", Source::QueryParameter),
    ("http.response.header.", Source::ResponseHeader),
    ("http.reverse_proxy.header.", Source::UpstreamHeader),
    ("env.", Source::Environment),
];

/// Placeholders that end in a number.
const NUMBERED: &[(&str, Source)] = &[
    ("http.request.uri.path.", Source::PathSegment),
    ("http.request.host.labels.", Source::Label),
];

#[cfg(test)]
mod tests {
    use super::*;

    struct NoNames;

    impl Names for NoNames {
        fn variable(&mut self, _: &str) -> VariableId {
            VariableId(7)
        }
        fn capture_name(&mut self, _: &str) -> u32 {
            3
        }
        fn mapped(&mut self, name: &str) -> Option<VariableId> {
            (name == "mine").then_some(VariableId(9))
        }
        fn unknown(&mut self, _: &str) {}

        fn missing(&mut self, _: &str) {}
    }

    fn shown(text: &str, unknown: Unknown) -> String {
        pieces(text, unknown, &mut NoNames)
            .iter()
            .map(|piece| match piece {
                Piece::Constant(text) => text.clone(),
                Piece::Placeholder(found) => {
                    format!("<{:?} {}{}>", found.source, found.argument, found.number)
                }
            })
            .collect()
    }

    #[test]
    fn what_is_not_supported_is_told_from_what_nobody_knows() {
        for (name, missing) in [
            ("http.request.body", true),
            ("http.request.orig_uri.path.3", true),
            ("http.request.orig_uri.path.dir", false),
            ("http.request.tls.client.subject", true),
            ("http.request.tls.version", false),
            ("http.response.header.X-A", false),
            ("file./etc/hostname", true),
            ("unknown", false),
            ("http.request.bodyguard", false),
        ] {
            assert_eq!(is_missing(name), missing, "{name}");
        }
    }

    #[test]
    fn texts_are_taken_apart_as_caddy_does() {
        let keep = |text| shown(text, Unknown::Keep);
        let empty = |text| shown(text, Unknown::Empty);
        assert_eq!(keep("plain"), "plain");
        assert_eq!(keep(""), "");
        assert_eq!(keep("a{http.request.host}b"), "a<Host 0>b");
        assert_eq!(keep(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(keep(r#"{"a":{http.request.host}}"#), r#"{"a":<Host 0>}"#);
        assert_eq!(empty("a{unknown}b"), "ab");
        assert_eq!(keep("a{unknown}b"), "a{unknown}b");
        assert_eq!(keep(r"\{http.request.host\}"), "{http.request.host}");
        assert_eq!(keep("{http.request.host"), "{http.request.host");
        assert_eq!(empty("{http.request.header.X-A}"), "<Header X-A0>");
        assert_eq!(empty("{http.request.uri.path.2}"), "<PathSegment 2>");
        assert_eq!(empty("{http.vars.x}"), "<Variable 7>");
        assert_eq!(empty("{http.regexp.1}"), "<LastCapture 10>");
        assert_eq!(empty("{mine}"), "<Variable 9>");
        assert_eq!(keep("{mine}"), "<Variable {mine}9>");
    }
}

//! Request matchers that can be called like functions.

use std::fmt;

/// A request matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Matcher {
    /// The client's address, as proxies report it, is in one of the ranges.
    ClientIp,
    /// A file exists. Texts are files to try; entries are `root`, `try_files`, `try_policy` and `split_path`.
    File,
    /// Header fields have values.
    Header,
    /// A header field matches a pattern: `[name,] field, pattern`.
    HeaderRegexp,
    /// The host is one of the names.
    Host,
    /// The method is one of these.
    Method,
    /// The path matches one of the patterns.
    Path,
    /// The path matches a regular expression: `[name,] pattern`.
    PathRegexp,
    /// The protocol is this one.
    Protocol,
    /// Query parameters have values.
    Query,
    /// The peer's address is in one of the ranges.
    RemoteIp,
    /// The connection is encrypted: in any state, `complete`, or still with `early_data`.
    Tls,
    /// The URL matches a URL pattern: `pattern[, base]`.
    UrlPattern,
    /// Variables have values.
    Vars,
    /// A variable matches a pattern: `[name,] variable, pattern`.
    VarsRegexp,
}

/// What a matcher takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// So many texts.
    Texts { min: usize, max: usize },
    /// One map from texts to texts or lists of texts.
    Entries,
    /// Any number of texts, or one map whose keys are known.
    Files,
}

impl Matcher {
    /// All matchers.
    pub const ALL: &[Matcher] = &[
        Matcher::ClientIp,
        Matcher::File,
        Matcher::Header,
        Matcher::HeaderRegexp,
        Matcher::Host,
        Matcher::Method,
        Matcher::Path,
        Matcher::PathRegexp,
        Matcher::Protocol,
        Matcher::Query,
        Matcher::RemoteIp,
        Matcher::Tls,
        Matcher::UrlPattern,
        Matcher::Vars,
        Matcher::VarsRegexp,
    ];

    /// The name by which it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Matcher::ClientIp => "client_ip",
            Matcher::File => "file",
            Matcher::Header => "header",
            Matcher::HeaderRegexp => "header_regexp",
            Matcher::Host => "host",
            Matcher::Method => "method",
            Matcher::Path => "path",
            Matcher::PathRegexp => "path_regexp",
            Matcher::Protocol => "protocol",
            Matcher::Query => "query",
            Matcher::RemoteIp => "remote_ip",
            Matcher::Tls => "tls",
            Matcher::UrlPattern => "url_pattern",
            Matcher::Vars => "vars",
            Matcher::VarsRegexp => "vars_regexp",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|matcher| matcher.name() == name)
    }

    pub(crate) fn takes(self) -> Takes {
        let texts = |min, max| Takes::Texts { min, max };
        match self {
            Matcher::ClientIp
            | Matcher::Host
            | Matcher::Method
            | Matcher::Path
            | Matcher::RemoteIp => texts(1, usize::MAX),
            Matcher::PathRegexp | Matcher::UrlPattern => texts(1, 2),
            Matcher::HeaderRegexp | Matcher::VarsRegexp => texts(2, 3),
            Matcher::Protocol => texts(1, 1),
            Matcher::Tls => texts(0, 1),
            Matcher::Header | Matcher::Query | Matcher::Vars => Takes::Entries,
            Matcher::File => Takes::Files,
        }
    }

    /// How a call is written, for messages.
    pub(crate) fn usage(self) -> &'static str {
        match self {
            Matcher::ClientIp => "client_ip('192.0.2.0/24', …)",
            Matcher::File => "file('/index.html', …)` or `file({'try_files': ['/index.html']})",
            Matcher::Header => "header({'Field': 'value'})",
            Matcher::HeaderRegexp => "header_regexp('name', 'Field', 'pattern')",
            Matcher::Host => "host('example.com', …)",
            Matcher::Method => "method('GET', …)",
            Matcher::Path => "path('/api/*', …)",
            Matcher::PathRegexp => "path_regexp('name', 'pattern')",
            Matcher::Protocol => "protocol('https')",
            Matcher::Query => "query({'key': 'value'})",
            Matcher::RemoteIp => "remote_ip('192.0.2.0/24', …)",
            Matcher::Tls => "tls()` or `tls('early_data')",
            Matcher::UrlPattern => "url_pattern('/books/:id')",
            Matcher::Vars => "vars({'name': 'value'})",
            Matcher::VarsRegexp => "vars_regexp('name', 'variable', 'pattern')",
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! What templates, header operations and rewrites can name.

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum $name { $($(#[$variant_doc])* $variant = $number,)* }

        impl $name {
            /// The one with this number, if there is one.
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

numbered! {
    /// Where a template segment's text comes from. "Argument" and "number" are
    /// fields of [`crate::tables::Segment`]. Names follow Caddy's placeholders.
    Source {
        /// The argument itself.
        Constant = 0,
        /// `{http.request.host}`
        Host = 1,
        /// `{http.request.hostport}`
        HostPort = 2,
        /// `{http.request.port}`
        Port = 3,
        /// `{http.request.method}`
        Method = 4,
        /// `{http.request.scheme}`
        Scheme = 5,
        /// `{http.request.uri}`
        Uri = 6,
        /// `{http.request.uri_escaped}`
        UriEscaped = 7,
        /// `{http.request.uri.path}`
        Path = 8,
        /// `{http.request.uri.path_escaped}`
        PathEscaped = 9,
        /// `{http.request.uri.path.N}`: number = index of the segment.
        PathSegment = 10,
        /// `{http.request.uri.path.dir}`
        Dir = 11,
        /// `{http.request.uri.path.file}`
        File = 12,
        /// `{http.request.uri.path.file.base}`
        FileBase = 13,
        /// `{http.request.uri.path.file.ext}`
        FileExt = 14,
        /// `{http.request.uri.query}`
        Query = 15,
        /// `{http.request.uri.query_escaped}`
        QueryEscaped = 16,
        /// `{http.request.uri.prefixed_query}`
        PrefixedQuery = 17,
        /// `{http.request.uri.query.NAME}`: argument = name.
        QueryParameter = 18,
        /// `{http.request.orig_method}`
        OriginalMethod = 19,
        /// `{http.request.orig_uri}`
        OriginalUri = 20,
        /// `{http.request.orig_uri.path}`
        OriginalPath = 21,
        /// `{http.request.orig_uri.path.dir}`
        OriginalDir = 22,
        /// `{http.request.orig_uri.path.file}`
        OriginalFile = 23,
        /// `{http.request.orig_uri.query}`
        OriginalQuery = 24,
        /// `{http.request.orig_uri.prefixed_query}`
        OriginalPrefixedQuery = 25,
        /// `{http.request.remote}`
        Remote = 26,
        /// `{http.request.remote.host}`
        RemoteHost = 27,
        /// `{http.request.remote.port}`
        RemotePort = 28,
        /// `{http.request.local}`
        Local = 29,
        /// `{http.request.local.host}`
        LocalHost = 30,
        /// `{http.request.local.port}`
        LocalPort = 31,
        /// `{http.vars.client_ip}`
        ClientIp = 32,
        /// `{http.request.header.NAME}`: argument = name.
        Header = 33,
        /// `{http.request.cookie.NAME}`: argument = name.
        Cookie = 34,
        /// `{http.request.host.labels.N}`: number = index, 0 is the last label.
        Label = 35,
        /// `{http.request.proto}`: `HTTP/1.1`
        Proto = 36,
        /// `{http.request.proto_name}`
        ProtoName = 37,
        /// `{http.request.uuid}`
        Uuid = 38,
        /// `{http.request.duration}`
        Duration = 39,
        /// `{http.request.duration_ms}`
        DurationMs = 40,
        /// `{http.request.tls.version}`
        TlsVersion = 41,
        /// `{http.request.tls.cipher_suite}`
        TlsCipherSuite = 42,
        /// `{http.request.tls.server_name}`
        TlsServerName = 43,
        /// `{http.request.tls.proto}`
        TlsProto = 44,
        /// `{http.request.tls.resumed}`
        TlsResumed = 45,
        /// `{http.vars.NAME}`: number = variable.
        Variable = 46,
        /// `{http.regexp.NAME.N}`: number = capture name (expressions with the
        /// same name share it), argument = decimal index or name of the group.
        Capture = 47,
        /// `{http.regexp.N}`: a group of the expression that matched last.
        LastCapture = 48,
        /// `{http.error.status_code}`
        ErrorStatus = 49,
        /// `{http.error.status_text}`
        ErrorStatusText = 50,
        /// `{http.error.message}`
        ErrorMessage = 51,
        /// `{http.response.header.NAME}`: argument = name.
        ResponseHeader = 52,
        /// `{http.reverse_proxy.upstream.address}`
        UpstreamAddress = 53,
        /// `{http.reverse_proxy.upstream.hostport}`
        UpstreamHostPort = 54,
        /// `{http.reverse_proxy.upstream.host}`
        UpstreamHost = 55,
        /// `{http.reverse_proxy.upstream.port}`
        UpstreamPort = 56,
        /// `{http.reverse_proxy.status_code}`
        UpstreamStatus = 57,
        /// `{http.reverse_proxy.header.NAME}`: argument = name.
        UpstreamHeader = 58,
        /// `{env.NAME}`: argument = name; read at start.
        Environment = 59,
        /// `{system.hostname}`
        SystemHostname = 60,
        /// `{time.now.unix}`
        TimeUnix = 61,
        /// `{time.now.unix_ms}`
        TimeUnixMs = 62,
        /// `{time.now.http}`
        TimeHttp = 63,
        /// `{time.now.year}`
        TimeYear = 64,
        /// The body of the subrequest that ran last.
        SubrequestBody = 65,
        /// `{http.matchers.file.relative}`
        FileRelative = 66,
        /// `{http.matchers.file.absolute}`
        FileAbsolute = 67,
        /// `{http.matchers.file.type}`
        FileType = 68,
        /// `{http.matchers.file.remainder}`
        FileRemainder = 69,
        /// `{http.auth.user.id}`; the argument while nobody is known.
        User = 70,
        /// `{http.reverse_proxy.is_transport_error}`
        TransportError = 71,
    }
}

numbered! {
    /// What a header operation does.
    HeaderOpKind {
        /// Removes every field (`-*`).
        Clear = 0,
        /// Adds a value after the present ones.
        Add = 1,
        /// Replaces all values by one.
        Set = 2,
        /// Removes the field, or the fields that the pattern covers.
        Delete = 3,
        /// Replaces text inside the values.
        Replace = 4,
    }
}

numbered! {
    /// What a rewrite operation does.
    RewriteKind {
        /// `first` is the new method.
        Method = 0,
        /// `first` becomes the path and, after a `?` that a placeholder brought,
        /// the query; the query stays if there is no such `?`.
        PathInjected = 1,
        /// `first` is removed from the start of the path.
        StripPrefix = 2,
        /// `first` is removed from the end of the path.
        StripSuffix = 3,
        /// `first` is replaced by `second` in the whole target, `limit` times.
        Replace = 4,
        /// Matches of `regex` in the path are replaced by `first`.
        PathRegexp = 5,
        /// Query: `first` is renamed to `second`.
        QueryRename = 6,
        /// Query: `first` is set to `second`.
        QuerySet = 7,
        /// Query: `second` is added to `first`.
        QueryAdd = 8,
        /// Query: in the values of `first`, `regex` (or the text before the first NUL
        /// of `second`, if there is none) is replaced by the rest of `second`.
        QueryReplace = 9,
        /// Query: `first` is removed.
        QueryDelete = 10,
        /// `first` becomes the path; the query stays.
        Path = 11,
        /// `first` becomes the query, without the empty parameters that an
        /// empty placeholder leaves; the path stays.
        QueryText = 12,
    }
}

numbered! {
    /// What an open text is used for, and so what it may be.
    OpenKind {
        /// Text of any kind.
        Text = 0,
        /// The value of a header field: no line breaks, nothing unprintable.
        Field = 1,
        /// What something in a request is compared with: as `Field`, and not
        /// empty.
        Compared = 2,
        /// The path of a request: letters, digits and `/-._~!$&'()*+,;=:@`.
        Path = 3,
        /// The host of a site: a name or an IP address.
        Host = 4,
        /// The host of a site with a certificate of its own: a name.
        CertifiedHost = 5,
        /// The host of an upstream: a name or an IP address.
        Upstream = 6,
        /// An IP address to listen on, or `localhost`; becomes the 16 bytes of
        /// an IPv6 address.
        Address = 7,
        /// The name of a file.
        File = 8,
    }
}

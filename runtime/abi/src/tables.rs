//! The records of the site data, table by table, and the numbers that name
//! them.

use crate::data::{Range, Record, Text, Words};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $spelling:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl core::fmt::Display for $name {
            fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(out, concat!($spelling, "{}"), self.0)
            }
        }

        impl Words for $name {
            const WORDS: usize = 1;
            fn read(next: &mut impl FnMut() -> u32) -> Self { Self(next()) }
            fn write(&self, put: &mut impl FnMut(u32)) { put(self.0); }
        }

        impl Words for Option<$name> {
            const WORDS: usize = 1;
            fn read(next: &mut impl FnMut() -> u32) -> Self {
                match next() { u32::MAX => None, number => Some($name(number)) }
            }
            fn write(&self, put: &mut impl FnMut(u32)) {
                put(self.map_or(u32::MAX, |id| id.0));
            }
        }
    )*};
}

ids! {
    /// Number of an entry function: its index in the entry table.
    EntryId, "entry";
    /// Number of a [`Server`].
    ServerId, "server";
    /// Number of a [`Certificate`].
    CertificateId, "certificate";
    /// Number of a [`Response`].
    ResponseId, "response";
    /// Number of a [`Template`].
    TemplateId, "template";
    /// Number of a [`HeaderList`].
    HeaderListId, "headers";
    /// Number of a [`RewriteList`].
    RewriteListId, "rewrite";
    /// Number of an [`Error`].
    ErrorId, "error";
    /// Number of a [`Proxy`].
    ProxyId, "proxy";
    /// Number of a [`Subrequest`].
    SubrequestId, "subrequest";
    /// Number of a [`Variable`].
    VariableId, "variable";
    /// Number of a [`Regex`].
    RegexId, "regex";
    /// Number of a [`FileServer`].
    FileServerId, "files";
    /// Number of a [`Browse`].
    BrowseId, "browse";
    /// Number of a [`FileLook`].
    FileLookId, "look";
    /// Number of a [`BasicAuth`].
    AuthenticationId, "authentication";
    /// Number of an [`Encode`].
    EncodeId, "encode";
    /// Number of a [`LogSink`].
    LogSinkId, "sink";
    /// Number of an [`AccessLogger`].
    AccessLoggerId, "logger";
    /// Number of a [`ClientAddress`].
    ClientAddressId, "client";
    /// Number of an [`OpenValue`].
    OpenValueId, "open";
    /// Number of a [`Balance`].
    BalanceId, "balance";
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// A table of the site data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        #[expect(missing_docs, reason = "each variant is the table of the record of its name")]
        pub enum Table { $($name,)* }

        impl Table {
            /// Every table, in the order of the directory.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// How many tables there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Words that one record of the table takes.
            pub const fn words(self) -> usize {
                match self { $(Self::$name => <$name as Words>::WORDS,)* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

            impl Words for $name {
                const WORDS: usize = 0 $(+ <$type as Words>::WORDS)*;
                fn read(next: &mut impl FnMut() -> u32) -> Self {
                    Self { $($field: <$type as Words>::read(next),)* }
                }
                fn write(&self, put: &mut impl FnMut(u32)) {
                    $(self.$field.write(put);)*
                }
            }

            impl Record for $name {
                const TABLE: Table = Table::$name;
            }
        )*
    };
}

/// A text that is constant, or made from a template per request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Value {
    /// The text, when `template` is `None`.
    pub text: Text,
    /// The template that makes the text.
    pub template: Option<TemplateId>,
}

impl Words for Value {
    const WORDS: usize = 3;
    fn read(next: &mut impl FnMut() -> u32) -> Self {
        Self {
            text: Words::read(next),
            template: Words::read(next),
        }
    }
    fn write(&self, put: &mut impl FnMut(u32)) {
        self.text.write(put);
        self.template.write(put);
    }
}

records! {
    /// An address the site listens on.
    Listener {
        /// [`LISTEN_TCP`] or [`LISTEN_UNIX`].
        kind: u32,
        /// IPv6 address, first byte in the lowest bits of the first word; IPv4
        /// as `::ffff:a.b.c.d`, all zero for every address of both families.
        address: [u32; 4],
        /// TCP port.
        port: u32,
        /// Path of a unix socket; for TCP an open text that is the address as
        /// bytes, or nothing.
        path: Text,
        /// The server whose connections these are.
        server: ServerId,
        /// 1 if connections begin with TLS.
        tls: u32,
    }
    /// What connections of some listeners have in common.
    Server {
        /// `srv0` and so on, as in the configuration.
        name: Text,
        /// Where every request enters site code.
        entry: EntryId,
        /// `NEED_*` bits of the view.
        needs: u32,
        /// Longest request head in bytes.
        header_bytes_max: u32,
        /// Time for a request head to arrive, in milliseconds.
        read_header_ms: u32,
        /// Time a connection may wait for its next request, in milliseconds.
        idle_ms: u32,
        /// Time without progress after which reading a body fails; 0 = none.
        body_idle_ms: u32,
        /// Time without progress after which writing fails; 0 = none.
        write_idle_ms: u32,
        /// Time for a request with its body from its first byte on, in
        /// milliseconds; 0 = none.
        read_ms: u32,
        /// Time from a request's head to the end of its response, in
        /// milliseconds; 0 = none.
        write_ms: u32,
        /// Time without traffic before the system probes whether the peer is
        /// there, in seconds; 0 = it does not.
        probe_idle_s: u32,
        /// Time between probes, in seconds.
        probe_interval_s: u32,
        /// Probes without answer that end a connection.
        probes: u32,
        /// The server's TLS policies, most specific name first.
        policies: Range,
    }
    /// Which certificate a TLS name gets.
    TlsPolicy {
        /// Lower-case server name; `*.name` covers one label; empty covers
        /// connections whose name no other policy covers.
        name: Text,
        /// 1 if an empty name covers only connections without a name.
        nameless: u32,
        /// The certificate to present.
        certificate: CertificateId,
        /// `ALPN_*` bits.
        alpn: u32,
        /// `TLS12` and `TLS13` bits.
        versions: u32,
        /// Cipher suites of TLS 1.2, each two bytes, the lower first; all if
        /// it is empty.
        suites: Text,
        /// Groups for the exchange of keys, as `suites`, the preferred first.
        groups: Text,
    }
    /// Where a certificate comes from.
    Certificate {
        /// [`CERTIFICATE_FILES`] or [`CERTIFICATE_LOCAL`].
        kind: u32,
        /// Path of the certificate chain (PEM), or the name to issue for.
        chain: Text,
        /// Path of the private key (PEM).
        key: Text,
    }
    /// An answer made by the site itself.
    Response {
        /// The status; its template, if any, gives decimal digits.
        status: u32,
        /// Template of the status.
        status_template: Option<TemplateId>,
        /// Operations on the response head before it is written.
        headers: Option<HeaderListId>,
        /// Content type if no header operation set one; empty for none.
        content_type: Text,
        /// The body.
        body: Value,
        /// `RESPONSE_*` bits.
        flags: u32,
    }
    /// A text with placeholders.
    Template {
        /// Its segments, in order.
        segments: Range,
    }
    /// A piece of a template.
    Segment {
        /// A [`crate::Source`].
        source: u32,
        /// The constant, or the name that the source wants.
        argument: Text,
        /// The number that the source wants.
        number: u32,
        /// `SEGMENT_*` bits.
        flags: u32,
    }
    /// Operations on the fields of a head, applied in order.
    HeaderList {
        /// The operations.
        operations: Range,
    }
    /// One operation on the fields of a head.
    HeaderOp {
        /// A [`crate::HeaderOpKind`].
        kind: u32,
        /// Name of the field; a leading or trailing `*` in deletions stands
        /// for any text; `*` in replacements for every field.
        name: Value,
        /// The value, or the replacement.
        value: Value,
        /// What to search for in replacements: an expression,
        regex: Option<RegexId>,
        /// or else this text.
        search: Value,
    }
    /// Changes to the current request's method and target, applied in order.
    RewriteList {
        /// The operations.
        operations: Range,
    }
    /// One change to a request's method or target.
    RewriteOp {
        /// A [`crate::RewriteKind`].
        kind: u32,
        /// First operand, see [`crate::RewriteKind`].
        first: Value,
        /// Second operand.
        second: Value,
        /// The expression of [`crate::RewriteKind::PathRegexp`].
        regex: Option<RegexId>,
        /// Most replacements of [`crate::RewriteKind::Replace`]; 0 = all.
        limit: u32,
    }
    /// An error that site code raises.
    Error {
        /// Decimal digits of the status.
        status: Value,
        /// The message.
        message: Value,
    }
    /// A way to pass requests on.
    Proxy {
        /// Its upstreams.
        upstreams: Range,
        /// Entry run before each attempt with the upstream request as target.
        request_entry: Option<EntryId>,
        /// Entry run when an upstream's response head has arrived.
        response_entry: Option<EntryId>,
        /// Time to connect, in milliseconds.
        dial_ms: u32,
        /// Time for the TLS handshake after that, in milliseconds.
        handshake_ms: u32,
        /// Time for the response head after the request is sent; 0 = none.
        response_header_ms: u32,
        /// Time without progress after which reading fails; 0 = none.
        read_ms: u32,
        /// Time without progress after which writing fails; 0 = none.
        write_ms: u32,
        /// `PROXY_*` bits.
        flags: u32,
        /// Name to verify and send to a TLS upstream; empty = its host.
        server_name: Value,
        /// Time an idle connection is kept, in milliseconds; 0 = not at all.
        keepalive_ms: u32,
        /// Idle connections kept for each upstream.
        idle_max: u32,
        /// How it chooses among its upstreams; the first one if nothing is said.
        balance: Option<BalanceId>,
    }
    /// A server that requests are passed to.
    Upstream {
        /// [`LISTEN_TCP`] or [`LISTEN_UNIX`].
        kind: u32,
        /// Host name or address, or the socket's path.
        host: Value,
        /// Port in decimal digits.
        port: Value,
    }
    /// How a proxy chooses among its upstreams, and when it tries again.
    Balance {
        /// What is known of each upstream, in their order.
        backends: Range,
        /// Entry that chooses one; without it the first that is available.
        choose_entry: Option<EntryId>,
        /// Entry that says whether a request which an upstream may have got is tried again; without it those with `GET`.
        retry_entry: Option<EntryId>,
        /// Entry that says of a response's status whether the request is tried again.
        response_entry: Option<EntryId>,
        /// How often it tries again; 0 = as often as the time allows.
        retries: u32,
        /// How long it tries, in milliseconds; 0 = as often as it may.
        try_ms: u32,
        /// Time between tries, in milliseconds.
        interval_ms: u32,
        /// How long a failure counts, in milliseconds; 0 = not at all.
        fail_ms: u32,
        /// Time for the response head from which on it counts as a failure, in milliseconds; 0 = none.
        latency_ms: u32,
        /// Statuses that count as failures.
        statuses: Range,
    }
    /// What a balancing proxy knows of an upstream.
    Backend {
        /// Its address as the configuration has it.
        name: Text,
        /// The first backend of that name, whose counters it shares.
        twin: u32,
        /// Requests at a time with which it is full; 0 = any number.
        requests_max: u32,
        /// Failures with which it is unhealthy; 0 = any number.
        fails_max: u32,
    }
    /// Requests that are made to see whether upstreams of a proxy answer.
    HealthCheck {
        /// The proxy.
        proxy: ProxyId,
        /// Time from check to check, in milliseconds.
        interval_ms: u32,
        /// Time for a check, in milliseconds.
        timeout_ms: u32,
        /// Good checks that make an upstream healthy.
        passes: u32,
        /// Bad checks that make it unhealthy.
        fails: u32,
        /// Smallest status that is good.
        status_low: u32,
        /// Largest status that is good.
        status_high: u32,
        /// The expression that the body must match.
        expected: Option<RegexId>,
        /// Bytes of the body that are looked at; 0 = as many as may be.
        body_bytes_max: u32,
        /// 1 if responses have no body.
        head_request: u32,
        /// One for each upstream.
        probes: Range,
    }
    /// How an upstream is asked.
    Probe {
        /// Whose health it is.
        backend: u32,
        /// [`LISTEN_TCP`] or [`LISTEN_UNIX`].
        kind: u32,
        /// Host name or address, or the socket's path.
        host: Value,
        /// Port in decimal digits.
        port: Value,
        /// Request line and fields, without those that frame the body.
        head: Value,
        /// The body.
        body: Value,
    }
    /// Statuses of responses.
    StatusRange {
        /// Smallest.
        low: u32,
        /// Largest.
        high: u32,
    }
    /// A request that the site makes to itself.
    Subrequest {
        /// Method.
        method: Value,
        /// Target: path and query.
        target: Value,
        /// The server whose entry it enters.
        server: ServerId,
    }
    /// What is known of an entry function.
    Entry {
        /// Its name in dumps and log lines.
        name: Text,
    }
    /// Where machine code comes from; sorted by offset.
    Line {
        /// Offset from the start of the site's machine code.
        code_offset: u32,
        /// Name of the configuration file.
        file: Text,
        /// Line, from 1.
        line: u32,
    }
    /// A request variable.
    Variable {
        /// Its name.
        name: Text,
    }
    /// A regular expression whose captures are used.
    Regex {
        /// Name under which captures are known.
        name: Text,
        /// The program, see [`crate::regex`].
        program: Text,
    }
    /// A text of a list.
    Item {
        /// The text.
        value: Value,
    }
    /// A folder whose files are served.
    FileServer {
        /// The folder; the working directory if that is empty.
        root: Value,
        /// Names, patterns and paths of what does not exist for clients: items.
        hide: Range,
        /// Names of files that stand for their folder: items.
        index: Range,
        /// Encodings whose files lie beside others, most wanted first: items.
        encodings: Range,
        /// What is added to a file's name for the file with its entity tag:
        /// items.
        etag_extensions: Range,
        /// Decimal digits of the status; empty for what the request asks for.
        status: Value,
        /// How folders are listed, if they are.
        browse: Option<BrowseId>,
        /// `FILES_*` bits.
        flags: u32,
    }
    /// How a folder's files are listed.
    Browse {
        /// `BROWSE_BY_*` or [`BROWSE_FOLDERS_FIRST`]: what they are sorted by; 0 for what the client has asked for last.
        sort: u32,
        /// [`BROWSE_ASCENDING`] or [`BROWSE_DESCENDING`]; 0 as for `sort`.
        order: u32,
        /// The most files that are looked at.
        limit: u32,
        /// `BROWSE_*` bits: [`BROWSE_REVEAL`].
        flags: u32,
    }
    /// Files of which one is looked for.
    FileLook {
        /// The folder; the working directory if that is empty.
        root: Value,
        /// The files, below the folder.
        candidates: Range,
        /// Where their paths are split: items.
        split: Range,
        /// `LOOK_*`.
        policy: u32,
    }
    /// A file that is looked for.
    Candidate {
        /// Its path, or a pattern of such.
        value: Value,
        /// 1 if it is a pattern, in which what placeholders bring stands for itself.
        is_pattern: u32,
    }
    /// How bodies are encoded.
    Encode {
        /// The encodings, most wanted first.
        encodings: Range,
        /// Bodies of up to so many bytes stay as they are.
        minimum: u32,
    }
    /// A way to encode bodies.
    Encoding {
        /// [`ENCODING_GZIP`] or [`ENCODING_ZSTD`].
        kind: u32,
        /// How hard it tries, as the encoding counts it.
        level: u32,
        /// 1 if a checksum of the body is added.
        checksum: u32,
    }
    /// A value that the server reads from its environment when it starts.
    OpenValue {
        /// The variable's name.
        name: Text,
        /// The value where the variable is not set, if `has_default` is 1.
        default: Text,
        /// Whether there is a value where the variable is not set.
        has_default: u32,
        /// Name of the configuration file that asks for it.
        file: Text,
        /// Line, from 1.
        line: u32,
    }
    /// A text that holds open values: the pieces one behind the other.
    OpenText {
        /// An [`crate::OpenKind`].
        kind: u32,
        /// The pieces.
        pieces: Range,
    }
    /// A piece of an open text.
    OpenPiece {
        /// The value, if it is one,
        value: Option<OpenValueId>,
        /// or else this text.
        text: Text,
    }
    /// A host of a server that has open hosts too: no two may be the same.
    SiteHost {
        /// The server.
        server: ServerId,
        /// The host.
        name: Text,
    }
    /// Who may ask, told by names and passwords.
    BasicAuth {
        /// `AUTH_*`: how passwords are hashed.
        algorithm: u32,
        /// What those who have no account are answered in `WWW-Authenticate`.
        challenge: Text,
        /// The accounts.
        accounts: Range,
        /// 1 if it is kept for a while which passwords fit.
        kept: u32,
    }
    /// A name with the hash of a password.
    Account {
        /// The name.
        name: Value,
        /// The hash, as it is or in base64.
        hash: Value,
    }
    /// A place that lines of logs are written to.
    LogSink {
        /// `LOG_STDERR` and so on.
        kind: u32,
        /// The file's path.
        path: Text,
        /// The file's permissions; 0 for those of its owner only, which a file that is there does not get.
        mode: u32,
        /// Megabytes at which the file is rotated; 0 = never.
        roll_megabytes: u32,
        /// How many rotated files are kept.
        keep: u32,
        /// For how many days they are kept.
        keep_days: u32,
        /// `LOG_KEPT_*`: how rotated files are kept.
        kept: u32,
    }
    /// A way in which entries are written.
    LogOutput {
        /// Where they go.
        sink: LogSinkId,
        /// `LOG_JSON` and so on.
        format: u32,
        /// The lowest level that is written, `LOG_INFO` for instance.
        level: u32,
        /// `LOG_LEVEL_*`: how levels are written.
        level_format: u32,
        /// `LOG_TIME_*`: how times are written.
        time_format: u32,
        /// The form of `LOG_TIME_LAYOUT`: texts, and behind each NUL byte a [`crate::TimePart`].
        time_layout: Text,
        /// `LOG_DURATION_*`: how lengths of time are written.
        duration_format: u32,
    }
    /// A name under which requests are logged.
    AccessLogger {
        /// The name.
        name: Text,
        /// Where its entries go: outputs.
        outputs: Range,
    }
    /// Hosts whose requests have loggers of their own, or are not logged.
    LogHost {
        /// The name; `*` for any first labels.
        pattern: Text,
        /// The loggers.
        loggers: Range,
    }
    /// One of several loggers.
    LogName {
        /// The logger.
        logger: AccessLoggerId,
    }
    /// Which requests of a server are logged.
    ServerLog {
        /// The server.
        server: ServerId,
        /// Hosts with loggers of their own, most specific first.
        hosts: Range,
        /// Hosts whose requests are not logged.
        skipped: Range,
        /// The logger for other hosts.
        default: AccessLoggerId,
        /// `LOG_*` bits: [`LOG_MAPPED_ONLY`], [`LOG_CREDENTIALS`].
        flags: u32,
        /// The variable that keeps a request out of the log.
        skip: Option<VariableId>,
        /// The variable with the loggers of a request, a line for each.
        names: Option<VariableId>,
    }
    /// How the server stops when it is told to; at most one.
    Shutdown {
        /// Time for requests in progress, in milliseconds; 0 = the standard.
        grace_ms: u32,
        /// Time before it begins to stop, in milliseconds.
        delay_ms: u32,
    }
    /// Where peers that are trusted say what the client's address is.
    ClientAddress {
        /// Names of the fields, in order: items.
        fields: Range,
        /// 1 if each is read from its end.
        backwards: u32,
    }
    /// What `inspect` tells of the site.
    Fact {
        /// What it is about.
        key: Text,
        /// What it says.
        value: Text,
    }
}

/// A TCP listener or upstream.
pub const LISTEN_TCP: u32 = 0;
/// A unix socket.
pub const LISTEN_UNIX: u32 = 1;

/// A certificate read from files when the server starts.
pub const CERTIFICATE_FILES: u32 = 0;
/// A certificate issued by the local authority.
pub const CERTIFICATE_LOCAL: u32 = 1;

/// TLS 1.2 is spoken.
pub const TLS12: u32 = 1;
/// TLS 1.3 is spoken.
pub const TLS13: u32 = 2;

/// `http/1.1` is offered.
pub const ALPN_HTTP11: u32 = 1;
/// `h2` is offered.
pub const ALPN_HTTP2: u32 = 2;

/// The connection is closed after the response.
pub const RESPONSE_CLOSE: u32 = 1;
/// The content type is chosen from the expanded body: JSON if it is a valid
/// object or array, else plain text.
pub const RESPONSE_SNIFF_JSON: u32 = 2;
/// In an error route the status is the error's (no status was written).
pub const RESPONSE_ERROR_STATUS: u32 = 4;

/// The segment's value is escaped as a query value.
pub const SEGMENT_QUERY_ESCAPE: u32 = 1;
/// The segment's value, a path, stays escaped as it was sent.
pub const SEGMENT_PATH_ESCAPED: u32 = 2;
/// The constant is a truth value where expressions read it.
pub const SEGMENT_BOOL: u32 = 4;
/// The constant is a number with a fraction where expressions read it.
pub const SEGMENT_DOUBLE: u32 = 8;
/// The constant, an empty one, is `null` where expressions read it.
pub const SEGMENT_NULL: u32 = 16;

/// `gzip` (RFC 1952).
pub const ENCODING_GZIP: u32 = 0;
/// `zstd` (RFC 8878).
pub const ENCODING_ZSTD: u32 = 1;

/// Paths of folders get, those of files lose their slash at the end.
pub const FILES_CANONICAL: u32 = 1;
/// Where there is no file, the chain goes on.
pub const FILES_PASS_THRU: u32 = 2;

/// By name.
pub const BROWSE_BY_NAME: u32 = 1;
/// By name, folders first.
pub const BROWSE_FOLDERS_FIRST: u32 = 2;
/// By size, folders first.
pub const BROWSE_BY_SIZE: u32 = 3;
/// By the time of the last change.
pub const BROWSE_BY_TIME: u32 = 4;
/// From small to large.
pub const BROWSE_ASCENDING: u32 = 1;
/// From large to small.
pub const BROWSE_DESCENDING: u32 = 2;
/// Where links lead is told.
pub const BROWSE_REVEAL: u32 = 1;

/// The first that exists.
pub const LOOK_FIRST: u32 = 0;
/// The first that exists, or the last one whether it does or not.
pub const LOOK_FALLBACK: u32 = 1;
/// The smallest.
pub const LOOK_SMALLEST: u32 = 2;
/// The largest.
pub const LOOK_LARGEST: u32 = 3;
/// The one that was changed last.
pub const LOOK_RECENT: u32 = 4;

/// Passwords are hashed with bcrypt.
pub const AUTH_BCRYPT: u32 = 0;
/// Passwords are hashed with Argon2id.
pub const AUTH_ARGON2ID: u32 = 1;
/// Standard error.
pub const LOG_STDERR: u32 = 0;
/// Standard output.
pub const LOG_STDOUT: u32 = 1;
/// A file.
pub const LOG_FILE: u32 = 2;

/// JSON, and on terminals lines for people.
pub const LOG_BY_SINK: u32 = 0;
/// JSON.
pub const LOG_JSON: u32 = 1;
/// Lines for people.
pub const LOG_CONSOLE: u32 = 2;

/// The level of requests that were answered.
pub const LOG_INFO: u32 = 1;
/// The level of requests that failed here.
pub const LOG_ERROR: u32 = 3;

/// In lower case.
pub const LOG_LEVEL_LOWER: u32 = 0;
/// In upper case.
pub const LOG_LEVEL_UPPER: u32 = 1;
/// In upper case and coloured.
pub const LOG_LEVEL_COLOR: u32 = 2;

/// Seconds since 1970 with a fraction.
pub const LOG_TIME_SECONDS: u32 = 0;
/// Milliseconds since 1970 with a fraction.
pub const LOG_TIME_MILLIS: u32 = 1;
/// Nanoseconds since 1970.
pub const LOG_TIME_NANOS: u32 = 2;
/// As a layout says.
pub const LOG_TIME_LAYOUT: u32 = 3;

/// Seconds with a fraction.
pub const LOG_DURATION_SECONDS: u32 = 0;
/// Whole milliseconds.
pub const LOG_DURATION_MILLIS: u32 = 1;
/// Nanoseconds.
pub const LOG_DURATION_NANOS: u32 = 2;

/// Rotated files are kept as they are.
pub const LOG_KEPT_PLAIN: u32 = 0;
/// Rotated files are compressed with gzip.
pub const LOG_KEPT_GZIP: u32 = 1;

/// Requests for hosts without loggers of their own are not logged.
pub const LOG_MAPPED_ONLY: u32 = 1;
/// Fields with secrets are logged as they are.
pub const LOG_CREDENTIALS: u32 = 2;

/// The upstream is spoken to over TLS.
pub const PROXY_TLS: u32 = 1;
/// The upstream's certificate is not verified.
pub const PROXY_TLS_INSECURE: u32 = 2;
/// `Host` becomes the upstream's host and port before header operations.
pub const PROXY_HOST_UPSTREAM: u32 = 4;
/// `Accept-Encoding: gzip` is not added (`compression off`).
pub const PROXY_NO_COMPRESSION: u32 = 8;

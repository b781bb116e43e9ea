//! Templates: what each source of a placeholder gives.

use std::net::SocketAddr;

use zs_abi::Source;
use zs_abi::tables::{
    SEGMENT_PATH_ESCAPED, SEGMENT_QUERY_ESCAPE, Segment, Template, TemplateId, Value,
};
use zs_io::{Address, Clock};
use zs_proto::ascii::push_decimal;
use zs_proto::date::Civil;
use zs_proto::query::raw_pairs;
use zs_proto::{Target, path, percent, status};

use crate::capability::TlsFact;
use crate::exchange::Exchange;
use crate::limits::TEMPLATE_BYTES_MAX;
use crate::site::LoadedSite;
use crate::view::host_without_port;

/// What templates see.
#[derive(Clone, Copy, Debug)]
pub struct Expander<'a> {
    /// The site.
    pub site: &'static LoadedSite,
    /// The exchange.
    pub exchange: &'a Exchange,
    /// The worker's clock.
    pub clock: Clock,
}

impl Expander<'_> {
    /// The text of a value, made in `buffer` if it is a template.
    pub fn value<'b>(&self, value: &Value, buffer: &'b mut Vec<u8>) -> &'b [u8] {
        buffer.clear();
        let Some(template) = value.template else {
            return self.site.text(value.text);
        };
        self.template(template, buffer);
        buffer
    }

    /// Appends a template's text, as much of it as the limit lets in.
    pub fn template(&self, template: TemplateId, out: &mut Vec<u8>) {
        let Some(record) = self.site.data.record::<Template>(template.0) else {
            return;
        };
        let start = out.len();
        for segment in self.site.data.range::<Segment>(record.segments) {
            self.segment(&segment, out);
            if out.len() - start > TEMPLATE_BYTES_MAX {
                out.truncate(start + TEMPLATE_BYTES_MAX);
                return;
            }
        }
    }

    /// Appends what a piece of a template gives.
    pub(crate) fn segment(&self, segment: &Segment, out: &mut Vec<u8>) {
        let Some(source) = Source::from_number(segment.source) else {
            return;
        };
        if segment.flags & SEGMENT_PATH_ESCAPED != 0 && source == Source::Path {
            out.extend_from_slice(&self.current().raw_path);
            return;
        }
        if segment.flags & SEGMENT_PATH_ESCAPED != 0 && source == Source::FileRelative {
            let found = self.exchange.file_match.as_ref();
            percent::encode_path(found.map_or(b"", |file| &file.relative), out);
            return;
        }
        if segment.flags & SEGMENT_QUERY_ESCAPE == 0 {
            self.source(source, segment, out);
            return;
        }
        let mut plain = Vec::new();
        self.source(source, segment, &mut plain);
        percent::encode_query(&plain, out);
    }

    fn source(&self, source: Source, segment: &Segment, out: &mut Vec<u8>) {
        let argument = self.site.text(segment.argument);
        match source {
            Source::Constant => out.extend_from_slice(argument),
            Source::Host
            | Source::HostPort
            | Source::Port
            | Source::Method
            | Source::Scheme
            | Source::Label
            | Source::Proto
            | Source::ProtoName
            | Source::Header
            | Source::Cookie
            | Source::OriginalMethod
            | Source::Uuid
            | Source::Duration
            | Source::DurationMs => self.request(source, segment, argument, out),
            Source::Remote
            | Source::RemoteHost
            | Source::RemotePort
            | Source::Local
            | Source::LocalHost
            | Source::LocalPort
            | Source::ClientIp => self.address(source, out),
            Source::TlsVersion
            | Source::TlsCipherSuite
            | Source::TlsServerName
            | Source::TlsProto
            | Source::TlsResumed => self.tls(source, out),
            Source::Variable => {
                let variable = self.exchange.variables.get(segment.number as usize);
                let text = variable.and_then(Option::as_ref);
                out.extend_from_slice(text.map_or(argument, |variable| &variable.text));
            }
            Source::Capture => {
                let captures = &self.exchange.captures;
                out.extend_from_slice(captures.named(self.site, segment.number, argument));
            }
            Source::LastCapture => {
                out.extend_from_slice(self.exchange.captures.latest(self.site, argument));
            }
            Source::ErrorStatus
            | Source::ErrorStatusText
            | Source::ErrorMessage
            | Source::ResponseHeader
            | Source::UpstreamAddress
            | Source::UpstreamHostPort
            | Source::UpstreamHost
            | Source::UpstreamPort
            | Source::UpstreamStatus
            | Source::TransportError
            | Source::UpstreamHeader
            | Source::SubrequestBody => self.outcome(source, argument, out),
            Source::FileRelative
            | Source::FileAbsolute
            | Source::FileType
            | Source::FileRemainder => self.file(source, out),
            Source::User => {
                let user = self.exchange.user.as_deref();
                out.extend_from_slice(user.unwrap_or(argument));
            }
            Source::Environment => out.extend_from_slice(self.site.environment(segment.argument)),
            Source::SystemHostname => out.extend_from_slice(self.site.hostname()),
            Source::TimeUnix | Source::TimeUnixMs | Source::TimeHttp | Source::TimeYear => {
                time(source, out);
            }
            Source::OriginalUri => out.extend_from_slice(&self.exchange.request.uri),
            Source::OriginalPath => target(Source::Path, self.original(), segment.number, out),
            Source::OriginalDir => target(Source::Dir, self.original(), segment.number, out),
            Source::OriginalFile => target(Source::File, self.original(), segment.number, out),
            Source::OriginalQuery => target(Source::Query, self.original(), segment.number, out),
            Source::OriginalPrefixedQuery => {
                target(Source::PrefixedQuery, self.original(), segment.number, out);
            }
            Source::QueryParameter => query_parameter(&self.current().query, argument, out),
            _ => target(source, self.current(), segment.number, out),
        }
    }

    fn file(&self, source: Source, out: &mut Vec<u8>) {
        let Some(file) = &self.exchange.file_match else {
            return;
        };
        out.extend_from_slice(match source {
            Source::FileRelative => &file.relative,
            Source::FileAbsolute => &file.absolute,
            Source::FileRemainder => &file.remainder,
            _ if file.is_folder => b"directory",
            _ => b"file",
        });
    }

    fn current(&self) -> &Target {
        &self.exchange.request.target
    }

    fn original(&self) -> &Target {
        self.exchange.request.original_target()
    }

    fn request(&self, source: Source, segment: &Segment, argument: &[u8], out: &mut Vec<u8>) {
        let request = &self.exchange.request;
        let host = request.host_and_port();
        match source {
            Source::Host => out.extend_from_slice(host_without_port(host)),
            Source::HostPort => out.extend_from_slice(host),
            Source::Port => out.extend_from_slice(port_of(host)),
            Source::Method => out.extend_from_slice(&request.method),
            Source::Scheme => out.extend_from_slice(self.exchange.scheme()),
            Source::OriginalMethod => out.extend_from_slice(request.original_method()),
            Source::Proto | Source::ProtoName => {
                out.extend_from_slice(b"HTTP/1.");
                push_decimal(out, u64::from(request.minor));
            }
            Source::Header => {
                request.head.join_into(argument, out);
            }
            Source::Cookie => out.extend_from_slice(self.cookie(argument)),
            Source::Label => {
                let mut labels = host_without_port(host).rsplit(|byte| *byte == b'.');
                let label = labels.nth(segment.number as usize).unwrap_or(b"");
                out.extend(label.iter().map(u8::to_ascii_lowercase));
            }
            Source::Uuid => out.extend_from_slice(self.exchange.uuid.get_or_init(uuid)),
            Source::Duration => push_duration(out, self.elapsed_nanos()),
            Source::DurationMs => {
                push_fixed(out, self.elapsed_nanos(), 1_000_000);
            }
            _ => {}
        }
    }

    /// Time since the request began.
    pub(crate) fn elapsed_nanos(&self) -> u64 {
        self.clock
            .nanos()
            .saturating_sub(self.exchange.started_nanos)
    }

    fn cookie(&self, name: &[u8]) -> &[u8] {
        let head = &self.exchange.request.head;
        head.values(b"Cookie")
            .flat_map(|value| value.split(|byte| *byte == b';'))
            .find_map(|pair| {
                let pair = pair.trim_ascii();
                let equals = pair.iter().position(|byte| *byte == b'=');
                let (found, value) = pair.split_at(equals.unwrap_or(pair.len()));
                let value = value.strip_prefix(b"=").unwrap_or(value);
                let value = value
                    .strip_prefix(b"\"")
                    .map_or(value, |inner| inner.strip_suffix(b"\"").unwrap_or(value));
                found.eq_ignore_ascii_case(name).then_some(value)
            })
            .unwrap_or(b"")
    }

    fn address(&self, source: Source, out: &mut Vec<u8>) {
        let origin = &self.exchange.origin;
        let ip = |local| match local {
            Address::Ip(address) => Some(address),
            Address::Unix(_) => None,
        };
        match source {
            Source::Remote => push_address(out, origin.remote),
            Source::RemoteHost => push_host(out, origin.remote),
            Source::ClientIp => self.exchange.push_client(out),
            Source::RemotePort => push_port(out, origin.remote),
            Source::Local => match &*origin.local {
                Address::Ip(address) => push_address(out, Some(*address)),
                Address::Unix(path) => out.extend_from_slice(path.as_os_str().as_encoded_bytes()),
            },
            Source::LocalHost => match &*origin.local {
                Address::Ip(address) => push_host(out, Some(*address)),
                Address::Unix(path) => out.extend_from_slice(path.as_os_str().as_encoded_bytes()),
            },
            Source::LocalPort => push_port(out, ip((*origin.local).clone())),
            _ => {}
        }
    }

    fn tls(&self, source: Source, out: &mut Vec<u8>) {
        let fact = match source {
            Source::TlsVersion => TlsFact::Version,
            Source::TlsCipherSuite => TlsFact::CipherSuite,
            Source::TlsServerName => TlsFact::ServerName,
            Source::TlsProto => TlsFact::Protocol,
            Source::TlsResumed => TlsFact::Resumed,
            _ => return,
        };
        if let Some(tls) = &self.exchange.origin.tls {
            tls.fact(fact, out);
        }
    }

    fn outcome(&self, source: Source, argument: &[u8], out: &mut Vec<u8>) {
        let upstream = &self.exchange.upstream;
        let raised = self.exchange.raised();
        match source {
            Source::ErrorStatus => {
                if let Some(raised) = raised {
                    push_decimal(out, u64::from(raised.status));
                }
            }
            Source::ErrorStatusText => {
                let text = raised.map_or("", |raised| status::text(raised.status));
                out.extend_from_slice(text.as_bytes());
            }
            Source::ErrorMessage => {
                out.extend_from_slice(raised.map_or(b"", |raised| &raised.message));
            }
            Source::ResponseHeader => {
                self.exchange.response.head.join_into(argument, out);
            }
            Source::UpstreamHeader => {
                upstream.response.join_into(argument, out);
            }
            Source::UpstreamStatus if upstream.status != 0 => {
                push_decimal(out, u64::from(upstream.status));
            }
            Source::TransportError if upstream.transport_error => out.extend_from_slice(b"true"),
            Source::UpstreamHost => out.extend_from_slice(&upstream.host),
            Source::UpstreamPort => out.extend_from_slice(&upstream.port),
            Source::UpstreamAddress | Source::UpstreamHostPort => {
                out.extend_from_slice(&upstream.host);
                if !upstream.port.is_empty() {
                    out.push(b':');
                    out.extend_from_slice(&upstream.port);
                }
            }
            Source::SubrequestBody => out.extend_from_slice(&self.exchange.subrequest_body),
            _ => {}
        }
    }
}

/// What a source gives of a target.
fn target(source: Source, target: &Target, number: u32, out: &mut Vec<u8>) {
    let path = &target.path[..];
    match source {
        Source::Uri => target.uri_into(out),
        Source::UriEscaped => {
            let mut uri = Vec::new();
            target.uri_into(&mut uri);
            percent::encode_query(&uri, out);
        }
        Source::Path => out.extend_from_slice(path),
        Source::PathEscaped => percent::encode_query(path, out),
        Source::PathSegment => {
            let path = path.strip_prefix(b"/").unwrap_or(path);
            let mut segments = path.split(|byte| *byte == b'/');
            out.extend_from_slice(segments.nth(number as usize).unwrap_or(b""));
        }
        Source::Dir => out.extend_from_slice(path::split(path).0),
        Source::File => out.extend_from_slice(path::split(path).1),
        Source::FileBase => {
            let base = path::base(path);
            let extension = path::extension(path);
            out.extend_from_slice(base.strip_suffix(extension).unwrap_or(base));
        }
        Source::FileExt => out.extend_from_slice(path::extension(path)),
        Source::Query => out.extend_from_slice(&target.query),
        Source::QueryEscaped => percent::encode_query(&target.query, out),
        Source::PrefixedQuery if !target.query.is_empty() => {
            out.push(b'?');
            out.extend_from_slice(&target.query);
        }
        _ => {}
    }
}

/// Appends the values of a query parameter, joined by commas; malformed pairs
/// are passed over.
fn query_parameter(query: &[u8], wanted: &[u8], out: &mut Vec<u8>) {
    let (mut name, mut value, mut found) = (Vec::new(), Vec::new(), false);
    for pair in raw_pairs(query) {
        name.clear();
        value.clear();
        if pair.decode(&mut name, &mut value) && name == wanted {
            if found {
                out.push(b',');
            }
            out.extend_from_slice(&value);
            found = true;
        }
    }
}

fn time(source: Source, out: &mut Vec<u8>) {
    let (seconds, nanos) = Clock::unix();
    let civil = Civil::from_unix(seconds);
    match source {
        Source::TimeUnix => push_decimal(out, seconds as u64),
        Source::TimeUnixMs => {
            push_decimal(out, seconds as u64 * 1000 + u64::from(nanos) / 1_000_000)
        }
        Source::TimeHttp => out.extend_from_slice(&civil.to_http()),
        _ => push_decimal(out, civil.year as u64),
    }
}

/// Port of a `Host` value; empty if it has none.
fn port_of(host: &[u8]) -> &[u8] {
    let bare = host_without_port(host);
    let colon = host.iter().rposition(|byte| *byte == b':');
    match colon {
        Some(at) if at >= bare.len() && host.len() > bare.len() => &host[at + 1..],
        _ => b"",
    }
}

fn push_address(out: &mut Vec<u8>, address: Option<SocketAddr>) {
    if let Some(address) = address {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        out.extend_from_slice(address.to_string().as_bytes());
    }
}

fn push_host(out: &mut Vec<u8>, address: Option<SocketAddr>) {
    if let Some(address) = address {
        out.extend_from_slice(address.ip().to_canonical().to_string().as_bytes());
    }
}

fn push_port(out: &mut Vec<u8>, address: Option<SocketAddr>) {
    if let Some(address) = address {
        push_decimal(out, u64::from(address.port()));
    }
}

/// Appends a duration as Go prints one: `1.5ms`, `2m0.5s`.
fn push_duration(out: &mut Vec<u8>, nanos: u64) {
    let (unit, scale) = match nanos {
        0 => {
            out.extend_from_slice(b"0s");
            return;
        }
        1..1_000 => ("ns", 1),
        1_000..1_000_000 => ("µs", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let mut shown = nanos;
    if unit == "s" {
        let (hours, minutes) = (nanos / scale / 3600, nanos / scale / 60 % 60);
        if hours > 0 {
            push_decimal(out, hours);
            out.push(b'h');
        }
        if hours > 0 || minutes > 0 {
            push_decimal(out, minutes);
            out.push(b'm');
        }
        shown %= 60 * scale;
    }
    push_fixed(out, shown, scale);
    out.extend_from_slice(unit.as_bytes());
}

/// Appends `value / scale` in decimal digits, with as many behind the point as
/// are needed; `scale` is a power of ten.
fn push_fixed(out: &mut Vec<u8>, value: u64, mut scale: u64) {
    push_decimal(out, value / scale);
    let mut rest = value % scale;
    if rest > 0 {
        out.push(b'.');
    }
    while rest > 0 {
        scale /= 10;
        out.push(b'0' + (rest / scale) as u8);
        rest %= scale;
    }
}

/// A random identifier (RFC 9562, version 4).
fn uuid() -> [u8; 36] {
    let mut random = [0; 16];
    // Without randomness identifiers repeat, which is all that goes wrong.
    let _filled = zs_io::random(&mut random);
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut out = *b"00000000-0000-0000-0000-000000000000";
    let mut at = 0;
    for byte in random {
        if out[at] == b'-' {
            at += 1;
        }
        for nibble in [byte >> 4, byte & 15] {
            out[at] = b"0123456789abcdef"[usize::from(nibble)];
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (nanos, text) in [
            (0, "0s"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (20_000_001, "20.000001ms"),
            (120_500_000_000, "2m0.5s"),
            (3_600_000_000_000, "1h0m0s"),
        ] {
            let mut out = Vec::new();
            push_duration(&mut out, nanos);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn pieces_of_targets() {
        let mut parsed = Target::default();
        parsed.parse(b"GET", b"/a/b.tar.gz?x=1&x=2&y").unwrap();
        for (source, number, expected) in [
            (Source::Uri, 0, "/a/b.tar.gz?x=1&x=2&y"),
            (Source::Dir, 0, "/a/"),
            (Source::FileBase, 0, "b.tar"),
            (Source::FileExt, 0, ".gz"),
            (Source::PathSegment, 1, "b.tar.gz"),
            (Source::PathSegment, 2, ""),
            (Source::PrefixedQuery, 0, "?x=1&x=2&y"),
        ] {
            let mut out = Vec::new();
            target(source, &parsed, number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{source:?}");
        }
        let mut out = Vec::new();
        query_parameter(&parsed.query, b"x", &mut out);
        assert_eq!(out, b"1,2");
        assert_eq!(port_of(b"a:80"), b"80");
        assert_eq!(port_of(b"[::1]"), b"");
        assert_eq!(port_of(b"[::1]:8"), b"8");
        assert_eq!(uuid()[14], b'4');
    }
}

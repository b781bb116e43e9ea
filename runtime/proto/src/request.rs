//! The request head of HTTP/1.1 (RFC 9112 §2 and §3), read strictly.
//!
//! What differs from other readers, and can therefore be used to smuggle a
//! request past one of them, is refused: line ends other than CRLF, folded
//! lines, blanks around names, several lengths, a length beside a coding.

use crate::ascii;
use crate::framing::{self, BodyLength, FramingError};
use crate::head::{Head, Span};

/// Finds the end of a head in bytes that arrive in pieces, without looking at
/// a byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadScan {
    seen: usize,
}

impl HeadScan {
    /// Looks at the bytes received so far (what was given before must still
    /// be at the front); the length of the head with its empty line once it
    /// is complete.
    pub fn find(&mut self, input: &[u8]) -> Option<usize> {
        let mut at = self.seen.saturating_sub(3);
        while at < input.len() {
            let Some(step) = ascii::find_byte(&input[at..], b'\n') else {
                break;
            };
            let newline = at + step;
            // A bare LF would end the head for a lenient reader; the parser
            // refuses it, so that the head may end there for this one too.
            let blank = newline.checked_sub(1).is_some_and(|i| input[i] == b'\n')
                || (newline >= 2 && &input[newline - 2..newline] == b"\n\r");
            if blank {
                self.seen = 0;
                return Some(newline + 1);
            }
            at = newline + 1;
        }
        self.seen = input.len();
        None
    }

    /// Starts over, for the next head.
    pub fn reset(&mut self) {
        self.seen = 0;
    }
}

/// What a request line and the fields that frame the message say.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine {
    /// The method, in the head's bytes.
    pub method: Span,
    /// The request target, in the head's bytes.
    pub target: Span,
    /// Minor version: 0 or 1.
    pub minor: u8,
    /// The `Host` field's value, in the head's bytes.
    pub host: Option<Span>,
    /// How long the body is.
    pub body: BodyLength,
    /// Whether the client wants the connection to stay (RFC 9112 §9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue`.
    pub expects_continue: bool,
}

/// Why a head was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The request line is not `method SP target SP version CRLF`.
    Line,
    /// The method is no token.
    Method,
    /// The protocol version is malformed.
    VersionSyntax,
    /// A version that is not spoken here.
    Version,
    /// A line ends in something else than CRLF, or a line is folded.
    LineEnd,
    /// A field name is empty, not a token, or followed by blanks.
    FieldName,
    /// A field value holds control characters.
    FieldValue,
    /// More fields than the limit.
    FieldCount,
    /// HTTP/1.1 without `Host`.
    HostMissing,
    /// Several `Host` fields, or a malformed one.
    Host,
    /// The message's length is not told in one way.
    Framing(FramingError),
    /// An expectation other than `100-continue`.
    Expectation,
}

impl RequestError {
    /// The status to answer with, as Go's server does.
    pub const fn status(self) -> u16 {
        match self {
            Self::Version => 505,
            Self::FieldCount => 431,
            Self::Expectation => 417,
            Self::Framing(FramingError::Coding) => 501,
            _ => 400,
        }
    }

    /// What is wrong, as a clause after the status; empty if the status says it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Line => "malformed request line",
            Self::Method => "invalid method",
            Self::VersionSyntax => "malformed HTTP version",
            Self::Version => "unsupported protocol version",
            Self::LineEnd => "malformed line end",
            Self::FieldName => "invalid header name",
            Self::FieldValue => "invalid header value",
            Self::FieldCount => "too many header fields",
            Self::HostMissing => "missing required Host header",
            Self::Host => "malformed Host header",
            Self::Framing(error) => error.describe(),
            Self::Expectation => "unsupported expectation",
        }
    }
}

/// Reads a complete head, as [`HeadScan`] delimits it, into `head`. Fields
/// whose name holds `_` or `.` are left out, as Caddy does: a server behind
/// this one may take them for the names with hyphens.
///
/// # Errors
/// If the head is malformed; `head` then holds nothing of use.
pub fn parse(raw: &[u8], fields_max: usize, head: &mut Head) -> Result<RequestLine, RequestError> {
    head.load(raw);
    let line_end = line_end(raw, 0)?;
    let (method, target, minor) = request_line(&raw[..line_end])?;
    let mut fields = FieldReader::new(line_end + 2);
    let mut host = None;
    let mut hosts = 0;
    let mut framing = framing::FramingFields::default();
    let mut connection = Connection::default();
    let mut expectation = None;
    while let Some((name, value)) = fields.next(raw)? {
        if fields.count > fields_max {
            return Err(RequestError::FieldCount);
        }
        let name_text = name.of(raw);
        match name_text.len() {
            4 if name_text.eq_ignore_ascii_case(b"Host") => {
                hosts += 1;
                host = Some(value);
            }
            6 if name_text.eq_ignore_ascii_case(b"Expect") => expectation = Some(value),
            10 if name_text.eq_ignore_ascii_case(b"Connection") => connection.read(value.of(raw)),
            _ => framing.read(name_text, value.of(raw)),
        }
        if !name_text.iter().any(|byte| matches!(byte, b'_' | b'.')) {
            head.index(name, value);
        }
    }
    if hosts > 1 || host.is_some_and(|host| !is_host(host.of(raw))) {
        return Err(RequestError::Host);
    }
    if host.is_none() && minor >= 1 {
        return Err(RequestError::HostMissing);
    }
    let body = framing.request_body(minor).map_err(RequestError::Framing)?;
    Ok(RequestLine {
        method,
        target,
        minor,
        host,
        body,
        keep_alive: connection.stays(minor),
        expects_continue: expects_continue(expectation, raw, minor)?,
    })
}

/// What `Connection` says about the connection itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Connection {
    close: bool,
    keep_alive: bool,
}

impl Connection {
    pub(crate) fn read(&mut self, value: &[u8]) {
        for element in ascii::list(value) {
            self.close |= element.eq_ignore_ascii_case(b"close");
            self.keep_alive |= element.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    pub(crate) const fn stays(self, minor: u8) -> bool {
        !self.close && (minor >= 1 || self.keep_alive)
    }
}

/// Reads field lines one by one.
pub(crate) struct FieldReader {
    at: usize,
    pub(crate) count: usize,
}

impl FieldReader {
    pub(crate) const fn new(at: usize) -> Self {
        Self { at, count: 0 }
    }

    /// The next field's name and value; `None` at the empty line.
    pub(crate) fn next(&mut self, raw: &[u8]) -> Result<Option<(Span, Span)>, RequestError> {
        let start = self.at;
        if raw[start..].starts_with(b"\r\n") {
            return Ok(None);
        }
        let name_len = raw[start..]
            .iter()
            .take_while(|b| ascii::is_token(**b))
            .count();
        let colon = start + name_len;
        if name_len == 0 || raw.get(colon) != Some(&b':') {
            return Err(RequestError::FieldName);
        }
        let text = &raw[colon + 1..];
        let len = ascii::field_value_len(text);
        match &text[len..] {
            [b'\r', b'\n', ..] => {}
            [b'\r' | b'\n', ..] | [] => return Err(RequestError::LineEnd),
            _ => return Err(RequestError::FieldValue),
        }
        let lead = text
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let trimmed = ascii::trim(&text[lead.min(len)..len]);
        let end = colon + 1 + len;
        let value_start = if trimmed.is_empty() {
            end
        } else {
            colon + 1 + lead
        };
        self.at = end + 2;
        self.count += 1;
        Ok(Some((
            Span::new(start, colon),
            Span::new(value_start, value_start + trimmed.len()),
        )))
    }
}

/// Index of the CR of the line that holds `start`; the line must end in CRLF
/// and hold no other CR.
fn line_end(raw: &[u8], start: usize) -> Result<usize, RequestError> {
    let step = ascii::find_byte(&raw[start..], b'\n').ok_or(RequestError::LineEnd)?;
    let newline = start + step;
    if newline == start || raw[newline - 1] != b'\r' {
        return Err(RequestError::LineEnd);
    }
    if ascii::find_byte(&raw[start..newline - 1], b'\r').is_some() {
        return Err(RequestError::LineEnd);
    }
    Ok(newline - 1)
}

fn request_line(line: &[u8]) -> Result<(Span, Span, u8), RequestError> {
    let method_end = line
        .iter()
        .position(|b| *b == b' ')
        .ok_or(RequestError::Line)?;
    let target_start = method_end + 1;
    let target_end = line[target_start..]
        .iter()
        .position(|b| *b == b' ')
        .map(|step| target_start + step)
        .ok_or(RequestError::Line)?;
    if !ascii::is_token_text(&line[..method_end]) {
        return Err(RequestError::Method);
    }
    let target = &line[target_start..target_end];
    if target.is_empty() || target.iter().any(|b| *b < b' ' || *b == 0x7f) {
        return Err(RequestError::Line);
    }
    let minor = version(&line[target_end + 1..])?;
    Ok((
        Span::new(0, method_end),
        Span::new(target_start, target_end),
        minor,
    ))
}

/// The minor version of `HTTP/1.x`; a higher one than 1 is read as 1
/// (RFC 9110 §2.5).
pub(crate) fn version(text: &[u8]) -> Result<u8, RequestError> {
    match text {
        b"HTTP/1.1" => Ok(1),
        b"HTTP/1.0" => Ok(0),
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            major @ b'0'..=b'9',
            b'.',
            b'0'..=b'9',
        ] => {
            if *major == b'1' {
                Ok(1)
            } else {
                Err(RequestError::Version)
            }
        }
        _ => Err(RequestError::VersionSyntax),
    }
}

fn expects_continue(
    expectation: Option<Span>,
    raw: &[u8],
    minor: u8,
) -> Result<bool, RequestError> {
    match expectation.map(|span| span.of(raw)) {
        None | Some(b"") => Ok(false),
        // RFC 9110 §10.1.1: ignored in HTTP/1.0.
        Some(text) if text.eq_ignore_ascii_case(b"100-continue") => Ok(minor > 0),
        Some(_) => Err(RequestError::Expectation),
    }
}

/// Whether the text can be a `Host` value: empty, or the bytes that a
/// registered name, an address and a port are made of (RFC 3986 §3.2).
pub fn is_host(text: &[u8]) -> bool {
    text.iter().all(|byte| HOST[usize::from(*byte)])
}

const HOST: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 0x80
            || matches!(
                byte as u8,
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' | b'%' | b':'
                    | b'[' | b']' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
                    | b';' | b'='
            );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &[u8]) -> Result<(Head, RequestLine), RequestError> {
        let mut head = Head::new();
        let line = parse(raw, 100, &mut head)?;
        Ok((head, line))
    }

    #[test]
    fn reads_a_plain_head() {
        let raw = b"GET /a?b HTTP/1.1\r\nHost:  x.y:80\t\r\nX-Empty:\r\nX_Y: dropped\r\n\r\n";
        let (head, line) = read(raw).unwrap();
        assert_eq!(head.piece(line.method), b"GET");
        assert_eq!(head.piece(line.target), b"/a?b");
        assert_eq!(head.piece(line.host.unwrap()), b"x.y:80");
        assert_eq!(head.first(b"x-empty"), Some(&b""[..]));
        assert!(!head.contains(b"X_Y"));
        assert!(line.keep_alive);
        assert_eq!(line.body, BodyLength::None);
    }

    #[test]
    fn finds_the_end_at_any_split() {
        let raw = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        let end = raw.len() - 4;
        for split in 0..end {
            let mut scan = HeadScan::default();
            assert_eq!(scan.find(&raw[..split]), None, "{split}");
            assert_eq!(scan.find(raw), Some(end), "{split}");
        }
    }

    #[test]
    fn refuses_what_can_be_read_in_two_ways() {
        let cases: &[(&[u8], RequestError)] = &[
            (b"GET / HTTP/1.1\nHost: a\r\n\r\n", RequestError::LineEnd),
            (b"GET / HTTP/1.1\r\nHost: a\n\r\n", RequestError::LineEnd),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
                RequestError::FieldName,
            ),
            (
                b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                RequestError::FieldName,
            ),
            (
                b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
                RequestError::LineEnd,
            ),
            (
                b"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
                RequestError::FieldValue,
            ),
            (b"GET / HTTP/1.1\r\n\r\n", RequestError::HostMissing),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                RequestError::Host,
            ),
            (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", RequestError::Line),
            (
                b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
                RequestError::VersionSyntax,
            ),
            (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", RequestError::Version),
            (b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", RequestError::Method),
            (
                b"GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n",
                RequestError::Expectation,
            ),
        ];
        for (raw, error) in cases {
            assert_eq!(read(raw).unwrap_err(), *error, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn connection_rules() {
        let stays = |raw: &[u8]| read(raw).unwrap().1.keep_alive;
        assert!(!stays(b"GET / HTTP/1.0\r\n\r\n"));
        assert!(stays(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
        assert!(!stays(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"
        ));
    }
}

//! The response head of HTTP/1.1 (RFC 9112 §4), read from an upstream.

use crate::framing::{BodyLength, FramingError, FramingFields};
use crate::head::Head;
use crate::request::{Connection, FieldReader, RequestError, version};

/// What a status line and the fields that frame the message say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// The status, 100 to 999.
    pub status: u16,
    /// Minor version: 0 or 1.
    pub minor: u8,
    /// How long the body is.
    pub body: BodyLength,
    /// The value of `Content-Length`, also where there is no body (`HEAD`, 304).
    pub content_length: Option<u64>,
    /// Whether the connection can be used again.
    pub keep_alive: bool,
}

/// Why a response head was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseError {
    /// The status line is malformed.
    Line,
    /// A field line is malformed, or there are too many.
    Fields(RequestError),
    /// The message's length is not told in one way.
    Framing(FramingError),
}

impl ResponseError {
    /// What is wrong, as a clause.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Line => "malformed status line",
            Self::Fields(error) => error.describe(),
            Self::Framing(error) => error.describe(),
        }
    }
}

/// Reads a complete head, as [`crate::request::HeadScan`] delimits it.
///
/// # Errors
/// If the head is malformed; `head` then holds nothing of use.
pub fn parse(
    raw: &[u8],
    head_request: bool,
    fields_max: usize,
    head: &mut Head,
) -> Result<StatusLine, ResponseError> {
    head.load(raw);
    let end = raw
        .windows(2)
        .position(|pair| pair == b"\r\n")
        .ok_or(ResponseError::Line)?;
    let (minor, status) = status_line(&raw[..end])?;
    let mut fields = FieldReader::new(end + 2);
    let mut framing = FramingFields::default();
    let mut connection = Connection::default();
    while let Some((name, value)) = fields.next(raw).map_err(ResponseError::Fields)? {
        if fields.count > fields_max {
            return Err(ResponseError::Fields(RequestError::FieldCount));
        }
        let name_text = name.of(raw);
        framing.read(name_text, value.of(raw));
        if name_text.eq_ignore_ascii_case(b"Connection") {
            connection.read(value.of(raw));
        }
        head.index(name, value);
    }
    let body = framing
        .response_body(minor, status, head_request)
        .map_err(ResponseError::Framing)?;
    Ok(StatusLine {
        status,
        minor,
        body,
        content_length: framing.length(),
        keep_alive: connection.stays(minor) && body != BodyLength::UntilClose,
    })
}

fn status_line(line: &[u8]) -> Result<(u8, u16), ResponseError> {
    let (version_text, rest) = line.split_at_checked(8).ok_or(ResponseError::Line)?;
    let minor = version(version_text).map_err(|_| ResponseError::Line)?;
    let digits = match rest {
        [b' ', a, b, c] | [b' ', a, b, c, b' ', ..] => [*a, *b, *c],
        _ => return Err(ResponseError::Line),
    };
    let status = crate::ascii::parse_decimal(&digits).ok_or(ResponseError::Line)? as u16;
    let reason = rest.get(4..).unwrap_or(&[]);
    if status < 100 || !reason.iter().all(|b| crate::ascii::is_field_value(*b)) {
        return Err(ResponseError::Line);
    }
    Ok((minor, status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<StatusLine, ResponseError> {
        parse(raw.as_bytes(), false, 10, &mut Head::new())
    }

    #[test]
    fn heads() {
        let line = read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").unwrap();
        assert_eq!((line.status, line.body), (200, BodyLength::Bytes(3)));
        assert!(line.keep_alive);
        let line = read("HTTP/1.1 200\r\n\r\n").unwrap();
        assert!(!line.keep_alive);
        assert_eq!(line.body, BodyLength::UntilClose);
        for bad in [
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1  200 OK\r\n\r\n",
            "ICY 200 OK\r\n\r\n",
        ] {
            assert_eq!(read(bad).unwrap_err(), ResponseError::Line);
        }
        assert!(read("HTTP/1.1 200 OK\r\nA b\r\n\r\n").is_err());
    }
}

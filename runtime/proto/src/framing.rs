//! How long a message's body is (RFC 9112 §6).

use crate::ascii;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is no body.
    None,
    /// So many bytes.
    Bytes(u64),
    /// Chunks.
    Chunked,
    /// Everything until the connection closes; responses only.
    UntilClose,
}

/// Why a message's length cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// `Content-Length` is no number or there are several.
    Length,
    /// Both a length and a transfer coding.
    Both,
    /// A transfer coding other than a single `chunked`.
    Coding,
    /// A transfer coding in HTTP/1.0.
    CodingInOld,
}

impl FramingError {
    /// What is wrong, as a clause.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Length => "bad Content-Length",
            Self::Both => "both Content-Length and Transfer-Encoding",
            Self::Coding => "Unsupported transfer encoding",
            Self::CodingInOld => "Transfer-Encoding in HTTP/1.0",
        }
    }
}

/// The fields that frame a message, collected while its head is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct FramingFields {
    lengths: u32,
    length: Option<u64>,
    codings: u32,
    chunked: bool,
}

impl FramingFields {
    /// Takes note of a field if it frames the message.
    pub fn read(&mut self, name: &[u8], value: &[u8]) {
        if name.len() == 14 && name.eq_ignore_ascii_case(b"Content-Length") {
            self.lengths += 1;
            self.length = ascii::parse_decimal(value).filter(|length| *length <= LENGTH_MAX);
        } else if name.len() == 17 && name.eq_ignore_ascii_case(b"Transfer-Encoding") {
            self.codings += 1;
            self.chunked = value.eq_ignore_ascii_case(b"chunked");
        }
    }

    /// The length of a request's body.
    ///
    /// # Errors
    /// If it cannot be told in exactly one way.
    pub const fn request_body(self, minor: u8) -> Result<BodyLength, FramingError> {
        if self.codings > 0 {
            return match self.coded(minor) {
                Ok(()) => Ok(BodyLength::Chunked),
                Err(error) => Err(error),
            };
        }
        match (self.lengths, self.length) {
            (0, _) => Ok(BodyLength::None),
            (1, Some(0)) => Ok(BodyLength::None),
            (1, Some(length)) => Ok(BodyLength::Bytes(length)),
            _ => Err(FramingError::Length),
        }
    }

    /// The length of a response's body to a request that was `HEAD` or not.
    ///
    /// # Errors
    /// If it cannot be told in exactly one way.
    pub const fn response_body(
        self,
        minor: u8,
        status: u16,
        head_request: bool,
    ) -> Result<BodyLength, FramingError> {
        if head_request || !status_has_body(status) {
            return Ok(BodyLength::None);
        }
        if self.codings > 0 {
            return match self.coded(minor) {
                Ok(()) => Ok(BodyLength::Chunked),
                Err(error) => Err(error),
            };
        }
        match (self.lengths, self.length) {
            (0, _) => Ok(BodyLength::UntilClose),
            (1, Some(length)) => Ok(BodyLength::Bytes(length)),
            _ => Err(FramingError::Length),
        }
    }

    /// The value of a single valid `Content-Length`.
    pub const fn length(self) -> Option<u64> {
        if self.lengths == 1 { self.length } else { None }
    }

    const fn coded(self, minor: u8) -> Result<(), FramingError> {
        if minor == 0 {
            Err(FramingError::CodingInOld)
        } else if self.codings > 1 || !self.chunked {
            Err(FramingError::Coding)
        } else if self.lengths > 0 {
            Err(FramingError::Both)
        } else {
            Ok(())
        }
    }
}

/// Whether a response with this status can have a body (RFC 9110 §6.4.1).
pub const fn status_has_body(status: u16) -> bool {
    status >= 200 && status != 204 && status != 304
}

/// Largest accepted length, so that sums of lengths never overflow.
const LENGTH_MAX: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> FramingFields {
        let mut fields = FramingFields::default();
        for (name, value) in pairs {
            fields.read(name.as_bytes(), value.as_bytes());
        }
        fields
    }

    #[test]
    fn requests() {
        let body = |pairs: &[_], minor| fields(pairs).request_body(minor);
        assert_eq!(body(&[], 1), Ok(BodyLength::None));
        assert_eq!(body(&[("content-length", "0")], 1), Ok(BodyLength::None));
        assert_eq!(
            body(&[("Content-Length", "5")], 1),
            Ok(BodyLength::Bytes(5))
        );
        for bad in ["-1", "+1", "1, 1", "0x1", "", "9223372036854775808"] {
            let got = body(&[("Content-Length", bad)], 1);
            assert_eq!(got, Err(FramingError::Length), "{bad}");
        }
        let twice = [("Content-Length", "1"), ("Content-Length", "1")];
        assert_eq!(body(&twice, 1), Err(FramingError::Length));
        let chunked = ("Transfer-Encoding", "chunked");
        assert_eq!(body(&[chunked], 1), Ok(BodyLength::Chunked));
        assert_eq!(body(&[chunked], 0), Err(FramingError::CodingInOld));
        assert_eq!(body(&[chunked, chunked], 1), Err(FramingError::Coding));
        let both = [chunked, ("Content-Length", "1")];
        assert_eq!(body(&both, 1), Err(FramingError::Both));
        let gzip = [("Transfer-Encoding", "gzip, chunked")];
        assert_eq!(body(&gzip, 1), Err(FramingError::Coding));
    }

    #[test]
    fn responses() {
        let length = fields(&[("Content-Length", "5")]);
        assert_eq!(
            length.response_body(1, 200, false),
            Ok(BodyLength::Bytes(5))
        );
        assert_eq!(length.response_body(1, 200, true), Ok(BodyLength::None));
        assert_eq!(length.response_body(1, 304, false), Ok(BodyLength::None));
        let none = fields(&[]);
        assert_eq!(
            none.response_body(1, 200, false),
            Ok(BodyLength::UntilClose)
        );
        assert_eq!(none.response_body(1, 204, false), Ok(BodyLength::None));
    }
}

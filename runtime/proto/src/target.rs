//! The request target taken apart (RFC 9112 §3.2): path and query, in the
//! forms that matching and rewriting work on (Go's `url.URL`).

use crate::percent;
use crate::request::is_host;

/// Path and query of a request.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The path, escaped (Go's `EscapedPath`).
    pub raw_path: Vec<u8>,
    /// The path, percent-decoded.
    pub path: Vec<u8>,
    /// The query without `?`.
    pub query: Vec<u8>,
    /// Whether the target ended in a `?` with nothing after it.
    pub bare_question_mark: bool,
}

/// What a request target names besides path and query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm<'a> {
    /// A path (RFC 9112 §3.2.1).
    Origin,
    /// A whole URI; its authority replaces `Host` (§3.2.2).
    Absolute(&'a [u8]),
    /// Host and port, of `CONNECT` (§3.2.3).
    Authority(&'a [u8]),
    /// `*` (§3.2.4).
    Asterisk,
}

/// The target is none of the four forms, or an escape in its path is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetError;

impl Target {
    /// Reads a request target into `self`, whose memory is reused.
    ///
    /// # Errors
    /// If the target is malformed.
    pub fn parse<'a>(
        &mut self,
        method: &[u8],
        text: &'a [u8],
    ) -> Result<TargetForm<'a>, TargetError> {
        self.clear();
        if text.first() == Some(&b'/') {
            self.set_path_and_query(text)?;
            return Ok(TargetForm::Origin);
        }
        if method == b"CONNECT" {
            return if !text.is_empty() && is_host(text) {
                Ok(TargetForm::Authority(text))
            } else {
                Err(TargetError)
            };
        }
        if text == b"*" {
            self.raw_path.push(b'*');
            self.path.push(b'*');
            return Ok(TargetForm::Asterisk);
        }
        let rest = strip_scheme(text).ok_or(TargetError)?;
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?'))
            .unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let host = match authority.iter().rposition(|byte| *byte == b'@') {
            Some(at) => &authority[at + 1..],
            None => authority,
        };
        if host.is_empty() || !is_host(host) {
            return Err(TargetError);
        }
        self.set_path_and_query(rest)?;
        Ok(TargetForm::Absolute(host))
    }

    /// Forgets path and query, keeps the memory.
    pub fn clear(&mut self) {
        self.raw_path.clear();
        self.path.clear();
        self.query.clear();
        self.bare_question_mark = false;
    }

    /// Becomes a copy of another target and keeps its own memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.raw_path.extend_from_slice(&other.raw_path);
        self.path.extend_from_slice(&other.path);
        self.query.extend_from_slice(&other.query);
        self.bare_question_mark = other.bare_question_mark;
    }

    /// Sets the path from its decoded form.
    pub fn set_decoded_path(&mut self, path: &[u8]) {
        self.path.clear();
        self.path.extend_from_slice(path);
        self.raw_path.clear();
        percent::encode_path(path, &mut self.raw_path);
    }

    /// Appends path and query as they are sent to a server (Go's
    /// `RequestURI`); an empty path becomes `/`.
    pub fn uri_into(&self, out: &mut Vec<u8>) {
        if self.raw_path.is_empty() {
            out.push(b'/');
        }
        out.extend_from_slice(&self.raw_path);
        if self.bare_question_mark || !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
    }

    fn set_path_and_query(&mut self, text: &[u8]) -> Result<(), TargetError> {
        let path = match text.iter().position(|byte| *byte == b'?') {
            Some(at) => {
                self.query.extend_from_slice(&text[at + 1..]);
                self.bare_question_mark = at + 1 == text.len();
                &text[..at]
            }
            None => text,
        };
        if !percent::decode_path(path, &mut self.path) {
            return Err(TargetError);
        }
        if percent::is_encoded_path(path) {
            self.raw_path.extend_from_slice(path);
        } else {
            percent::encode_path(&self.path, &mut self.raw_path);
        }
        Ok(())
    }
}

/// The text after `scheme://` (RFC 3986 §3.1).
fn strip_scheme(text: &[u8]) -> Option<&[u8]> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = text.split_at(colon);
    let (first, others) = scheme.split_first()?;
    let valid = first.is_ascii_alphabetic()
        && others
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if valid {
        rest.strip_prefix(b"://")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &str, text: &str) -> Option<(Target, String)> {
        let mut target = Target::default();
        let form = target.parse(method.as_bytes(), text.as_bytes()).ok()?;
        let form = format!("{form:?}");
        Some((target, form))
    }

    #[test]
    fn forms() {
        let (target, _) = parse("GET", "/a%2Fb?x=1?2").unwrap();
        assert_eq!(target.raw_path, b"/a%2Fb");
        assert_eq!(target.path, b"/a/b");
        assert_eq!(target.query, b"x=1?2");
        let (target, form) = parse("GET", "http://u@h:80?q").unwrap();
        assert_eq!(form, format!("{:?}", TargetForm::Absolute(b"h:80")));
        let mut uri = Vec::new();
        target.uri_into(&mut uri);
        assert_eq!(uri, b"/?q");
        assert!(parse("CONNECT", "h:443").is_some());
        assert!(parse("OPTIONS", "*").is_some());
        for bad in [
            "a",
            "a/b",
            "http:/x",
            "http://",
            "/%zz",
            "://x",
            "http://a b/",
        ] {
            assert!(parse("GET", bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn keeps_a_bare_question_mark_and_escapes_odd_bytes() {
        let (target, _) = parse("GET", "/a\"b?").unwrap();
        let mut uri = Vec::new();
        target.uri_into(&mut uri);
        assert_eq!(uri, b"/a%22b?");
    }
}

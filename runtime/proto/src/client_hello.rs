//! The first message of a TLS client (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2),
//! read as far as a server has to know it before it can choose a certificate.
//!
//! The whole structure is checked, the meaning of one extension only: the name
//! that the client asks for (RFC 6066 §3). The rest is for the TLS
//! implementation, which is given the same bytes again.

/// Longest message, in bytes. Real ones have up to 2 KiB, with keys of
/// post-quantum algorithms up to 4 KiB.
pub const MESSAGE_BYTES_MAX: usize = 0xffff;

/// Longest record, in bytes without its header (RFC 8446 §5.1).
const RECORD_BYTES_MAX: usize = 1 << 14;

/// Bytes of a record's header: type, version, length.
const RECORD_HEADER_BYTES: usize = 5;

/// Bytes before a handshake message: type and length.
const MESSAGE_HEADER_BYTES: usize = 4;

const RECORD_HANDSHAKE: u8 = 22;
const MESSAGE_CLIENT_HELLO: u8 = 1;
const EXTENSION_SERVER_NAME: u16 = 0;
const NAME_HOST: u8 = 0;

/// Reads the message from a connection's first bytes, in whatever pieces they
/// arrive.
#[derive(Debug, Default)]
pub struct Reader {
    header: [u8; RECORD_HEADER_BYTES],
    /// Bytes of the header that have come.
    header_len: usize,
    /// Bytes of the current record that have not come.
    left: usize,
    /// The message so far, over all records.
    message: Vec<u8>,
}

/// What a client wants, as far as it is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// The name that it asks for, as it was sent; nothing says yet that it is
    /// a name of the DNS.
    pub server_name: Option<&'a [u8]>,
}

/// What is wrong with a first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloError {
    /// The bytes are no record of a handshake, or the handshake does not begin
    /// with this message.
    Unexpected,
    /// A record is longer than one may be.
    RecordLength,
    /// Lengths do not fit each other, a record is empty, or the message is
    /// longer than [`MESSAGE_BYTES_MAX`].
    Malformed,
    /// An extension, or a name of one kind, comes twice.
    Repeated,
}

impl HelloError {
    /// The alert to answer with (RFC 8446 §6).
    pub fn alert(self) -> u8 {
        match self {
            Self::Unexpected => 10,
            Self::RecordLength => 22,
            Self::Repeated => 47,
            Self::Malformed => 50,
        }
    }
}

impl Reader {
    /// Takes the next bytes; nothing as long as the message is not complete.
    /// Bytes behind the message are not looked at.
    ///
    /// # Errors
    /// If no TLS connection can begin so.
    pub fn feed(&mut self, mut input: &[u8]) -> Result<Option<ClientHello<'_>>, HelloError> {
        while !input.is_empty() && !self.is_complete() {
            if self.left == 0 {
                let wanted = RECORD_HEADER_BYTES - self.header_len;
                let (part, rest) = input.split_at(wanted.min(input.len()));
                self.header[self.header_len..][..part.len()].copy_from_slice(part);
                self.header_len += part.len();
                input = rest;
                if self.header_len == RECORD_HEADER_BYTES {
                    self.header_len = 0;
                    self.left = record_length(self.header)?;
                }
            } else {
                let (part, rest) = input.split_at(self.left.min(input.len()));
                self.message.extend_from_slice(part);
                self.left -= part.len();
                input = rest;
                self.check_start()?;
            }
        }
        match self.message_range() {
            Some(range) if self.is_complete() => parse(&self.message[range]).map(Some),
            _ => Ok(None),
        }
    }

    /// Where the message's body lies, once its length is known.
    fn message_range(&self) -> Option<std::ops::Range<usize>> {
        let header = self.message.first_chunk::<MESSAGE_HEADER_BYTES>()?;
        let length =
            usize::from(header[1]) << 16 | usize::from(header[2]) << 8 | usize::from(header[3]);
        Some(MESSAGE_HEADER_BYTES..MESSAGE_HEADER_BYTES + length)
    }

    fn is_complete(&self) -> bool {
        self.message_range()
            .is_some_and(|range| self.message.len() >= range.end)
    }

    /// Refuses as soon as the first bytes can be no acceptable message, so
    /// that nobody makes us wait for megabytes.
    fn check_start(&self) -> Result<(), HelloError> {
        if self
            .message
            .first()
            .is_some_and(|kind| *kind != MESSAGE_CLIENT_HELLO)
        {
            return Err(HelloError::Unexpected);
        }
        match self.message_range() {
            Some(range) if range.len() > MESSAGE_BYTES_MAX => Err(HelloError::Malformed),
            _ => Ok(()),
        }
    }
}

/// The length in a record's header. The minor version means nothing
/// (RFC 8446 §5.1).
fn record_length(header: [u8; RECORD_HEADER_BYTES]) -> Result<usize, HelloError> {
    let [kind, major, _, high, low] = header;
    if kind != RECORD_HANDSHAKE || major != 3 {
        return Err(HelloError::Unexpected);
    }
    match usize::from(u16::from_be_bytes([high, low])) {
        0 => Err(HelloError::Malformed),
        length if length > RECORD_BYTES_MAX => Err(HelloError::RecordLength),
        length => Ok(length),
    }
}

fn parse(body: &[u8]) -> Result<ClientHello<'_>, HelloError> {
    let mut body = Fields(body);
    let _version = body.take(2)?;
    let _random = body.take(32)?;
    let session = body.vector8()?;
    let suites = body.vector16()?;
    let compressions = body.vector8()?;
    if session.0.len() > 32
        || suites.0.is_empty()
        || suites.0.len() % 2 == 1
        || compressions.0.is_empty()
    {
        return Err(HelloError::Malformed);
    }
    let mut hello = ClientHello { server_name: None };
    // Before TLS 1.3 the extensions could be left out.
    if body.0.is_empty() {
        return Ok(hello);
    }
    let mut extensions = body.vector16()?;
    if !body.0.is_empty() {
        return Err(HelloError::Malformed);
    }
    refuse_repeated(extensions)?;
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let content = extensions.vector16()?;
        if kind == EXTENSION_SERVER_NAME {
            hello.server_name = host_name(content)?;
        }
    }
    Ok(hello)
}

/// No extension may come twice (RFC 8446 §4.2).
fn refuse_repeated(mut extensions: Fields) -> Result<(), HelloError> {
    // One bit for each of the 65,536 kinds would be more than most messages.
    let mut kinds = Vec::new();
    while !extensions.0.is_empty() {
        kinds.push(extensions.u16()?);
        let _content = extensions.vector16()?;
    }
    kinds.sort_unstable();
    if kinds.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(HelloError::Repeated);
    }
    Ok(())
}

/// The host name of a server-name extension: a list with one name of each
/// kind, of which there has only ever been one.
fn host_name(mut extension: Fields<'_>) -> Result<Option<&[u8]>, HelloError> {
    let mut list = extension.vector16()?;
    if !extension.0.is_empty() || list.0.is_empty() {
        return Err(HelloError::Malformed);
    }
    let mut found = None;
    while !list.0.is_empty() {
        // What another kind of name looks like is not known, nor where it ends.
        if list.take(1)?[0] != NAME_HOST {
            break;
        }
        let name = list.vector16()?.0;
        if name.is_empty() {
            return Err(HelloError::Malformed);
        }
        if found.replace(name).is_some() {
            return Err(HelloError::Repeated);
        }
    }
    Ok(found)
}

/// Bytes that are taken from the front.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], HelloError> {
        let (part, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(HelloError::Malformed)?;
        self.0 = rest;
        Ok(part)
    }

    fn u16(&mut self) -> Result<u16, HelloError> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// What stands behind a length of one byte.
    fn vector8(&mut self) -> Result<Fields<'a>, HelloError> {
        let length = usize::from(self.take(1)?[0]);
        self.take(length).map(Fields)
    }

    /// What stands behind a length of two bytes.
    fn vector16(&mut self) -> Result<Fields<'a>, HelloError> {
        let length = usize::from(self.u16()?);
        self.take(length).map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector behind a length of two bytes.
    fn vector16(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        [&length.to_be_bytes(), content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &vector16(content)].concat()
    }

    fn server_name(names: &[(u8, &[u8])]) -> Vec<u8> {
        let list = names
            .iter()
            .flat_map(|(kind, name)| [vec![*kind], vector16(name)].concat());
        extension(0, &vector16(&list.collect::<Vec<u8>>()))
    }

    /// A message with what follows the compression methods.
    fn message(rest: &[u8]) -> Vec<u8> {
        let body = [
            &[3, 3][..],
            &[7; 32],
            &[0],
            &vector16(&[0x13, 1]),
            &[1, 0],
            rest,
        ]
        .concat();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[1][..], &length[1..], &body].concat()
    }

    fn record(content: &[u8]) -> Vec<u8> {
        [&[22, 3, 1][..], &vector16(content)].concat()
    }

    /// The name that bytes ask for, given in pieces of a size.
    fn name(bytes: &[u8], size: usize) -> Result<Option<String>, Option<HelloError>> {
        let mut reader = Reader::default();
        for piece in bytes.chunks(size) {
            if let Some(hello) = reader.feed(piece).map_err(Some)? {
                return Ok(hello
                    .server_name
                    .map(|name| String::from_utf8_lossy(name).into_owned()));
            }
        }
        Err(None)
    }

    #[test]
    fn the_name_is_found_however_the_bytes_are_split() {
        let extensions = [
            extension(43, b"\x02\x03\x04"),
            server_name(&[(0, b"a.test")]),
        ]
        .concat();
        let message = message(&vector16(&extensions));
        let whole = record(&message);
        let fragments: Vec<u8> = message.chunks(7).flat_map(record).collect();
        for bytes in [whole, fragments] {
            for size in 1..=bytes.len() {
                assert_eq!(name(&bytes, size), Ok(Some("a.test".to_owned())), "{size}");
            }
            for end in 0..bytes.len() {
                assert_eq!(name(&bytes[..end], bytes.len()), Err(None), "{end}");
            }
            let more = [&bytes[..], b"\xff\xff\xff\xff\xff\xff"].concat();
            assert_eq!(name(&more, more.len()), Ok(Some("a.test".to_owned())));
        }
    }

    #[test]
    fn what_a_message_may_lack() {
        let other = server_name(&[(1, b"a")]);
        for rest in [
            vec![],
            vector16(&[]),
            vector16(&extension(21, &[0; 9])),
            vector16(&other),
        ] {
            let bytes = record(&message(&rest));
            assert_eq!(name(&bytes, bytes.len()), Ok(None));
        }
    }

    #[test]
    fn what_is_refused() {
        use HelloError::{Malformed, RecordLength, Repeated, Unexpected};
        let with = |extensions: &[u8]| record(&message(&vector16(extensions)));
        let twice = [extension(9, b""), extension(8, b""), extension(9, b"")].concat();
        let cases: [(&str, Vec<u8>, HelloError); 14] = [
            (
                "another record",
                b"\x17\x03\x03\x00\x01x".to_vec(),
                Unexpected,
            ),
            (
                "another version",
                b"\x16\x02\x00\x00\x01\x01".to_vec(),
                Unexpected,
            ),
            ("another message", record(b"\x02"), Unexpected),
            ("an empty record", record(b""), Malformed),
            (
                "a long record",
                b"\x16\x03\x01\x40\x01".to_vec(),
                RecordLength,
            ),
            ("a long message", record(b"\x01\x01\x00\x00"), Malformed),
            ("an empty message", record(b"\x01\x00\x00\x00"), Malformed),
            (
                "bytes behind the extensions",
                record(&message(b"\x00\x00x")),
                Malformed,
            ),
            (
                "extensions beyond the end",
                record(&message(b"\x00\x01")),
                Malformed,
            ),
            ("half an extension", with(b"\x00\x00\x00"), Malformed),
            ("an extension twice", with(&twice), Repeated),
            ("an empty list of names", with(&server_name(&[])), Malformed),
            ("an empty name", with(&server_name(&[(0, b"")])), Malformed),
            (
                "two names",
                with(&server_name(&[(0, b"a"), (0, b"b")])),
                Repeated,
            ),
        ];
        for (what, bytes, error) in cases {
            assert_eq!(name(&bytes, bytes.len()), Err(Some(error)), "{what}");
            assert_eq!(name(&bytes, 1), Err(Some(error)), "{what}, byte by byte");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut reader = Reader::default();
        let start = record(b"\x01\x00\xff\xff");
        assert_eq!(reader.feed(&start), Ok(None));
        let fragment = record(b"x");
        for _ in 0..MESSAGE_BYTES_MAX - 1 {
            assert_eq!(reader.feed(&fragment), Ok(None));
        }
        assert_eq!(reader.feed(&fragment), Err(HelloError::Malformed));
    }
}

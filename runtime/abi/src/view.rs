//! The request view: what site code reads with loads, at the start of a
//! request's slot.
//!
//! Every text is a pair of `u32` guest pointer and `u32` length. The runtime
//! lays the view out from its own copy of the request; nothing that site code
//! writes here changes the request.

/// `u32`: number of the method, see [`Method`].
pub const METHOD: i16 = 0;
/// `u32`: protocol version times ten: 10, 11, 20, 30.
pub const PROTO: i16 = 4;
/// `u32`: 0 = http, 1 = https.
pub const SCHEME: i16 = 8;
/// `u32`: port the connection came in on.
pub const LOCAL_PORT: i16 = 12;
/// Text: host, lower case, without port; brackets of IPv6 literals removed.
pub const HOST: i16 = 16;
/// `u64`: [`crate::hash_bytes`] of the host.
pub const HOST_HASH: i16 = 24;
/// Text: the host after its first dot; empty without a dot.
pub const HOST_TAIL: i16 = 32;
/// `u64`: [`crate::hash_bytes`] of the host's tail.
pub const HOST_TAIL_HASH: i16 = 40;
/// Text: path as it stands in the request line (escaped), without query.
pub const PATH_RAW: i16 = 48;
/// Text: path, percent-decoded.
pub const PATH: i16 = 56;
/// Text: path decoded, cleaned of dot segments, repeated slashes merged, ASCII
/// lower case; needs [`NEED_PATH_MATCH`].
pub const PATH_MATCH: i16 = 64;
/// Text: as [`PATH_MATCH`], but repeated slashes kept, for patterns that hold
/// `//`; needs [`NEED_PATH_SLASHES`].
pub const PATH_SLASHES: i16 = 72;
/// Text: path decoded, cleaned, slashes merged, case kept, for regular
/// expressions; needs [`NEED_PATH_CLEAN`].
pub const PATH_CLEAN: i16 = 80;
/// Text: query as received, without `?`.
pub const QUERY: i16 = 88;
/// Text: the method as received.
pub const METHOD_TEXT: i16 = 96;
/// 16 bytes: address of the peer, IPv4 as `::ffff:a.b.c.d`.
pub const REMOTE_IP: i16 = 104;
/// `u32`: port of the peer.
pub const REMOTE_PORT: i16 = 120;
/// `u32`: status of the error being handled, 0 if there is none.
pub const ERROR_STATUS: i16 = 124;
/// 16 bytes: address of the client, which a peer that is trusted may have said;
/// else that of the peer.
pub const CLIENT_IP: i16 = 128;
/// `u32`: what kind of address the peer has: 4, 6, or 0 for none.
pub const REMOTE_FAMILY: i16 = 144;
/// `u32`: what kind of address the client has, as [`REMOTE_FAMILY`].
pub const CLIENT_FAMILY: i16 = 148;
/// Bytes of the fixed part. The request's own memory follows.
pub const FIXED_BYTES: u32 = 256;
/// First byte of the request's own memory: zeroed when the request begins and
/// kept over suspensions.
pub const LOCALS: i16 = FIXED_BYTES as i16;
/// Bytes of the request's own memory.
pub const LOCALS_BYTES: u32 = 256;
/// Bytes before the slot's heap, which the runtime allocates texts from.
pub const VIEW_BYTES: u32 = FIXED_BYTES + LOCALS_BYTES;

/// The site reads [`PATH_MATCH`].
pub const NEED_PATH_MATCH: u32 = 1;
/// The site reads [`PATH_SLASHES`].
pub const NEED_PATH_SLASHES: u32 = 2;
/// The site reads [`PATH_CLEAN`].
pub const NEED_PATH_CLEAN: u32 = 4;

/// Numbers of the methods that have one; any other method is
/// [`Method::Other`] and told by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[expect(missing_docs, reason = "each variant is the method of its name")]
pub enum Method {
    Other = 0,
    Get = 1,
    Head = 2,
    Post = 3,
    Put = 4,
    Delete = 5,
    Connect = 6,
    Options = 7,
    Trace = 8,
    Patch = 9,
}

impl Method {
    /// The number of a method, which is case-sensitive (RFC 9110 §9.1).
    pub const fn from_bytes(text: &[u8]) -> Self {
        match text {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"CONNECT" => Self::Connect,
            b"OPTIONS" => Self::Options,
            b"TRACE" => Self::Trace,
            b"PATCH" => Self::Patch,
            _ => Self::Other,
        }
    }
}

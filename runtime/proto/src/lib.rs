//! Protocol machines without I/O.
//!
//! Bytes go in, decisions and bytes come out. Nothing here knows a socket, a
//! clock or a thread, and nothing allocates where a caller's buffer can be
//! reused. Limits are passed in by the caller, which keeps them in one place.
#![forbid(unsafe_code)]

pub mod ascii;
pub mod base64;
pub mod chunked;
pub mod client_hello;
pub mod conditional;
pub mod date;
pub mod forwarded;
pub mod framing;
pub mod glob;
pub mod head;
pub mod header_ops;
pub mod hop;
pub mod json;
pub mod negotiate;
pub mod path;
pub mod path_escaped;
pub mod percent;
pub mod query;
pub mod range;
pub mod regex;
pub mod regex_replace;
pub mod request;
pub mod response;
pub mod rewrite;
pub mod sniff;
pub mod status;
pub mod target;
pub mod xxhash;

pub use head::{Head, Span};
pub use request::{RequestError, RequestLine};
pub use target::Target;

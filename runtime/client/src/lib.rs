//! The outgoing client: names, pools and connections to other servers.
//!
//! A [`Client`] belongs to one worker and uses the worker's event loop; its
//! owner passes events on whose tokens are the client's. What comes of them is
//! appended to a list of [`Told`], so that the client never calls its owner.
//!
//! Knows nothing of HTTP. TLS is behind [`tls::Connect`], so that a client that
//! needs none is linked without it.
#![forbid(unsafe_code)]

mod client;
mod line;
mod resolver;
pub mod tls;

pub use client::{Client, Destination, Host, OWNER_BIT, PoolId, Tell, is_owners};
pub use line::{Bytes, Failure, LineKey, Told};

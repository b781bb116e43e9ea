//! TLS set-up, certificate selection and the local certificate authority.
//!
//! In: names with where their certificates come from, and bytes of a
//! connection. Out: plaintext, ciphertext, and what is known of the
//! connection. Nothing here knows a socket, a thread or a site's data.
//!
//! Three parts stand side by side and do not name each other, so that a server
//! is linked with those that it uses: [`server`] (towards clients), [`client`]
//! (towards upstreams) and [`authority`].
#![forbid(unsafe_code)]

pub mod authority;
pub mod certificate;
pub mod client;
mod reload;
pub mod server;
mod session;

pub use session::Failure;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The cryptography that all parts use.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

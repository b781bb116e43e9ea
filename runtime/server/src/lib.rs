//! Exchanges, connections that carry them, and the running of site code.
//!
//! In: a site's descriptor ([`zs_abi::Site`]), made by the compiler. Out: a
//! running server. The way of a request: a [`connection`](self) reads its head
//! and makes an [`Exchange`]; site code runs for it ([`exec`](self)) until it
//! returns an action that answers, waits or passes on; the response goes
//! through the filters that site code pushed, and back to the connection.
//!
//! What is optional is reached through the tables of [`capability`] only, so
//! that the linker drops what a site does not use.
//!
//! Knows nothing of the configuration that the site was made from.

pub mod access_log;
mod authentication;
pub mod capability;
mod captures;
mod choose;
mod client_address;
mod connection;
mod current;
mod desk;
mod encode;
mod exchange;
mod exec;
mod expand;
mod files;
mod header_list;
mod helpers;
pub mod limits;
mod listen;
mod log;
mod open;
mod options;
mod pipe;
mod placeholder;
mod proxy;
mod rehearsal;
mod request_body;
mod respond;
mod rewrite_list;
mod server;
mod site;
mod slots;
mod subrequest;
mod tls_part;
mod upstreams;
mod view;
mod worker;

pub use current::{Run, with as with_run};
pub use exchange::{
    Body, Carrier, Exchange, Origin, Phase, Raised, Request, Response, SERVER_NAME, Stage, Upstream,
};
pub use expand::Expander;
pub use helpers::*;
pub use listen::ListenError;
pub use log::line as log_line;
pub use options::{Options, run};
pub use pipe::Pipe;
pub use proxy::rehearse::{Rehearsed, answer_in_place, rehearse};
pub use rehearsal::{Listening, Rehearsal, listeners};
pub use server::{Running, StartError, serve};
pub use site::{LoadError, LoadedSite};
pub use worker::{Detour, Worker};
pub use zs_proto::Head;

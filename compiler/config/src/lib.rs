//! Block tree to typed configuration, the Caddy JSON model.

#![forbid(unsafe_code)]

pub mod model;

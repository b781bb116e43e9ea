//! Block tree to typed configuration, the Caddy JSON model.

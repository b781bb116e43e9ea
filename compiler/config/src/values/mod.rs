//! Small values as they are written in a Caddyfile.

pub(crate) mod address;
pub(crate) mod duration;
pub(crate) mod go_sort;
pub(crate) mod header;
pub(crate) mod ip;
pub(crate) mod network;
pub(crate) mod number;
pub(crate) mod pem;
pub(crate) mod scalar;
pub(crate) mod size;
pub(crate) mod status;

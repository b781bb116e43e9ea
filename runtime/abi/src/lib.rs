//! The contract between generated code and the runtime.
//!
//! Both sides see only this crate: the compiler writes what it describes into
//! an object file, the runtime reads it. It holds constants and plain data, no
//! behaviour beyond reading words.
#![no_std]

mod action;
pub mod data;
mod helper;
pub mod layout;
pub mod query;
pub mod regex;
mod site;
pub mod tables;
mod template;
mod time_layout;
mod trap;
pub mod value;
pub mod view;

pub use action::{Action, ActionKind, NO_RESUME};
pub use data::{SiteData, Text};
pub use helper::{BODY_TOO_LARGE, CAPTURE_APART, HeadTarget, Helper, NO_BACKEND, SCOPE_RESTORE};
pub use site::{Capability, Site};
pub use template::{HeaderOpKind, OpenKind, RewriteKind, Source};
pub use time_layout::TimePart;
pub use trap::Trap;

/// Hash of this crate's source: two sides with different hashes do not link.
pub const CONTRACT_HASH: u64 = {
    let parts: [&[u8]; 13] = [
        include_bytes!("action.rs"),
        include_bytes!("data.rs"),
        include_bytes!("helper.rs"),
        include_bytes!("layout.rs"),
        include_bytes!("lib.rs"),
        include_bytes!("regex.rs"),
        include_bytes!("site.rs"),
        include_bytes!("tables.rs"),
        include_bytes!("template.rs"),
        include_bytes!("time_layout.rs"),
        include_bytes!("trap.rs"),
        include_bytes!("value.rs"),
        include_bytes!("view.rs"),
    ];
    let mut hash = 0;
    let mut part = 0;
    while part < parts.len() {
        hash = hash_bytes(parts[part]) ^ u64::rotate_left(hash, 5);
        part += 1;
    }
    hash
};

/// Hashes bytes with FNV-1a, 64 bits. The compiler, the runtime and the
/// routine `hash_bytes` of `stdlib-bpf` must agree on it.
pub const fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}

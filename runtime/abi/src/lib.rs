//! The contract between generated code and the runtime.
#![no_std]

pub mod layout;
mod trap;

pub use trap::Trap;

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

//! The prebuilt runtime that sites are linked with.

mod packed {
    include!(concat!(env!("OUT_DIR"), "/runtime.rs"));
}

/// Names and bytes of the files that a site is linked with, in the linker's
/// order.
pub fn runtime() -> Vec<(&'static str, Vec<u8>)> {
    packed::RUNTIME
        .iter()
        .map(|(name, packed)| {
            // The files were packed when this program was built.
            let bytes = zstd::decode_all(*packed).expect("an embedded file unpacks");
            (*name, bytes)
        })
        .collect()
}

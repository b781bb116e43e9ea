//! Writes the declaration of the site's symbol, whose name holds the hash of
//! the contract.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let name = format!("zs_site_{:016x}", zs_abi::CONTRACT_HASH);
    let declaration = format!(
        "unsafe extern \"C\" {{\n    \
            /// The site's descriptor, in the object that the compiler wrote.\n    \
            #[link_name = \"{name}\"]\n    \
            safe static SITE: zs_abi::Site;\n}}\n"
    );
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("site.rs"), declaration).expect("OUT_DIR is writable");
}

//! Assembles the routines of `stdlib-bpf`, so that compiling a site parses no
//! assembly.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let mut all = zs_bpf::Module::default();
    for (name, text) in zs_stdlib_bpf::SOURCES {
        match zs_bpf::assemble(&format!("stdlib-bpf/src/{name}.bpf"), text) {
            // Routines carry no lines: a fault in one is told by its name.
            Ok(module) => all
                .functions
                .extend(module.functions.into_iter().map(|mut function| {
                    function.lines.clear();
                    function
                })),
            Err(error) => panic!("{error}"),
        }
    }
    std::fs::write(Path::new(&out).join("stdlib.zsbpf"), all.to_bytes())
        .expect("OUT_DIR is writable");
}

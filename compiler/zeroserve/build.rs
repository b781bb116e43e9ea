//! Builds the runtime for the target of sites and embeds it, with the files
//! that a musl link needs.
//!
//! The runtime is built by a cargo call of its own, because it has another
//! target and another profile, into a target directory of its own, because
//! this call holds the lock on the usual one. `ZS_RUNTIME_DIR` names a folder
//! with files built before, for packagers.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "build/slim.rs"]
mod slim;

/// What sites run on.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// The runtime's archive.
const ARCHIVE: &str = "libzs_static.a";

/// Files of the Rust target that a static link needs: start-up code, C library,
/// unwinder.
const SELF_CONTAINED: [&str; 3] = ["rcrt1.o", "libc.a", "libunwind.a"];

/// How hard to compress: the highest level that is quick enough to build.
const LEVEL: i32 = 15;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=ZS_RUNTIME_DIR");
    let folder = match env::var_os("ZS_RUNTIME_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => build_runtime(),
    };
    let libraries = self_contained();
    let mut files = vec![(SELF_CONTAINED[0], libraries.join(SELF_CONTAINED[0]))];
    files.push((ARCHIVE, folder.join(ARCHIVE)));
    files.extend(
        SELF_CONTAINED[1..]
            .iter()
            .map(|name| (*name, libraries.join(name))),
    );
    write(&files);
}

/// Packs the files and writes the table that names them.
fn write(files: &[(&str, PathBuf)]) {
    let out = PathBuf::from(variable("OUT_DIR"));
    let mut table = String::from("pub const RUNTIME: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let slim = slim::slim(name, &bytes);
        let packed = zstd::encode_all(&slim[..], LEVEL).expect("packing bytes in memory");
        let file = out.join(format!("{name}.zst"));
        fs::write(&file, packed).expect("OUT_DIR is writable");
        table += &format!("    ({name:?}, include_bytes!({:?})),\n", file);
    }
    fs::write(out.join("runtime.rs"), table + "];\n").expect("OUT_DIR is writable");
}

/// Calls cargo for the runtime; the folder of its archive.
fn build_runtime() -> PathBuf {
    let root = root();
    let target_dir = target_dir().join("runtime");
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(&root)
        .args([
            "build",
            "--locked",
            "--package",
            "zs-static",
            "--profile",
            "runtime",
        ])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir);
    // The C and assembly files of the cryptography need no C library: the
    // host's own compiler will do, and it is there where Rust is.
    let compiler = format!("CC_{}", TARGET.replace('-', "_"));
    if env::var_os(&compiler).is_none() {
        cargo.env(compiler, "cc");
        cargo.env(
            format!("CFLAGS_{}", TARGET.replace('-', "_")),
            "-U_FORTIFY_SOURCE",
        );
    }
    for (name, _) in env::vars_os() {
        if is_of_this_call(&name) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "building the runtime failed");
    let folder = target_dir.join(TARGET).join("runtime");
    rerun_if_changed(&folder.join("libzs_static.d"), &root);
    folder
}

/// What cargo says of this call must not reach the other one.
fn is_of_this_call(name: &OsString) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let exact = [
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "DEBUG",
        "HOST",
        "OPT_LEVEL",
        "OUT_DIR",
        "PROFILE",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "TARGET",
    ];
    let prefixes = [
        "CARGO_CFG_",
        "CARGO_FEATURE_",
        "CARGO_PKG_",
        "CARGO_PROFILE_",
        "DEP_",
    ];
    exact.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Every source that went into the archive, as its dependency file says.
fn rerun_if_changed(dependencies: &Path, root: &Path) {
    let text = fs::read_to_string(dependencies).unwrap_or_default();
    let sources = text.split_once(": ").map_or("", |(_, sources)| sources);
    for source in sources.split_whitespace() {
        println!("cargo::rerun-if-changed={source}");
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
    }
}

/// The folder of the target's own libraries.
fn self_contained() -> PathBuf {
    let rustc = variable("RUSTC");
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .expect("rustc runs");
    let sysroot = String::from_utf8(output.stdout).expect("a path in UTF-8");
    let folder = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib/self-contained");
    assert!(
        folder.is_dir(),
        "the Rust target {TARGET} is not installed; run: rustup target add {TARGET}"
    );
    folder
}

fn root() -> PathBuf {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    manifest
        .join("../..")
        .canonicalize()
        .expect("the workspace")
}

/// The target directory of this call: `OUT_DIR` lies five levels below it, or
/// six when a target is named.
fn target_dir() -> PathBuf {
    let out = PathBuf::from(variable("OUT_DIR"));
    let tagged = out
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file());
    tagged.map_or_else(|| root().join("target"), Path::to_path_buf)
}

fn variable(name: &str) -> OsString {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}"))
}

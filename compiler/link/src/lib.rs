//! Object file and prebuilt runtime to one static executable.
//!
//! The linker is embedded and works on bytes: nothing is read from or written
//! to the disk, so that a build leaves no traces but its output. Left out on
//! purpose: where the inputs come from, and what is in them.

#![forbid(unsafe_code)]

mod files;

use std::fmt;
use std::path::Path;

use files::Files;

/// What a site is linked from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The site's object file.
    pub object: &'a [u8],
    /// Objects and archives of the runtime, by name, in the order in which
    /// they are searched.
    pub runtime: &'a [(&'a str, &'a [u8])],
    /// Whether symbols and debug information are left out.
    pub strip: bool,
}

/// Why linking failed: a site object and a runtime that do not belong
/// together, or a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// What the linker says.
    pub message: String,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linking failed: {}", self.message)
    }
}

impl std::error::Error for LinkError {}

/// Makes executables of objects.
pub trait Linker {
    /// Links a static position-independent executable; unused sections are
    /// dropped.
    ///
    /// # Errors
    /// If symbols are missing, or the inputs are not what they should be.
    fn link(&self, inputs: &Inputs<'_>) -> Result<Vec<u8>, LinkError>;
}

/// The embedded linker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wild;

impl Linker for Wild {
    fn link(&self, inputs: &Inputs<'_>) -> Result<Vec<u8>, LinkError> {
        link(inputs).map_err(|error| LinkError {
            message: error.to_string(),
        })
    }
}

/// Name of the output among the linker's files.
const OUTPUT: &str = "site";
/// Name of the site's object among them.
const OBJECT: &str = "site.o";

fn link(inputs: &Inputs<'_>) -> libwild::error::Result<Vec<u8>> {
    let files = Files::default();
    files.put(OBJECT, inputs.object.to_vec());
    for (name, bytes) in inputs.runtime {
        files.put(name, bytes.to_vec());
    }
    // The first word stands for the linker's own name.
    let mut arguments = vec![
        "ld",
        "-m",
        "elf_x86_64",
        "-static",
        "-pie",
        "--no-dynamic-linker",
    ];
    arguments.extend(["--gc-sections", "--build-id=none", "-o", OUTPUT]);
    if inputs.strip {
        arguments.push("--strip-all");
    }
    arguments.push(OBJECT);
    arguments.extend(inputs.runtime.iter().map(|(name, _)| *name));
    let words = || arguments.iter().copied();
    let mut args = libwild::Args::new(words)?;
    args.on_warning(Box::new(|_| {}));
    args.parse(words)?;
    libwild::Linker::with_file_system(files.clone()).run(&args)?;
    files
        .take(Path::new(OUTPUT))
        .ok_or_else(|| libwild::error!("the linker wrote no output"))
}

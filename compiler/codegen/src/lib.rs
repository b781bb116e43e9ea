//! Route graph to eBPF image, linked with the routines of `stdlib-bpf`.
//!
//! In: a [`Program`]. Out: an [`Image`] and the site data it reads. Texts are
//! placed in the site data here, and addresses in it become constants of the
//! code. Left out on purpose: Caddy, and machine registers.
//!
//! A function keeps the slot's guest address in `r6` and its argument in `r7`;
//! values live in its frame, where those whose uses do not overlap share a
//! place; `r8` and `r9` walk lists.

#![forbid(unsafe_code)]

mod address;
mod compare;
mod finish;
mod frame;
mod function;
mod hosts;
mod test;

use zs_bpf::{Image, LinkError, Module};
use zs_diagnostics::SourceMap;
use zs_ir::Program;
use zs_ir::program::BlockId;

pub use finish::{Finished, finish};

/// The assembled routines of `stdlib-bpf`.
const ROUTINES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stdlib.zsbpf"));

/// Code, and where in it the program's blocks begin.
#[derive(Debug)]
pub struct Placed {
    /// The code.
    pub image: Image,
    /// By function: the slots at which blocks begin that are reached, in the
    /// order in which they are written.
    pub blocks: Vec<Vec<(u32, BlockId)>>,
}

/// As [`generate_placed`], without the places.
///
/// # Errors
/// What the linker says; an error here is a bug in the compiler.
///
/// # Panics
/// If the program was not split, or names what it does not have.
pub fn generate(program: &mut Program, sources: &SourceMap) -> Result<Image, LinkError> {
    generate_placed(program, sources).map(|placed| placed.image)
}

/// Generates the code of a program. Adds texts to its data, which are final in
/// place from here on.
///
/// # Errors
/// What the linker says; an error here is a bug in the compiler.
///
/// # Panics
/// If the program was not split, or names what it does not have.
pub fn generate_placed(program: &mut Program, sources: &SourceMap) -> Result<Placed, LinkError> {
    let mut module = Module::default();
    let tables = hosts::tables(program);
    let context = function::Context::new(program, tables, sources, &mut module);
    let (functions, blocks) = context.functions().into_iter().unzip();
    module.functions = functions;
    let routines =
        Module::from_bytes(ROUTINES).expect("the routines were assembled with this crate");
    let image = zs_bpf::link(&[module, routines])?;
    Ok(Placed { image, blocks })
}

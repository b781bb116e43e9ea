//! A compiled site whose entries are interpreted: loaded into this process as
//! `run` does it, with one function in the place of all machine code.
#![expect(unsafe_code, reason = "hands a site to the runtime")]

use zs_abi::{Capability, Site};
use zs_codegen::Finished;
use zs_ir::Program;
use zs_server::LoadedSite;

use super::engine::interpreted;
use super::parts;

/// Loads a program's site. It stays for as long as the process lives.
///
/// # Errors
/// If the site's data does not hold together, or the system refuses memory.
pub fn load(program: &mut Program) -> Result<&'static LoadedSite, String> {
    let data = zs_codegen::finish(program, &Finished::default()).leak();
    let entries = vec![interpreted as *const u8; program.functions.len()].leak();
    let mut capabilities = [std::ptr::null(); Capability::ALL.len()];
    for capability in &program.capabilities {
        capabilities[*capability as usize] = parts::address(*capability);
    }
    let site = Box::leak(Box::new(Site {
        data: data.as_ptr(),
        data_len: data.len() as u64,
        code: std::ptr::null(),
        code_len: 0,
        entries: entries.as_ptr(),
        entry_count: entries.len() as u64,
        capabilities,
    }));
    // SAFETY: everything is leaked, so it stays; the compiler of this program
    // wrote the data; every entry is a function with the signature of entries,
    // and the tables are those of their capabilities. `tests/trace.rs` loads
    // the sites of the whole specification.
    let loaded = unsafe { LoadedSite::load(site) }.map_err(|error| error.to_string())?;
    Ok(Box::leak(Box::new(loaded)))
}

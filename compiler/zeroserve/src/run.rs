//! `run`: the object's bytes mapped into this process and served.
//!
//! The bytes are those that `build` links. They are laid out in one mapping,
//! written first and then made executable or read-only; never both writable
//! and executable.
#![expect(unsafe_code, reason = "maps machine code and hands it to the runtime")]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::ExitCode;
use std::ptr::NonNull;

use zs_abi::{Capability, Helper, Site};
use zs_object::{Contents, ReferenceKind, SectionId};
use zs_server::{LoadedSite, Options};

use crate::arguments::Run;
use crate::assemble::site_symbol;
use crate::compile;

/// Serves a compiled site until the process is told to stop.
pub fn serve(site: &compile::Site, arguments: &Run) -> ExitCode {
    let mapped = zs_object::read(&site.object)
        .map_err(|error| error.to_string())
        .and_then(|contents| Mapped::map(&contents));
    let mapped = match mapped {
        Ok(mapped) => mapped,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(4);
        }
    };
    // SAFETY: the descriptor was written by this program's own compiler, its
    // code was audited, and the mapping is never taken back.
    let loaded = match unsafe { LoadedSite::load(mapped.site()) } {
        Ok(loaded) => Box::leak(Box::new(loaded)),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(3);
        }
    };
    let workers = arguments
        .workers
        .and_then(|count| NonZeroUsize::new(count.into()));
    let options = Options {
        io: arguments.io.choice(),
        workers,
        ..Options::default()
    };
    match zs_server::serve(loaded, &options) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(3),
    }
}

/// An object's sections in memory, references resolved. It stays for as long
/// as the process lives.
struct Mapped {
    site: NonNull<Site>,
}

impl Mapped {
    fn map(contents: &Contents) -> Result<Self, String> {
        let layout = Layout::of(contents);
        let base = reserve(layout.len)?;
        for (section, at) in &layout.places {
            let bytes = &contents.sections[section.0].bytes;
            // SAFETY: the layout gave the section this much room in the fresh
            // mapping, which nothing else knows.
            unsafe {
                base.add(*at)
                    .copy_from_nonoverlapping(NonNull::from(&bytes[..]).cast(), bytes.len());
            }
        }
        let address = |section: SectionId| base.as_ptr() as u64 + layout.places[&section] as u64;
        for (section, at) in &layout.places {
            for reference in &contents.sections[section.0].references {
                let symbol = &contents.symbols[reference.symbol.0];
                let target = match symbol.place {
                    Some((section, offset)) => address(section) + offset,
                    None => outside(&symbol.name)?,
                };
                let value = target.wrapping_add_signed(reference.addend);
                let place = base.as_ptr() as u64 + (*at as u64) + reference.offset;
                // SAFETY: the object's reader checked that references lie in
                // their section.
                let field = unsafe { base.add(*at + reference.offset as usize) };
                write(field, reference.kind, value, place)?;
            }
        }
        protect(base, 0..layout.executable, true)?;
        protect(base, layout.executable..layout.len, false)?;
        let site = contents
            .symbol(&site_symbol())
            .and_then(|symbol| contents.symbols[symbol.0].place);
        let (section, offset) = site.ok_or("the object has no site descriptor")?;
        // SAFETY: the descriptor lies in a section that was laid out.
        let site = unsafe { base.add(layout.places[&section] + offset as usize) };
        Ok(Self { site: site.cast() })
    }

    fn site(&self) -> &'static Site {
        // SAFETY: the compiler wrote a `Site` there, aligned, and the mapping is
        // read-only from now on and never taken back.
        unsafe { self.site.as_ref() }
    }
}

/// Where sections lie in the mapping: what is executed first, then the rest.
struct Layout {
    places: BTreeMap<SectionId, usize>,
    /// Bytes of the first, executable part.
    executable: usize,
    len: usize,
}

/// Parts with different protection do not share a page.
const PAGE: usize = 4096;

impl Layout {
    fn of(contents: &Contents) -> Self {
        let mut places = BTreeMap::new();
        let mut len = 0;
        let mut place = |executable| {
            for (number, section) in contents.sections.iter().enumerate() {
                if section.executable == executable {
                    let at = usize::next_multiple_of(len, section.align.max(1) as usize);
                    places.insert(SectionId(number), at);
                    len = at + section.bytes.len();
                }
            }
            len = len.next_multiple_of(PAGE);
            len
        };
        let executable = place(true);
        let len = place(false);
        Self {
            places,
            executable,
            len,
        }
    }
}

/// Address of a symbol of the runtime.
fn outside(name: &str) -> Result<u64, String> {
    let helper = Helper::ALL.iter().find(|helper| helper.symbol() == name);
    let capability = Capability::ALL
        .into_iter()
        .find(|known| known.symbol() == name);
    let address = match (helper, capability) {
        (Some(helper), _) => zs_server::helper_address(*helper),
        (None, Some(capability)) => Some(zs_server::capability::address(capability)),
        (None, None) => None,
    };
    let address = address.ok_or_else(|| format!("this runtime has no `{name}`"))?;
    Ok(address as u64)
}

/// Writes the value of a reference whose bytes will lie at `place`.
fn write(field: NonNull<u8>, kind: ReferenceKind, value: u64, place: u64) -> Result<(), String> {
    match kind {
        // SAFETY: the caller says that the field lies in a writable section;
        // its alignment is not relied on.
        ReferenceKind::Absolute64 => unsafe { field.cast::<u64>().write_unaligned(value) },
        ReferenceKind::Relative32 => {
            let distance = i32::try_from(value.wrapping_sub(place) as i64)
                .map_err(|_| "the object is too large to be mapped")?;
            // SAFETY: as above.
            unsafe { field.cast::<i32>().write_unaligned(distance) }
        }
    }
    Ok(())
}

fn reserve(len: usize) -> Result<NonNull<u8>, String> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: without MAP_FIXED the kernel chooses addresses that nobody uses.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(format!(
            "no memory for the site: {}",
            std::io::Error::last_os_error()
        ));
    }
    NonNull::new(start.cast()).ok_or_else(|| "no memory for the site".to_owned())
}

fn protect(base: NonNull<u8>, part: Range<usize>, executable: bool) -> Result<(), String> {
    let execute = if executable { libc::PROT_EXEC } else { 0 };
    // SAFETY: the part lies in the mapping, and everything in it was written.
    let result = unsafe {
        let start = base.add(part.start).as_ptr().cast();
        libc::mprotect(start, part.len(), libc::PROT_READ | execute)
    };
    if result == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(format!(
        "the system refuses to protect the site's code: {error}"
    ))
}

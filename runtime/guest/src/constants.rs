//! A site's constants, which every window shows.
#![expect(unsafe_code, reason = "memfd and its seals")]

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};

use zs_abi::layout::CONST_BYTES_MAX;

/// Bytes that lie once in memory and are mapped, read-only, into each window.
/// They are sealed: nobody can change them any more, not even this process.
#[derive(Debug)]
pub struct Constants {
    file: File,
    len: u32,
}

impl Constants {
    /// Copies and seals the bytes.
    ///
    /// # Errors
    /// If there are more than [`CONST_BYTES_MAX`] bytes, or the system refuses.
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if len > CONST_BYTES_MAX {
            let message = format!("{} bytes of constants are too many", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut file = sealable_file(c"zeroserve constants")?;
        file.write_all(bytes)?;
        seal(&file)?;
        Ok(Self { file, len })
    }

    /// How many bytes there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

fn sealable_file(name: &CStr) -> io::Result<File> {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: the name is a C string, and the call touches nothing else.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else has it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

fn seal(file: &File) -> io::Result<()> {
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
    // SAFETY: fcntl on a descriptor of our own, with an integer argument.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

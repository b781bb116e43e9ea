//! The encoders behind one face.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zs_abi::tables::{ENCODING_GZIP, Encoding};
use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder as ZstdEncoder;

use crate::exchange::Encoder;
use crate::limits::ZSTD_WINDOW_LOG;
use crate::pipe::Pipe;

/// The encoder of an encoding.
///
/// # Errors
/// If there is no memory for it, or it does not know the level.
pub(super) fn encoder(encoding: &Encoding) -> io::Result<Box<dyn Encoder>> {
    if encoding.kind == ENCODING_GZIP {
        let level = Compression::new(encoding.level);
        return Ok(Box::new(Gzip(Some(GzEncoder::new(Vec::new(), level)))));
    }
    let level = i32::try_from(encoding.level).unwrap_or_default();
    let mut inner = ZstdEncoder::new(Vec::new(), level)?;
    inner.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
    inner.include_checksum(encoding.checksum != 0)?;
    Ok(Box::new(Zstd(Some(inner))))
}

/// `None` once the body has ended.
#[derive(Debug)]
struct Gzip(Option<GzEncoder<Vec<u8>>>);

/// As [`Gzip`].
struct Zstd(Option<ZstdEncoder<'static, Vec<u8>>>);

impl std::fmt::Debug for Zstd {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Zstd")
    }
}

macro_rules! encodes {
    ($name:ident) => {
        impl Encoder for $name {
            fn write(&mut self, bytes: &[u8], flush: bool, out: &mut Pipe) -> io::Result<()> {
                let Some(inner) = &mut self.0 else {
                    return Err(io::ErrorKind::WriteZero.into());
                };
                inner.write_all(bytes)?;
                if flush {
                    inner.flush()?;
                }
                let made = inner.get_mut();
                out.push(made);
                made.clear();
                Ok(())
            }

            fn finish(&mut self, out: &mut Pipe) -> io::Result<()> {
                if let Some(inner) = self.0.take() {
                    out.push(&inner.finish()?);
                }
                Ok(())
            }
        }
    };
}

encodes!(Gzip);
encodes!(Zstd);

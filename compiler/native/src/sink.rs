//! Where assembled bytes go: labels, jumps that choose their length, records of
//! what is filled in later.

use dynasmrt::{AssemblyOffset, DynasmApi};

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot(u32);

/// Bytes under construction.
///
/// Jumps are emitted long at first. Once a function is complete it is known which
/// jumps would reach in their short form; the function is then emitted again with
/// those short. Shortening only brings things closer, so they still reach.
#[derive(Default)]
pub(crate) struct Sink {
    bytes: Vec<u8>,
    spots: Vec<Option<u32>>,
    jumps: Vec<Jump>,
    short: Vec<bool>,
}

struct Jump {
    /// End of the instruction; the distance stands before it and counts from it.
    end: u32,
    to: Spot,
    short: bool,
}

impl Sink {
    /// An empty sink; the jumps, in order, are as short as `short` says, and long
    /// where it says nothing.
    pub fn new(short: Vec<bool>) -> Self {
        Self {
            short,
            ..Self::default()
        }
    }

    /// Bytes so far.
    pub fn here(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// A new spot that is put into place later.
    pub fn spot(&mut self) -> Spot {
        self.spots.push(None);
        Spot(self.spots.len() as u32 - 1)
    }

    /// Puts a spot here.
    pub fn bind(&mut self, spot: Spot) {
        self.spots[spot.0 as usize] = Some(self.here());
    }

    /// Emits a jump: the short opcode byte, the long opcode bytes, the target.
    pub fn jump(&mut self, short_opcode: u8, long_opcode: &[u8], to: Spot) {
        let short = self.short.get(self.jumps.len()).copied().unwrap_or(false);
        if short {
            self.bytes.extend_from_slice(&[short_opcode, 0]);
        } else {
            self.bytes.extend_from_slice(long_opcode);
            self.bytes.extend_from_slice(&[0; 4]);
        }
        let end = self.here();
        self.jumps.push(Jump { end, to, short });
    }

    /// Which jumps would reach in their short form.
    pub fn shortable(&self) -> Vec<bool> {
        let jumps = self.jumps.iter();
        jumps
            .map(|jump| i8::try_from(self.distance(jump)).is_ok())
            .collect()
    }

    /// Fills in the jumps and gives the bytes.
    pub fn finish(mut self) -> Vec<u8> {
        for place in 0..self.jumps.len() {
            let jump = &self.jumps[place];
            let distance = self.distance(jump) as i32;
            let (end, short) = (jump.end as usize, jump.short);
            if short {
                let distance = i8::try_from(distance).expect("short jumps were measured");
                self.bytes[end - 1] = distance as u8;
            } else {
                self.bytes[end - 4..end].copy_from_slice(&distance.to_le_bytes());
            }
        }
        self.bytes
    }

    fn distance(&self, jump: &Jump) -> i64 {
        let target = self.spots[jump.to.0 as usize].expect("every spot that is used is bound");
        i64::from(target) - i64::from(jump.end)
    }
}

impl Extend<u8> for Sink {
    fn extend<T: IntoIterator<Item = u8>>(&mut self, bytes: T) {
        self.bytes.extend(bytes);
    }
}

impl<'a> Extend<&'a u8> for Sink {
    fn extend<T: IntoIterator<Item = &'a u8>>(&mut self, bytes: T) {
        self.bytes.extend(bytes);
    }
}

impl DynasmApi for Sink {
    fn offset(&self) -> AssemblyOffset {
        AssemblyOffset(self.bytes.len())
    }

    fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn align(&mut self, alignment: usize, with: u8) {
        let len = self.bytes.len().next_multiple_of(alignment);
        self.bytes.resize(len, with);
    }
}

//! The 8-byte form of an instruction (RFC 9669 §3).

/// One instruction slot: fields as they lie in the bytes, nothing checked.
/// [`Op::decode`](crate::Op::decode) says what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    /// Class in the low three bits; operation, source and size above.
    pub opcode: u8,
    /// Destination register number, 4 bits.
    pub dst: u8,
    /// Source register number or sub-code, 4 bits.
    pub src: u8,
    /// Displacement or jump distance.
    pub offset: i16,
    /// Immediate.
    pub imm: i32,
}

impl Insn {
    /// Bytes of one slot.
    pub const BYTES: usize = 8;

    /// Encodes with little-endian fields.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let offset = self.offset.to_le_bytes();
        let imm = self.imm.to_le_bytes();
        let registers = (self.src << 4) | (self.dst & 15);
        [
            self.opcode,
            registers,
            offset[0],
            offset[1],
            imm[0],
            imm[1],
            imm[2],
            imm[3],
        ]
    }

    /// Decodes little-endian fields. Every eight bytes are some `Insn`.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [opcode, registers, o0, o1, i0, i1, i2, i3] = bytes;
        Self {
            opcode,
            dst: registers & 15,
            src: registers >> 4,
            offset: i16::from_le_bytes([o0, o1]),
            imm: i32::from_le_bytes([i0, i1, i2, i3]),
        }
    }
}

//! Comparing a text with a constant: the constant becomes immediates of the
//! code.

use zs_bpf::{AluOp, Cond, FunctionBuilder, Label, Reg, Size};
use zs_data::DataBuilder;
use zs_ir::program::Compare;

/// Longest constant that is compared piece by piece; a longer one is compared
/// by a routine.
const INLINE_MAX: usize = 48;

/// Compares the text whose address is in `r1` and whose length is in `r2`;
/// goes on if it compares, else to `miss`. Changes `r0` to `r5`.
pub fn compare(
    code: &mut FunctionBuilder,
    data: &mut DataBuilder,
    compare: Compare,
    with: &[u8],
    miss: Label,
) {
    let len = with.len() as i32;
    match compare {
        Compare::Equal => {
            code.jump_if32(Cond::Ne, Reg::R2, len, miss);
            same(code, data, with, miss);
        }
        Compare::Prefix => {
            code.jump_if32(Cond::Lt, Reg::R2, len, miss);
            same(code, data, with, miss);
        }
        Compare::Suffix => {
            code.jump_if32(Cond::Lt, Reg::R2, len, miss);
            code.alu32(AluOp::Add, Reg::R1, Reg::R2);
            code.alu32(AluOp::Sub, Reg::R1, len);
            same(code, data, with, miss);
        }
        Compare::Contains => {
            let text = data.text(with);
            code.mov_imm(Reg::R3, text.guest().into());
            code.mov_imm(Reg::R4, text.len.into());
            code.call("find_bytes");
            code.jump_if(Cond::SLt, Reg::R0, 0, miss);
        }
    }
}

/// Compares the bytes at `r1`, as many as the constant has.
fn same(code: &mut FunctionBuilder, data: &mut DataBuilder, with: &[u8], miss: Label) {
    if with.len() > INLINE_MAX {
        let text = data.text(with);
        code.mov_imm(Reg::R2, text.guest().into());
        code.mov_imm(Reg::R3, text.len.into());
        code.call("bytes_equal");
        code.jump_if(Cond::Eq, Reg::R0, 0, miss);
        return;
    }
    for (at, size) in pieces(with.len()) {
        let bytes = &with[at..at + size.bytes() as usize];
        let value = bytes
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        code.load(size, Reg::R3, Reg::R1, at as i16);
        match size {
            Size::D => {
                code.mov_imm(Reg::R4, value);
                code.jump_if(Cond::Ne, Reg::R3, Reg::R4, miss);
            }
            _ => {
                code.jump_if32(Cond::Ne, Reg::R3, value as u32 as i32, miss);
            }
        }
    }
}

/// Covers a length with loads; the last one may overlap the one before it.
fn pieces(len: usize) -> Vec<(usize, Size)> {
    let size = match len {
        8.. => Size::D,
        4.. => Size::W,
        2.. => Size::H,
        1 => Size::B,
        0 => return Vec::new(),
    };
    let step = size.bytes() as usize;
    let mut pieces: Vec<(usize, Size)> = (0..len / step).map(|n| (n * step, size)).collect();
    match len % step {
        0 => {}
        1 if step == 2 => pieces.push((len - 1, Size::B)),
        _ => pieces.push((len - step, size)),
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_every_length_and_no_more() {
        for len in 0..40 {
            let mut covered = vec![false; len];
            for (at, size) in pieces(len) {
                covered[at..at + size.bytes() as usize].fill(true);
            }
            assert!(covered.iter().all(|covered| *covered), "{len}");
        }
    }
}

//! Copying memory: what a site's `memcpy` is.
//!
//! The C library that sites are linked with copies with one string
//! instruction, whose start-up costs more than copying the few dozen bytes
//! that header fields and records have. Measured on an HTTPS proxy, it was a
//! sixth of the whole time. This one moves up to 64 bytes with overlapping
//! loads, up to [`STRING_BYTES_MIN`] in steps of 64, and leaves the rest to the string
//! instruction. `zs-static` exports it; programs with another C library keep theirs.
#![expect(unsafe_code, reason = "assembly that copies memory")]

use std::arch::global_asm;

/// From here on the string instruction is faster.
pub const STRING_BYTES_MIN: usize = 2048;

unsafe extern "C" {
    /// As C's `memcpy`: copies `len` bytes from `from` to `to`, which do not
    /// overlap, and returns `to`.
    pub fn zs_memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8;
}

global_asm!(
    ".section .text.zs_memcpy,\"ax\",@progbits",
    ".p2align 4",
    ".globl zs_memcpy",
    ".type zs_memcpy, @function",
    "zs_memcpy:",
    ".cfi_startproc",
    "mov rax, rdi",
    "cmp rdx, 16",
    "jb 20f",
    "cmp rdx, 32",
    "ja 30f",
    // 16 to 32: two loads that may overlap.
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + rdx - 16]",
    "movups [rdi], xmm0",
    "movups [rdi + rdx - 16], xmm1",
    "ret",
    // Less than 16.
    "20:",
    "cmp edx, 8",
    "jb 21f",
    "mov rcx, [rsi]",
    "mov r8, [rsi + rdx - 8]",
    "mov [rdi], rcx",
    "mov [rdi + rdx - 8], r8",
    "ret",
    "21:",
    "cmp edx, 4",
    "jb 22f",
    "mov ecx, [rsi]",
    "mov r8d, [rsi + rdx - 4]",
    "mov [rdi], ecx",
    "mov [rdi + rdx - 4], r8d",
    "ret",
    "22:",
    "test edx, edx",
    "je 23f",
    "movzx ecx, byte ptr [rsi]",
    "mov [rdi], cl",
    "cmp edx, 2",
    "jb 23f",
    "movzx ecx, word ptr [rsi + rdx - 2]",
    "mov [rdi + rdx - 2], cx",
    "23:",
    "ret",
    // More than 32.
    "30:",
    "cmp rdx, 64",
    "ja 40f",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "movups xmm2, [rsi + rdx - 32]",
    "movups xmm3, [rsi + rdx - 16]",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "movups [rdi + rdx - 32], xmm2",
    "movups [rdi + rdx - 16], xmm3",
    "ret",
    // More than 64: steps of 64, then the last 64, which may overlap.
    "40:",
    "cmp rdx, {string}",
    "jae 50f",
    "lea r8, [rsi + rdx - 64]",
    "lea r9, [rdi + rdx - 64]",
    "41:",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "movups xmm2, [rsi + 32]",
    "movups xmm3, [rsi + 48]",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "movups [rdi + 32], xmm2",
    "movups [rdi + 48], xmm3",
    "add rsi, 64",
    "add rdi, 64",
    "cmp rsi, r8",
    "jb 41b",
    "movups xmm0, [r8]",
    "movups xmm1, [r8 + 16]",
    "movups xmm2, [r8 + 32]",
    "movups xmm3, [r8 + 48]",
    "movups [r9], xmm0",
    "movups [r9 + 16], xmm1",
    "movups [r9 + 32], xmm2",
    "movups [r9 + 48], xmm3",
    "ret",
    "50:",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    ".cfi_endproc",
    ".size zs_memcpy, . - zs_memcpy",
    ".text",
    string = const STRING_BYTES_MIN,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_every_length_at_every_offset_and_nothing_else() {
        let source: Vec<u8> = (0..5_000_u32)
            .map(|at| (at.wrapping_mul(167) >> 3) as u8)
            .collect();
        let lengths = (0..=300).chain([511, 512, 1_000, 2_047, 2_048, 2_049, 4_097]);
        for len in lengths {
            for offset in [0, 1, 7, 8, 15, 33] {
                let mut target = vec![0xa5_u8; len + 64];
                // SAFETY: both ranges lie in their vectors, which are apart.
                let returned = unsafe {
                    zs_memcpy(
                        target.as_mut_ptr().add(offset.min(31)),
                        source.as_ptr().add(offset),
                        len,
                    )
                };
                let start = offset.min(31);
                assert_eq!(returned, target[start..].as_mut_ptr());
                assert_eq!(
                    target[start..start + len],
                    source[offset..offset + len],
                    "{len} {offset}"
                );
                let around = target[..start].iter().chain(&target[start + len..]);
                assert!(
                    around.into_iter().all(|byte| *byte == 0xa5),
                    "{len} {offset}"
                );
            }
        }
    }
}

//! Copying memory: what a site's `memcpy` and `memmove` are.
//!
//! The C library that sites are linked with copies with one string
//! instruction, whose start-up costs more than copying the few dozen bytes
//! that header fields and records have. Measured on an HTTPS proxy, it was a
//! sixth of the whole time. These move up to 64 bytes with loads that may
//! overlap, more in steps of 64; `memcpy` leaves what is longer than
//! [`STRING_BYTES_MIN`] to the string instruction. `zs-static` exports them;
//! programs with another C library keep theirs.
//!
//! All bytes of a step are loaded before any is stored, and the last 64 (or,
//! going backwards, the first) before the first step, so that ranges may overlap.
#![expect(unsafe_code, reason = "assembly that copies memory")]

use std::arch::global_asm;

/// From here on the string instruction is faster.
pub const STRING_BYTES_MIN: usize = 2048;

unsafe extern "C" {
    /// As C's `memcpy`: copies `len` bytes from `from` to `to`, which do not
    /// overlap, and returns `to`.
    pub fn zs_memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8;

    /// As C's `memmove`: as [`zs_memcpy`], but the ranges may overlap.
    pub fn zs_memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8;
}

global_asm!(
    ".section .text.zs_memcpy,\"ax\",@progbits",
    ".p2align 4",
    ".globl zs_memmove",
    ".type zs_memmove, @function",
    "zs_memmove:",
    ".cfi_startproc",
    "mov rax, rdi",
    "cmp rdx, 64",
    "jbe 10f",
    "mov rcx, rdi",
    "sub rcx, rsi",
    "cmp rcx, rdx",
    "jae 40f",
    // The target begins inside the source: backwards, the first 64 last.
    "movups xmm4, [rsi]",
    "movups xmm5, [rsi + 16]",
    "movups xmm6, [rsi + 32]",
    "movups xmm7, [rsi + 48]",
    "5:",
    "movups xmm0, [rsi + rdx - 16]",
    "movups xmm1, [rsi + rdx - 32]",
    "movups xmm2, [rsi + rdx - 48]",
    "movups xmm3, [rsi + rdx - 64]",
    "movups [rdi + rdx - 16], xmm0",
    "movups [rdi + rdx - 32], xmm1",
    "movups [rdi + rdx - 48], xmm2",
    "movups [rdi + rdx - 64], xmm3",
    "sub rdx, 64",
    "cmp rdx, 64",
    "ja 5b",
    "movups [rdi], xmm4",
    "movups [rdi + 16], xmm5",
    "movups [rdi + 32], xmm6",
    "movups [rdi + 48], xmm7",
    "ret",
    ".cfi_endproc",
    ".size zs_memmove, . - zs_memmove",
    ".p2align 4",
    ".globl zs_memcpy",
    ".type zs_memcpy, @function",
    "zs_memcpy:",
    ".cfi_startproc",
    "mov rax, rdi",
    "cmp rdx, 64",
    "ja 30f",
    // At most 64.
    "10:",
    "cmp rdx, 16",
    "jb 20f",
    "cmp rdx, 32",
    "ja 11f",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + rdx - 16]",
    "movups [rdi], xmm0",
    "movups [rdi + rdx - 16], xmm1",
    "ret",
    "11:",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "movups xmm2, [rsi + rdx - 32]",
    "movups xmm3, [rsi + rdx - 16]",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "movups [rdi + rdx - 32], xmm2",
    "movups [rdi + rdx - 16], xmm3",
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
    "cmp edx, 2",
    "jb 23f",
    "movzx ecx, word ptr [rsi]",
    "movzx r8d, word ptr [rsi + rdx - 2]",
    "mov [rdi], cx",
    "mov [rdi + rdx - 2], r8w",
    "ret",
    "23:",
    "test edx, edx",
    "je 24f",
    "movzx ecx, byte ptr [rsi]",
    "mov [rdi], cl",
    "24:",
    "ret",
    "30:",
    "cmp rdx, {string}",
    "jae 50f",
    // More than 64, forwards: steps of 64, the last 64 at the end.
    "40:",
    "movups xmm4, [rsi + rdx - 64]",
    "movups xmm5, [rsi + rdx - 48]",
    "movups xmm6, [rsi + rdx - 32]",
    "movups xmm7, [rsi + rdx - 16]",
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
    "cmp rdi, r9",
    "jb 41b",
    "movups [r9], xmm4",
    "movups [r9 + 16], xmm5",
    "movups [r9 + 32], xmm6",
    "movups [r9 + 48], xmm7",
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

    #[test]
    fn ranges_that_overlap_are_moved() {
        let before: Vec<u8> = (0..6_000_u32)
            .map(|at| (at.wrapping_mul(167) >> 3) as u8)
            .collect();
        let shifts = [
            (0, 1),
            (1, 0),
            (0, 63),
            (63, 0),
            (65, 0),
            (0, 65),
            (5, 5),
            (0, 400),
        ];
        for len in (0..=300).chain([1_000, 2_047, 2_048, 5_000]) {
            for (from, to) in shifts {
                let (mut moved, mut expected) = (before.clone(), before.clone());
                expected.copy_within(from..from + len, to);
                let start = moved.as_mut_ptr();
                // SAFETY: both ranges lie in the vector.
                unsafe { zs_memmove(start.add(to), start.add(from), len) };
                assert!(moved == expected, "{len} bytes from {from} to {to}");
            }
        }
    }
}

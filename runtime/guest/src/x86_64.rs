//! The way into generated code and back on x86-64.
#![expect(unsafe_code, reason = "machine code that changes stacks")]

use std::arch::global_asm;

use zs_abi::layout::STACK_TOP;

use crate::landing::record_trap;

/// What an entry gives: the result, and whether the run was broken off.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub result: u64,
    pub faulted: u64,
}

unsafe extern "C" {
    /// Saves the registers that belong to our caller, writes the stack pointer to
    /// `stack`, and calls `entry` as the machine contract says: window base in
    /// r12, frame top in rbp, budget in r9, arguments in rdi and rsi, everything
    /// else that the program can read zero.
    pub(crate) fn zs_guest_enter(
        entry: *const u8,
        base: *mut u8,
        r1: u64,
        r2: u64,
        budget: u64,
        stack: *mut usize,
    ) -> Left;

    /// Where a broken-off run goes on, with the stack pointer that
    /// `zs_guest_enter` wrote.
    fn zs_guest_landing();

    /// Helper slot 0.
    fn zs_helper_trap();
}

/// Address of the function for helper slot 0, which generated code calls to
/// give up.
pub fn trap_address() -> *const u8 {
    zs_helper_trap as *const u8
}

/// Address of the landing.
pub(crate) fn landing_address() -> usize {
    zs_guest_landing as *const () as usize
}

global_asm!(
    ".text",
    ".p2align 4",
    ".globl zs_guest_enter",
    ".hidden zs_guest_enter",
    ".type zs_guest_enter, @function",
    "zs_guest_enter:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset rbp, 0",
    "push rbx",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset rbx, 0",
    "push r12",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r12, 0",
    "push r13",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r13, 0",
    "push r14",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r14, 0",
    "push r15",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r15, 0",
    "sub rsp, 8",
    ".cfi_adjust_cfa_offset 8",
    "mov [r9], rsp",
    "mov r11, rdi",
    "mov r12, rsi",
    "mov rdi, rdx",
    "mov rsi, rcx",
    "mov r9, r8",
    "xor eax, eax",
    "xor edx, edx",
    "xor ecx, ecx",
    "xor r8d, r8d",
    "xor ebx, ebx",
    "xor r13d, r13d",
    "xor r14d, r14d",
    "xor r15d, r15d",
    "mov ebp, {stack_top}",
    "call r11",
    "xor edx, edx",
    "2:",
    "add rsp, 8",
    ".cfi_adjust_cfa_offset -8",
    "pop r15",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore r15",
    "pop r14",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore r14",
    "pop r13",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore r13",
    "pop r12",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore r12",
    "pop rbx",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore rbx",
    "pop rbp",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore rbp",
    "ret",
    ".cfi_endproc",
    ".globl zs_guest_landing",
    ".hidden zs_guest_landing",
    ".type zs_guest_landing, @function",
    "zs_guest_landing:",
    // A fault may leave the direction flag as the code had it; the ABI wants it
    // clear.
    "cld",
    "mov edx, 1",
    "jmp 2b",
    ".size zs_guest_enter, . - zs_guest_enter",
    ".globl zs_helper_trap",
    ".type zs_helper_trap, @function",
    "zs_helper_trap:",
    "mov rsi, [rsp]",
    // The caller gives up with whatever it has pushed.
    "and rsp, -16",
    "call {record_trap}",
    "mov rsp, rax",
    "jmp zs_guest_landing",
    ".size zs_helper_trap, . - zs_helper_trap",
    stack_top = const STACK_TOP,
    record_trap = sym record_trap,
);

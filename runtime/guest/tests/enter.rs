//! Returning, trapping and faulting, with machine code written by hand.
#![cfg(target_arch = "x86_64")]
#![expect(unsafe_code, reason = "registers machine code")]

use std::arch::global_asm;
use std::time::Instant;

use zs_abi::Trap;
use zs_abi::layout::{CONST_BASE, SLOT_BASE, STACK_TOP};
use zs_guest::{Constants, FaultKind, GuestPtr, Text, Window, enter, running, trap_address};

// Entry functions as a translator would make them: they end in `ret`, and reach
// helpers through a table.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl guest_text, guest_text_end, guest_after_trap, guest_entries",
    "guest_text:",
    "guest_sum:",
    "lea rax, [rdi + rsi]",
    "ret",
    "guest_load:",
    "mov r11d, edi",
    "mov rax, [r12 + r11]",
    "ret",
    "guest_store:",
    "push rbx",
    "push r13",
    "mov rbx, -1",
    "mov r13, -1",
    "mov r11d, edi",
    "mov [r12 + r11 - 8], rsi",
    "mov rax, r9",
    "pop r13",
    "pop rbx",
    "ret",
    "guest_trap:",
    "push rbx",
    "call [rip + guest_helpers]",
    "guest_after_trap:",
    "guest_divide:",
    "xor ecx, ecx",
    "xor edx, edx",
    "div rcx",
    "guest_helper:",
    "push r9",
    "call [rip + guest_helpers + 8]",
    "pop r9",
    "ret",
    "guest_frame:",
    "mov rax, rbp",
    "add rax, rdx",
    "add rax, rcx",
    "add rax, r8",
    "add rax, rbx",
    "ret",
    "guest_text_end:",
    ".pushsection .data.rel.ro.guest_helpers, \"aw\"",
    ".p2align 3",
    "guest_helpers:",
    ".quad zs_helper_trap",
    ".quad {helper}",
    "guest_entries:",
    ".quad guest_sum, guest_load, guest_store, guest_trap, guest_divide, guest_helper, guest_frame",
    ".popsection",
    helper = sym helper,
);

unsafe extern "C" {
    safe static guest_text: u8;
    safe static guest_text_end: u8;
    safe static guest_after_trap: u8;
    safe static guest_entries: [*const u8; 7];
}

const SUM: u32 = 0;
const LOAD: u32 = 1;
const STORE: u32 = 2;
const TRAP: u32 = 3;
const DIVIDE: u32 = 4;
const HELPER: u32 = 5;
const FRAME: u32 = 6;

/// Writes its argument to the window of its caller, and tries to enter again.
extern "C" fn helper(value: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    let written = running(|window| {
        let slot = window.slice_mut(GuestPtr(SLOT_BASE), 8);
        slot.expect("slot is committed")
            .copy_from_slice(&value.to_le_bytes());
        let lent_twice = running(|_| ()).is_some();
        let nested = enter(text().entry(SUM).unwrap(), window, 1, 2, 0);
        assert!(!lent_twice);
        nested.unwrap_err().kind == FaultKind::Nested
    });
    u64::from(written == Some(true))
}

fn text() -> &'static Text {
    static TEXT: std::sync::OnceLock<Text> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| {
        assert_ne!(trap_address(), std::ptr::null());
        let start: *const u8 = &guest_text;
        let len = (&raw const guest_text_end as usize) - start as usize;
        // SAFETY: the code lies in this program, and so does its table.
        unsafe { Text::register(start, len, guest_entries.as_ptr(), 7) }.unwrap()
    })
}

fn window() -> Window {
    let constants = Constants::new(b"constant").unwrap();
    let mut window = Window::new(&constants).unwrap();
    window.commit(SLOT_BASE..SLOT_BASE + 0x1_0000).unwrap();
    window
}

fn offset(address: &u8) -> u32 {
    (&raw const *address as usize - &raw const guest_text as usize) as u32
}

#[test]
fn returns_results() {
    let mut window = window();
    let mut run = |entry, r1, r2| enter(text().entry(entry).unwrap(), &mut window, r1, r2, 77);
    assert_eq!(run(SUM, 30, 12), Ok(42));
    let constant = u64::from_le_bytes(*b"constant");
    assert_eq!(run(LOAD, CONST_BASE.into(), 0), Ok(constant));
    assert_eq!(run(STORE, STACK_TOP.into(), 9), Ok(77));
    assert_eq!(run(FRAME, 0, 0), Ok(STACK_TOP.into()));
    assert!(text().entry(7).is_none());
    let start = GuestPtr(STACK_TOP - 8);
    assert_eq!(window.slice(start, 8), Some(&9_u64.to_le_bytes()[..]));
}

#[test]
fn faults_end_runs() {
    let mut window = window();
    let mut run = |entry, r1| enter(text().entry(entry).unwrap(), &mut window, r1, 0, 0);
    // A truncated register reaches the last byte of the window; the 7 bytes
    // behind it lie in the guard.
    for address in [0, 8, CONST_BASE - 8, 0xffff_ffff] {
        let fault = run(LOAD, u64::from(address)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Memory);
        assert_eq!(fault.address, Some(i64::from(address)), "{address:#x}");
        assert_eq!(fault.pc_offset, Some(5 + 3));
    }
    let fault = run(STORE, u64::from(CONST_BASE) + 8).unwrap_err();
    assert_eq!(fault.address, Some(CONST_BASE.into()));
    assert_eq!(run(STORE, 3).unwrap_err().address, Some(-5));
    assert_eq!(run(DIVIDE, 0).unwrap_err().kind, FaultKind::Arithmetic);
    assert!(run(SUM, 0).is_ok());
}

#[test]
fn traps_name_their_place() {
    let mut window = window();
    let mut run = |code| enter(text().entry(TRAP).unwrap(), &mut window, code, 0, 0);
    let fault = run(1).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Trap(Trap::Budget));
    assert_eq!(fault.pc_offset, Some(offset(&guest_after_trap) - 1));
    assert_eq!(run(99).unwrap_err().kind, FaultKind::UnknownTrap(99));
}

#[test]
fn helpers_get_the_window_but_cannot_enter() {
    let mut window = window();
    let result = enter(text().entry(HELPER).unwrap(), &mut window, 5, 0, 0);
    assert_eq!(result, Ok(1));
    let slot = window.slice(GuestPtr(SLOT_BASE), 8);
    assert_eq!(slot, Some(&5_u64.to_le_bytes()[..]));
    assert!(running(|_| ()).is_none());
}

#[test]
fn threads_fault_on_their_own() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(faults_end_runs);
        }
    });
}

#[test]
fn entering_is_cheap() {
    let mut window = window();
    let entry = text().entry(SUM).unwrap();
    let runs = 1_000_000;
    let start = Instant::now();
    for run in 0..runs {
        std::hint::black_box(enter(entry, &mut window, run, 1, 0)).unwrap();
    }
    let each = start.elapsed().as_nanos() as u64 / runs;
    println!("an entry costs {each} ns");
    // A system call would cost far more, even in a debug build.
    assert!(each < 1_000, "an entry costs {each} ns");
}

//! Runs programs in the interpreter and natively and compares what they do.
#![expect(unsafe_code, reason = "maps and runs generated code")]
#![allow(dead_code, reason = "each test uses a part of this")]

pub mod random;

use std::ptr;

use zs_abi::Trap;
use zs_abi::layout::{FRAME_BYTES, FRAMES_MAX, SLOT_BASE, STACK_TOP};
use zs_audit::{Hint, Placed, Violation, audit};
use zs_bpf::{
    Access, EntryId, GuestMemory as _, HelperId, Helpers, Image, Memory, Module, StopReason,
    interpret, link,
};
use zs_guest::{Constants, Fault, FaultKind, GuestPtr, Text, Window, enter, trap_address};
use zs_native::{Code, Target, compile};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this result.
    Result(u64),
    /// It gave up.
    Trap(Trap),
    /// It touched this guest address.
    Memory(i64),
}

/// A run's end and what it left in its slot and on its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub end: End,
    pub slot: Vec<u8>,
    pub stack: Vec<u8>,
}

/// What a program is run with.
#[derive(Clone, Debug)]
pub struct Input {
    /// What its slot holds; the slot has whole pages.
    pub slot: Vec<u8>,
    pub r1: u64,
    pub r2: u64,
    pub budget: u64,
}

const STACK_BYTES: u32 = FRAME_BYTES * FRAMES_MAX;
const UNIT: usize = 0x1_0000;

/// Bytes of the slot that a run gets.
fn slot_bytes(input: &Input) -> usize {
    input.slot.len().max(1).next_multiple_of(UNIT)
}

/// Links one module.
pub fn image(module: Module) -> Image {
    link(&[module]).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs entry 0 both ways; fails where they differ.
pub fn run(image: &Image, input: &Input) -> End {
    let expected = interpreted(image, input);
    let code = compile(image, Target::X86_64).unwrap_or_else(|error| panic!("{error}\n{image}"));
    let found = native(&code, input);
    assert!(
        expected.end == found.end,
        "interpreter: {:?}, native: {:?}\n{image}",
        expected.end,
        found.end
    );
    assert!(expected.slot == found.slot, "slots differ\n{image}");
    assert!(expected.stack == found.stack, "stacks differ\n{image}");
    found.end
}

struct Mixing;

impl Helpers<Memory> for Mixing {
    fn call(&mut self, helper: HelperId, arguments: [u64; 5], _: &mut Memory) -> Option<u64> {
        let [a, b, c, d, e] = arguments;
        (helper == MIX).then(|| mix(a, b, c, d, e))
    }
}

/// The only helper of these tests.
pub const MIX: HelperId = HelperId(5);

extern "C" fn mix(a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
    let mixed = [a, b, c, d, e].into_iter().fold(7_u64, |all, one| {
        (all.rotate_left(9) ^ one).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    // Leave garbage where the program must not look, and where it must not
    // lose anything.
    // SAFETY: only registers that a C function may change.
    unsafe {
        std::arch::asm!(
            "mov rdi, -1", "mov rsi, -1", "mov rdx, -1", "mov rcx, -1", "mov r8, -1",
            "mov r9, -1", "mov r10, -1", "mov r11, -1",
            out("rdi") _, out("rsi") _, out("rdx") _, out("rcx") _, out("r8") _,
            out("r9") _, out("r10") _, out("r11") _,
        );
    }
    mixed
}

pub fn interpreted(image: &Image, input: &Input) -> Outcome {
    let mut memory = Memory::with_stack();
    memory.map(SLOT_BASE, slot_bytes(input), Access::Write);
    memory.poke(SLOT_BASE.into(), &input.slot).unwrap();
    let arguments = [input.r1, input.r2];
    let run = interpret(
        image,
        EntryId(0),
        arguments,
        input.budget,
        &mut memory,
        &mut Mixing,
    );
    let end = match run {
        Ok(result) => End::Result(result),
        Err(stop) => match stop.reason {
            StopReason::Trap(trap) => End::Trap(trap),
            StopReason::Memory(bad) => End::Memory(bad.address),
            _ => panic!("{stop}\n{image}"),
        },
    };
    let mut slot = vec![0; slot_bytes(input)];
    memory.read(SLOT_BASE.into(), &mut slot).unwrap();
    let mut stack = vec![0; STACK_BYTES as usize];
    let bottom = STACK_TOP - STACK_BYTES;
    memory.read(bottom.into(), &mut stack).unwrap();
    Outcome { end, slot, stack }
}

pub fn native(code: &Code, input: &Input) -> Outcome {
    let mapped = Mapped::new(code);
    let (result, slot, stack) = entered(&mapped, input);
    let end = match result {
        Ok(result) => End::Result(result),
        Err(fault) => match fault.kind {
            FaultKind::Trap(trap) => End::Trap(trap),
            FaultKind::Memory => End::Memory(fault.address.unwrap()),
            _ => panic!("{fault}"),
        },
    };
    Outcome { end, slot, stack }
}

/// Enters mapped code; gives the result, and what is in the slot and on the stack
/// then.
pub fn entered(mapped: &Mapped, input: &Input) -> (Result<u64, Fault>, Vec<u8>, Vec<u8>) {
    let mut window = Window::new(&Constants::new(b"").unwrap()).unwrap();
    let slot_bytes = slot_bytes(input) as u32;
    window.commit(SLOT_BASE..SLOT_BASE + slot_bytes).unwrap();
    let slot = window.slice_mut(GuestPtr(SLOT_BASE), slot_bytes).unwrap();
    slot[..input.slot.len()].copy_from_slice(&input.slot);
    let entry = mapped.text.entry(0).unwrap();
    let result = enter(entry, &mut window, input.r1, input.r2, input.budget);
    let slot = window.slice(GuestPtr(SLOT_BASE), slot_bytes).unwrap();
    let bottom = GuestPtr(STACK_TOP - STACK_BYTES);
    let stack = window.slice(bottom, STACK_BYTES).unwrap();
    (result, slot.to_vec(), stack.to_vec())
}

/// Machine code in memory, with its tables behind it.
pub struct Mapped {
    pub text: Text,
    start: *mut libc::c_void,
    len: usize,
}

impl Mapped {
    pub fn new(code: &Code) -> Self {
        Self::changed(code, |_| ()).unwrap_or_else(|violation| {
            panic!("{violation}\n{}", zs_audit::listing(&code.text, |_| None))
        })
    }

    /// Maps code whose placed bytes are changed first, if the audit accepts it.
    pub fn changed(code: &Code, change: impl FnOnce(&mut Vec<u8>)) -> Result<Self, Violation> {
        let text_bytes = code.text.len().next_multiple_of(4096).max(4096);
        let table_bytes = (code.helpers.len() + code.entries.len()) * 8;
        let len = text_bytes + table_bytes.next_multiple_of(4096);
        // SAFETY: a new mapping, which is written before it becomes executable.
        unsafe {
            let start = libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(start, libc::MAP_FAILED);
            let base = start as u64;
            let helpers = base + text_bytes as u64;
            let entries = helpers + code.helpers.len() as u64 * 8;
            let mut bytes = code.place(base, helpers, entries).unwrap();
            change(&mut bytes);
            if let Err(violation) = audited(code, &bytes, base, helpers, entries) {
                libc::munmap(start, len);
                return Err(violation);
            }
            ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), bytes.len());
            let table = helpers as *mut u64;
            for (slot, helper) in code.helpers.iter().enumerate() {
                let address = if slot == 0 {
                    trap_address() as u64
                } else {
                    assert_eq!(*helper, MIX);
                    mix as *const () as u64
                };
                table.add(slot).write(address);
            }
            let table = entries as *mut u64;
            for (number, entry) in code.entries.iter().enumerate() {
                table.add(number).write(base + u64::from(*entry));
            }
            let read_execute = libc::PROT_READ | libc::PROT_EXEC;
            assert_eq!(libc::mprotect(start, text_bytes, read_execute), 0);
            let text = Text::register(
                start.cast(),
                code.text.len(),
                entries as *const *const u8,
                code.entries.len() as u32,
            );
            Ok(Self {
                text: text.unwrap(),
                start,
                len,
            })
        }
    }
}

/// Everything that runs was audited.
fn audited(
    code: &Code,
    text: &[u8],
    address: u64,
    helpers_address: u64,
    entries_address: u64,
) -> Result<(), Violation> {
    let functions: Vec<_> = code.functions.iter().map(|f| f.range.clone()).collect();
    let hint = |fact: &zs_native::Fact| Hint {
        offset: fact.offset,
        zero_extended: fact.zero_extended,
    };
    let hints: Vec<_> = code.facts.iter().map(hint).collect();
    let placed = Placed {
        text,
        address,
        functions: &functions,
        entries: &code.entries,
        entries_address,
        helpers_address,
        helper_count: code.helpers.len() as u32,
        hints: &hints,
    };
    audit(&placed).map(|_| ())
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and its code runs no more.
        unsafe { libc::munmap(self.start, self.len) };
    }
}

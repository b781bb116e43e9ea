//! For each rule: code that keeps it, and the same code with one change that this
//! rule alone catches.

use std::ops::Range;

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynasmApi, DynasmLabelApi, VecAssembler, dynasm};
use zs_abi::layout::{FRAME_BYTES, FRAMES_MAX, STACK_TOP};
use zs_audit::{Hint, Placed, Rule, audit, audit_ignoring};

type Ops = VecAssembler<X64Relocation>;

const ADDRESS: u64 = 0x10_0000;
const HELPERS: u64 = 0x20_0000;
const ENTRIES: u64 = 0x30_0000;
const FRAME: i32 = FRAME_BYTES as i32;
const DEEPEST: i32 = (STACK_TOP - (FRAMES_MAX - 1) * FRAME_BYTES) as i32;

/// Code with its claims.
struct Sample {
    ops: Ops,
    /// Distances to be filled in.
    patches: Vec<(usize, i32)>,
    functions: Vec<Range<u32>>,
    entries: Vec<u32>,
    hints: Vec<Hint>,
}

impl Sample {
    /// Two functions: a small one that others call, and the one that is built.
    fn new(build: impl FnOnce(&mut Self)) -> Self {
        let mut sample = Self {
            ops: Ops::new(ADDRESS as usize),
            patches: Vec::new(),
            functions: Vec::new(),
            entries: Vec::new(),
            hints: Vec::new(),
        };
        dynasm!(sample.ops ; .arch x64 ; ->callee: ; mov eax, edi ; ret ; int3 ; int3 ; int3);
        sample.functions.push(0..3);
        sample.entries.push(0);
        let start = sample.at();
        build(&mut sample);
        sample.functions.push(start..sample.at());
        sample
    }

    fn at(&self) -> u32 {
        self.ops.offset().0 as u32
    }

    /// Claims that jumps arrive here, and that the registers are zero-extended.
    fn hint(&mut self, registers: &[u8]) {
        let zero_extended = registers.iter().fold(0, |bits, number| bits | 1 << number);
        let offset = self.at();
        self.hints.push(Hint {
            offset,
            zero_extended,
        });
    }

    /// Calls a slot of the table of helpers.
    fn slot(&mut self, slot: u64) {
        dynasm!(self.ops ; .arch x64 ; call QWORD [rip + 0]);
        self.point(HELPERS + slot * 8);
    }

    /// Makes the instruction before refer to an address.
    fn point(&mut self, address: u64) {
        let here = ADDRESS + u64::from(self.at());
        let distance = address.wrapping_sub(here) as i32;
        self.patches.push((self.at() as usize - 4, distance));
    }

    /// The code, complete.
    fn text(&mut self) -> Vec<u8> {
        let ops = std::mem::replace(&mut self.ops, Ops::new(0));
        let mut text = ops.finalize().unwrap();
        for (at, distance) in &self.patches {
            text[*at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        text
    }

    fn trap(&mut self, code: i32) {
        dynasm!(self.ops ; .arch x64 ; mov edi, code);
        self.slot(0);
    }
}

/// What the rules say of a sample, with one of them ignored or none.
fn verdict(sample: &Sample, text: &[u8], ignored: Option<Rule>) -> Option<Rule> {
    let placed = Placed {
        text,
        address: ADDRESS,
        functions: &sample.functions,
        entries: &sample.entries,
        entries_address: ENTRIES,
        helpers_address: HELPERS,
        helper_count: 2,
        hints: &sample.hints,
    };
    let checked = match ignored {
        Some(_) => audit_ignoring(&placed, ignored),
        None => audit(&placed),
    };
    checked.err().map(|violation| violation.rule)
}

/// `build(sample, false)` keeps all rules; `build(sample, true)` breaks this one.
fn check(rule: Rule, build: impl Fn(&mut Sample, bool)) {
    for broken in [false, true] {
        let mut sample = Sample::new(|sample| build(sample, broken));
        let text = sample.text();
        let expected = broken.then_some(rule);
        let found = verdict(&sample, &text, None);
        assert_eq!(found, expected, "{rule}, broken: {broken}");
        let alone = verdict(&sample, &text, Some(rule));
        assert_eq!(alone, None, "{rule} is not alone");
    }
}

macro_rules! x64 {
    ($sample:ident $($code:tt)*) => { dynasm!($sample.ops ; .arch x64 $($code)*) };
}

#[test]
fn decode() {
    check(Rule::Decode, |s, broken| {
        x64!(s ; mov eax, edi ; ret);
        if broken {
            x64!(s ; .bytes [0x06]);
        }
    });
}

#[test]
fn instruction() {
    let unlisted: [&[u8]; 8] = [
        &[0x0f, 0x05],             // syscall
        &[0xcd, 0x80],             // int 0x80
        &[0xf4],                   // hlt
        &[0x0f, 0x31],             // rdtsc
        &[0xf3, 0xa4],             // rep movsb
        &[0x65, 0x48, 0x89, 0xc0], // mov rax, rax, with a segment prefix
        &[0x0f, 0x01, 0xd0],       // xgetbv
        &[0x9d],                   // popfq
    ];
    for bytes in unlisted {
        let sample = |broken| {
            Sample::new(|s| {
                if broken {
                    s.ops.extend(bytes.iter());
                }
                x64!(s ; mov eax, edi ; ret);
            })
        };
        for broken in [false, true] {
            let mut sample = sample(broken);
            let text = sample.text();
            let found = verdict(&sample, &text, None);
            let expected = broken.then_some(Rule::Instruction);
            assert_eq!(found, expected, "{bytes:x?}");
        }
    }
    check(Rule::Instruction, |s, broken| {
        if broken {
            x64!(s ; not rax);
        }
        x64!(s ; mov eax, edi ; ret);
    });
}

#[test]
fn access() {
    check(Rule::Access, |s, broken| {
        x64!(s ; mov edi, edi);
        if broken {
            x64!(s ; mov rax, [rdi + 8]);
        } else {
            x64!(s ; mov rax, [r12 + rdi + 8]);
        }
        x64!(s ; ret);
    });
    check(Rule::Access, |s, broken| {
        let displacement = if broken { 0x8000 } else { 0x7fff };
        x64!(s ; mov edi, edi ; mov rax, [r12 + rdi + displacement] ; ret);
    });
    check(Rule::Access, |s, broken| {
        x64!(s ; mov edi, edi);
        if broken {
            x64!(s ; mov rax, [r12 + rdi * 2]);
        } else {
            x64!(s ; mov rax, [r12 + rdi]);
        }
        x64!(s ; ret);
    });
}

#[test]
fn index() {
    check(Rule::Index, |s, broken| {
        if broken {
            x64!(s ; mov r11, rdi);
        } else {
            x64!(s ; mov r11d, edi);
        }
        x64!(s ; mov rax, [r12 + r11] ; ret);
    });
    // A conditional write of the low half proves nothing.
    check(Rule::Index, |s, broken| {
        x64!(s ; mov r11d, edi ; lock cmpxchg [r12 + r11], ecx);
        if !broken {
            x64!(s ; mov eax, eax);
        }
        x64!(s ; mov rax, [r12 + rax] ; ret);
    });
    // Nor do writes of a part, copies of the unknown, or what a call leaves.
    check(Rule::Index, |s, broken| {
        if broken {
            x64!(s ; movzx ax, dil);
        } else {
            x64!(s ; movzx eax, dil);
        }
        x64!(s ; mov rax, [r12 + rax] ; ret);
    });
    check(Rule::Index, |s, broken| {
        x64!(s ; sub rsp, 8 ; mov edi, edi ; mov [rsp], r9);
        s.slot(1);
        x64!(s ; mov r9, [rsp]);
        if !broken {
            x64!(s ; mov edi, edi);
        }
        x64!(s ; mov rax, [r12 + rdi] ; add rsp, 8 ; ret);
    });
}

#[test]
fn guest_frame() {
    check(Rule::GuestFrame, |s, broken| {
        let displacement = if broken { -4 } else { -8 };
        x64!(s ; mov rax, [r12 + rbp + displacement] ; ret);
    });
    check(Rule::GuestFrame, |s, broken| {
        let displacement = if broken { -FRAME - 1 } else { -FRAME };
        x64!(s ; mov [r12 + rbp + displacement], rdi ; xor eax, eax ; ret);
    });
}

#[test]
fn claim() {
    // A jump forwards without what is claimed at its target.
    check(Rule::Claim, |s, broken| {
        if !broken {
            x64!(s ; mov edi, edi);
        }
        x64!(s ; test esi, esi ; jz >skip ; mov edi, edi);
        x64!(s ; skip:);
        s.hint(&[7]);
        x64!(s ; mov rax, [r12 + rdi] ; ret);
    });
    // One backwards.
    check(Rule::Claim, |s, broken| {
        x64!(s ; mov edi, edi);
        s.hint(&[7]);
        x64!(s ; again: ; mov rax, [r12 + rdi]);
        if broken {
            x64!(s ; add rdi, 8);
        } else {
            x64!(s ; add edi, 8);
        }
        x64!(s ; sub r9, BYTE 1 ; jae <again);
        s.trap(1);
    });
    // The way from above.
    check(Rule::Claim, |s, broken| {
        if !broken {
            x64!(s ; mov edi, edi);
        }
        s.hint(&[7]);
        x64!(s ; mov rax, [r12 + rdi] ; ret);
    });
}

#[test]
fn stack() {
    check(Rule::Stack, |s, broken| {
        x64!(s ; push rbx ; mov rbx, rdi ; mov eax, ebx);
        if !broken {
            x64!(s ; pop rbx);
        }
        x64!(s ; ret);
    });
    check(Rule::Stack, |s, broken| {
        let displacement = if broken { 16 } else { 8 };
        x64!(s ; sub rsp, 16 ; mov [rsp + displacement], rdi ; xor eax, eax ; add rsp, 16 ; ret);
    });
    check(Rule::Stack, |s, broken| {
        if broken {
            x64!(s ; mov rax, [rsp + 0]);
        }
        x64!(s ; mov eax, edi ; ret);
    });
    check(Rule::Stack, |s, broken| {
        x64!(s ; push rbx ; push r13 ; mov rbx, rdi ; mov r13, rsi ; mov eax, ebx);
        if broken {
            x64!(s ; pop rbx ; pop r13);
        } else {
            x64!(s ; pop r13 ; pop rbx);
        }
        x64!(s ; ret);
    });
}

#[test]
fn saved() {
    check(Rule::Saved, |s, broken| {
        x64!(s ; push rbx ; mov rbx, rdi);
        if broken {
            x64!(s ; mov r13, rdi);
        }
        x64!(s ; mov rax, rbx ; pop rbx ; ret);
    });
    check(Rule::Saved, |s, broken| {
        x64!(s ; push rbx ; mov rbx, rdi ; mov rax, rbx ; pop rbx);
        if broken {
            x64!(s ; mov ebx, 1);
        }
        x64!(s ; ret);
    });
}

#[test]
fn reserved() {
    let changes: [fn(&mut Sample); 7] = [
        |s| x64!(s ; add r12, rdi),
        |s| x64!(s ; mov ebp, edi),
        |s| x64!(s ; mov r9, rdi),
        |s| x64!(s ; add r9, 1),
        |s| x64!(s ; mov rdi, r12),
        |s| x64!(s ; mov rdi, rsp),
        |s| x64!(s ; lea rdi, [rsp + 8]),
    ];
    for change in changes {
        check(Rule::Reserved, |s, broken| {
            if broken {
                change(s);
            }
            x64!(s ; mov eax, edi ; ret);
        });
    }
}

#[test]
fn budget() {
    // A jump backwards for nothing.
    check(Rule::Budget, |s, broken| {
        x64!(s ; mov rax, rdi);
        s.hint(&[]);
        x64!(s ; again: ; sub rdi, 1);
        if broken {
            x64!(s ; jnz <again ; ret);
        } else {
            x64!(s ; jz >done ; sub r9, BYTE 1 ; jae <again);
            s.trap(1);
            x64!(s ; done:);
            s.hint(&[]);
            x64!(s ; ret);
        }
    });
    // An exhausted budget that stops nothing.
    check(Rule::Budget, |s, broken| {
        x64!(s ; mov rax, rdi);
        s.hint(&[]);
        x64!(s ; again: ; add rax, 1 ; sub r9, BYTE 1 ; jae <again);
        if broken {
            x64!(s ; ret);
        } else {
            s.trap(1);
        }
    });
    // A local call for nothing.
    check(Rule::Budget, |s, broken| local_call(s, !broken, true, true));
    // A payment whose failure goes unnoticed.
    check(Rule::Budget, |s, broken| {
        if broken {
            x64!(s ; sub r9, BYTE 1);
        }
        x64!(s ; mov eax, edi ; ret);
    });
}

/// A local call, with payment, check of the depth and alignment, or without.
fn local_call(s: &mut Sample, paid: bool, checked: bool, aligned: bool) {
    let words = if aligned { 8 } else { 16 };
    x64!(s ; sub rsp, BYTE words);
    if paid {
        x64!(s ; sub r9, BYTE 1 ; jb >exhausted);
    }
    if checked {
        x64!(s ; cmp ebp, DEEPEST ; jbe >deep);
    }
    x64!(s ; sub rbp, FRAME ; call ->callee ; add rbp, FRAME ; add rsp, BYTE words ; ret);
    if paid {
        x64!(s ; exhausted:);
        s.trap(1);
    }
    if checked {
        x64!(s ; deep:);
        s.trap(3);
    }
}

#[test]
fn call_target() {
    check(Rule::CallTarget, |s, broken| {
        x64!(s ; sub rsp, 8 ; sub r9, BYTE 1 ; jb >out);
        x64!(s ; cmp ebp, DEEPEST ; jbe >out);
        x64!(s ; sub rbp, FRAME);
        if broken {
            x64!(s ; call ->callee + 2);
        } else {
            x64!(s ; call ->callee);
        }
        x64!(s ; add rbp, FRAME ; add rsp, 8 ; ret ; out:);
        s.trap(1);
    });
}

#[test]
fn call_depth() {
    check(Rule::CallDepth, |s, broken| {
        local_call(s, true, !broken, true)
    });
    // A frame that is not taken back.
    check(Rule::CallDepth, |s, broken| {
        x64!(s ; sub rsp, 8 ; sub r9, BYTE 1 ; jb >out);
        x64!(s ; cmp ebp, DEEPEST ; jbe >out);
        x64!(s ; sub rbp, FRAME ; call ->callee);
        if !broken {
            x64!(s ; add rbp, FRAME);
        }
        x64!(s ; add rsp, 8 ; ret ; out:);
        s.trap(1);
    });
}

#[test]
fn helper() {
    // A slot that the table does not have.
    check(Rule::Helper, |s, broken| {
        x64!(s ; sub rsp, 8 ; mov [rsp], r9);
        s.slot(if broken { 2 } else { 1 });
        x64!(s ; mov r9, [rsp] ; add rsp, 8 ; ret);
    });
    // A budget that the helper may change.
    check(Rule::Helper, |s, broken| {
        x64!(s ; sub rsp, 8);
        if !broken {
            x64!(s ; mov [rsp], r9);
        }
        s.slot(1);
        x64!(s ; mov r9, [rsp] ; add rsp, 8 ; ret);
    });
    check(Rule::Helper, |s, broken| {
        x64!(s ; sub rsp, 8 ; mov [rsp], r9);
        s.slot(1);
        if !broken {
            x64!(s ; mov r9, [rsp]);
        }
        x64!(s ; add rsp, 8 ; ret);
    });
    // A pointer that is not the table's.
    check(Rule::Helper, |s, broken| {
        x64!(s ; sub rsp, 8 ; mov [rsp], r9);
        if broken {
            x64!(s ; call rax);
        } else {
            s.slot(1);
        }
        x64!(s ; mov r9, [rsp] ; add rsp, 8 ; ret);
    });
}

#[test]
fn alignment() {
    check(Rule::Alignment, |s, broken| {
        local_call(s, true, true, !broken)
    });
}

#[test]
fn indirect_jump() {
    let tail_call = |s: &mut Sample, count: i32, table: u64, paid: bool| {
        if paid {
            x64!(s ; sub r9, BYTE 1 ; jb >out);
        }
        x64!(s ; mov r11d, edi ; cmp r11d, count ; jae >out ; lea r10, [rip + 0]);
        s.point(table);
        x64!(s ; jmp QWORD [r10 + r11 * 8] ; out:);
        s.trap(2);
    };
    check(Rule::IndirectJump, |s, broken| {
        tail_call(s, if broken { 2 } else { 1 }, ENTRIES, true);
    });
    check(Rule::IndirectJump, |s, broken| {
        tail_call(s, 1, if broken { HELPERS } else { ENTRIES }, true);
    });
    check(Rule::Budget, |s, broken| tail_call(s, 1, ENTRIES, !broken));
    check(Rule::IndirectJump, |s, broken| {
        x64!(s ; sub r9, BYTE 1 ; jb >out);
        x64!(s ; mov r11d, edi ; cmp r11d, 1 ; jae >out ; lea r10, [rip + 0]);
        s.point(ENTRIES);
        if broken {
            x64!(s ; jmp QWORD [r10 + r11 * 8 + 8]);
        } else {
            x64!(s ; jmp QWORD [r10 + r11 * 8]);
        }
        x64!(s ; out:);
        s.trap(2);
    });
}

#[test]
fn jump_target() {
    // Into an instruction, behind the check that stands before it.
    check(Rule::JumpTarget, |s, broken| {
        let inside = i32::from(broken) * 2;
        x64!(s ; test edi, edi ; jz >target + inside as isize ; xor eax, eax ; target: ; mov eax, 1 ; ret);
    });
    // Out of the function.
    check(Rule::JumpTarget, |s, broken| {
        x64!(s ; test edi, edi);
        if broken {
            x64!(s ; jz ->callee);
        }
        x64!(s ; xor eax, eax ; ret);
    });
    // Into a sequence: past a payment, before the branch on it.
    check(Rule::JumpTarget, |s, broken| {
        x64!(s ; test edi, edi);
        if broken {
            x64!(s ; jz >inside ; sub r9, BYTE 1);
        } else {
            x64!(s ; jz >inside);
        }
        x64!(s ; inside: ; mov eax, edi ; ret);
    });
}

#[test]
fn fall_through() {
    check(Rule::FallThrough, |s, broken| {
        x64!(s ; mov eax, edi);
        if !broken {
            x64!(s ; ret);
        }
    });
}

#[test]
fn entry_point() {
    check(Rule::EntryPoint, |s, broken| {
        s.entries.push(if broken { 2 } else { 0 });
        x64!(s ; mov eax, edi ; ret);
    });
}

#[test]
fn padding() {
    check(Rule::Padding, |s, broken| {
        let filler = if broken { 0x90 } else { 0xcc };
        let bytes = [0xc3, 0xcc, filler, 0xcc];
        s.patches.push((2, i32::from_le_bytes(bytes)));
        x64!(s ; mov eax, edi ; ret);
    });
}

#[test]
fn every_rule_has_a_name() {
    let mut names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), 19);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Rule::ALL.len());
}

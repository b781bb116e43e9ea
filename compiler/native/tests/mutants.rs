//! Spoiled code is refused by the audit, or harmless.
//!
//! Bits of good code are flipped. A second, much simpler judge looks at the flipped
//! instruction alone and knows some that must never be accepted. What the audit
//! accepts is run: it must end by itself, within its window.

mod support;

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};
use support::random::{Random, program};
use support::{Input, Mapped, entered, image};
use zs_abi::layout::SLOT_BASE;
use zs_guest::FaultKind;
use zs_native::{Target, compile};

#[derive(Debug, Default)]
struct Score {
    mutants: u32,
    refused: u32,
    condemned: u32,
    missed: Vec<String>,
}

#[test]
fn flipped_bits_are_caught() {
    let programs = std::env::var("ZS_MUTATED").map_or(40, |n| n.parse().unwrap());
    let mut score = Score::default();
    for seed in 1..=programs {
        let mut random = Random(seed * 0x51_7cc1);
        let image = image(program(&mut random));
        let code = compile(&image, Target::X86_64).unwrap();
        let starts: Vec<u64> = Decoder::with_ip(64, &code.text, 0, DecoderOptions::NONE)
            .iter()
            .map(|instruction| instruction.ip())
            .collect();
        let input = Input {
            slot: (0..0x1_0000).map(|_| random.next() as u8).collect(),
            r1: SLOT_BASE.into(),
            r2: random.value(),
            budget: 500,
        };
        for _ in 0..100 {
            let at = random.below(code.text.len() as u64) as usize;
            let flip = 1 << random.below(8);
            let mut mutant = None;
            let mapped = Mapped::changed(&code, |text| {
                text[at] ^= flip;
                let start = starts[starts.partition_point(|start| *start <= at as u64) - 1];
                let before = text[start as usize..].to_vec();
                mutant = Some(one(&before));
            });
            score.mutants += 1;
            let mutant = mutant.expect("every mutant is looked at");
            let condemned = condemned(&mutant);
            score.condemned += u32::from(condemned);
            match mapped {
                Err(_) => score.refused += 1,
                Ok(_) if condemned => score.missed.push(format!("{mutant} at {at:#x}")),
                Ok(mapped) => harmless(&mapped, &input),
            }
        }
    }
    let percent = score.refused * 100 / score.mutants;
    println!(
        "{} mutants, {} refused ({percent} %), {} condemned, {} of them missed",
        score.mutants,
        score.refused,
        score.condemned,
        score.missed.len()
    );
    assert!(score.missed.is_empty(), "{:#?}", score.missed);
    assert!(score.condemned > score.mutants / 20);
}

/// The first instruction of some code.
fn one(code: &[u8]) -> Instruction {
    Decoder::with_ip(64, code, 0, DecoderOptions::NONE).decode()
}

/// Whether an instruction is one that no good code has, by itself.
fn condemned(instruction: &Instruction) -> bool {
    let forbidden = matches!(
        instruction.mnemonic(),
        Mnemonic::INVALID
            | Mnemonic::Syscall
            | Mnemonic::Sysenter
            | Mnemonic::Int
            | Mnemonic::Int1
            | Mnemonic::Hlt
            | Mnemonic::In
            | Mnemonic::Out
            | Mnemonic::Iretq
            | Mnemonic::Leave
            | Mnemonic::Enter
            | Mnemonic::Popfq
            | Mnemonic::Retf
    );
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(instruction);
    let spoils = |register: Register| {
        info.used_registers().iter().any(|used| {
            used.register().full_register() == register
                && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
        })
    };
    let stack = matches!(
        instruction.mnemonic(),
        Mnemonic::Push
            | Mnemonic::Pop
            | Mnemonic::Call
            | Mnemonic::Ret
            | Mnemonic::Add
            | Mnemonic::Sub
    );
    let escapes = instruction.mnemonic() != Mnemonic::Lea
        && (0..instruction.op_count()).any(|n| instruction.op_kind(n) == OpKind::Memory)
        && !matches!(
            instruction.memory_base(),
            Register::R12 | Register::RSP | Register::RIP | Register::R10
        );
    let segment = matches!(instruction.segment_prefix(), Register::FS | Register::GS);
    forbidden || spoils(Register::R12) || (spoils(Register::RSP) && !stack) || escapes || segment
}

/// Accepted code comes back, however it ends.
fn harmless(mapped: &Mapped, input: &Input) {
    let (result, ..) = entered(mapped, input);
    if let Err(fault) = result {
        let expected = matches!(
            fault.kind,
            FaultKind::Trap(_)
                | FaultKind::UnknownTrap(_)
                | FaultKind::Memory
                // A check before a division may be gone.
                | FaultKind::Arithmetic
        );
        assert!(expected, "{fault}");
    }
}

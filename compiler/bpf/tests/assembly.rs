//! Text, instructions and bytes say the same.

use zs_bpf::{
    AluOp, AtomicOp, BuildError, Cond, FunctionBuilder, Image, Insn, Module, Op, Reg, Size, Source,
    Width, assemble, link, verify,
};

fn everything() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/bpf/asm/everything.bpf"
    );
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn text_round_trips() {
    let text = everything();
    let module = assemble("everything", &text).unwrap_or_else(|error| panic!("{error}"));
    // What the disassembler adds are comments only.
    let plain = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with(';'));
        lines
            .map(|line| line.split(" ; ").next().unwrap_or("").to_string())
            .collect()
    };
    let printed = module.to_string();
    assert_eq!(plain(&printed), plain(&text));
    assert_eq!(assemble("printed", &printed).as_ref(), Ok(&module));
    assert_eq!(Module::from_bytes(&module.to_bytes()), Ok(module));
}

#[test]
fn damaged_bytes_are_no_module() {
    let bytes = assemble("everything", &everything()).unwrap().to_bytes();
    assert!(Module::from_bytes(b"").is_err());
    for end in 0..bytes.len() {
        assert!(Module::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(Module::from_bytes(&longer).is_err());
}

/// Every slot that decodes encodes back to itself, and the others are refused.
#[test]
fn slots_round_trip() {
    let mut decoded = 0;
    for opcode in 0..=255 {
        for (registers, offset, imm) in [
            (0x21, 0, 0),
            (0x00, 0, 0),
            (0x01, 8, 0),
            (0x21, 8, 0),
            (0x21, 1, 0),
            (0x01, 0, 16),
            (0x10, 0, 3),
            (0x21, -4, 0xf1),
            (0xb1, 0, 0),
            (0x0b, 0, 0),
        ] {
            let mut bytes = [opcode, registers, 0, 0, 0, 0, 0, 0];
            bytes[2..4].copy_from_slice(&i16::to_le_bytes(offset));
            bytes[4..].copy_from_slice(&i32::to_le_bytes(imm));
            let zero = Insn::from_bytes([0; 8]);
            let insns = [Insn::from_bytes(bytes), zero];
            if let Ok(op) = Op::decode(&insns, 0) {
                let mut again = Vec::new();
                op.encode_into(&mut again);
                assert_eq!(again[0].to_bytes(), bytes, "{op:?}");
                decoded += 1;
            }
        }
    }
    assert!(decoded > 300, "only {decoded} slots decode");
}

#[test]
fn unused_fields_must_be_zero() {
    let slot = |opcode, registers, offset: i16, imm: i32| {
        let [o0, o1] = offset.to_le_bytes();
        let [i0, i1, i2, i3] = imm.to_le_bytes();
        let bytes = [opcode, registers, o0, o1, i0, i1, i2, i3];
        Op::decode(&[Insn::from_bytes(bytes)], 0)
    };
    assert!(slot(0x0f, 0x21, 0, 0).is_ok());
    for bad in [
        slot(0x0f, 0x21, 0, 1),
        slot(0x07, 0x21, 0, 1),
        slot(0x95, 0x01, 0, 0),
        slot(0x95, 0x00, 0, 1),
        slot(0x85, 0x01, 0, 7),
        slot(0x05, 0x00, 1, 1),
        slot(0x61, 0x21, 0, 9),
    ] {
        let message = bad.unwrap_err().to_string();
        assert_eq!(
            message,
            "instruction 0: a field that it does not use is not zero"
        );
    }
    assert!(slot(0x18, 0x11, 0, 0).is_err());
}

#[test]
fn errors_name_their_place() {
    let cases = [
        ("r1 = 1", "t:1:1: expected `func`"),
        ("func f:\nr1 = r11", "t:2:6: expected a number"),
        ("func f:\nfly", "t:2:1: no such instruction: fly"),
        ("func f:\ngoto x\nexit", "t:2:6: label x is not defined"),
        ("func f:\nx:\nx:", "t:3:1: label x is defined twice"),
        (
            "func f:\nr1 += 4294967296",
            "t:2:7: a constant here has 32 bits, sign-extended; `r1 = … ll` loads longer ones",
        ),
        (
            "func f:\nr1 = *(u8*)(r1 + 32768)",
            "t:2:18: a displacement has 16 bits",
        ),
        (
            "func f:\nr1 = be32 r2",
            "t:2:11: this works on one register: expected r1",
        ),
        (
            "func f:\nr1 = lock *(u64*)(r2 + 0) += r3",
            "t:2:30: the old value goes to r3: write `r3 = lock …`",
        ),
        (
            "func f:\nlock *(u8*)(r2 + 0) += r3",
            "t:2:19: atomics are u32 or u64",
        ),
        ("func f:\nexit exit", "t:2:6: expected the end of the line"),
        ("func f:\nr1 = ?", "t:2:6: unexpected '?'"),
    ];
    for (text, message) in cases {
        let error = assemble("t", text).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
}

/// Jumps over more than 32,767 slots go through the 32-bit form.
#[test]
fn far_jumps_reach() {
    let mut f = FunctionBuilder::new("far");
    f.entry(zs_bpf::EntryId(0));
    let (start, end) = (f.here(), f.label());
    f.mov_imm(Reg::R0, 0);
    f.jump_if(Cond::Eq, Reg::R1, 0, end);
    f.jump_if(Cond::Set, Reg::R1, 8, end);
    f.jump(end);
    for _ in 0..40_000 {
        f.add(Reg::R0, 1);
    }
    f.jump_if32(Cond::SLt, Reg::R0, 5, start);
    f.bind(end);
    f.exit();
    let module = Module {
        functions: vec![f.finish().unwrap()],
        files: Vec::new(),
    };
    let image: Image = link(&[module]).unwrap();
    verify(&image).unwrap();
    let insns = &image.functions[0].insns;
    let end = insns.len() as i64 - 1;
    let jump_if = |cond, src, distance| Op::JumpIf {
        width: Width::W64,
        cond,
        dst: Reg::R1,
        src: Source::Imm(src),
        distance,
    };
    let op = |at| Op::decode(insns, at).unwrap();
    assert_eq!(op(1), jump_if(Cond::Ne, 0, 1));
    assert_eq!(op(2).target(2), Some(end));
    assert_eq!(op(3), jump_if(Cond::Set, 8, 1));
    assert_eq!(op(4).target(4), Some(6));
    assert_eq!(op(5).target(5), Some(end));
    assert_eq!(op(6).target(6), Some(end));
    let back = end as usize - 1;
    assert_eq!(op(back).target(back), Some(0));
}

#[test]
fn constants_take_the_shortest_form() {
    let mut f = FunctionBuilder::new("f");
    for value in [0, 5, u64::MAX, 0xffff_ffff, 0x1_0000_0000] {
        f.mov_imm(Reg::R1, value);
    }
    f.alu(AluOp::Add, Reg::R1, Reg::R2);
    f.atomic(AtomicOp::Exchange, Size::D, Reg::R1, 0, Reg::R2);
    let slots = f.finish().unwrap().insns.len();
    assert_eq!(slots, 4 + 2 + 2);
}

#[test]
fn unbound_labels_are_told() {
    let mut f = FunctionBuilder::new("f");
    let label = f.label();
    f.jump(label);
    let function = "f".to_string();
    assert_eq!(f.finish(), Err(BuildError::Unbound { function, label }));
}

//! Host maps: their tables, and the look-up as code.

use zs_abi::view;
use zs_bpf::{AluOp, Cond, FunctionBuilder, Label, Reg, Size};
use zs_ir::Program;
use zs_ir::hosts::{HashTable, MULTIPLIER, SLOT_BYTES, build};

/// The tables of a host map.
#[derive(Clone, Copy, Debug)]
pub struct HostTables {
    /// Of whole names.
    exact: Option<HashTable>,
    /// Of what follows the first label.
    tails: Option<HashTable>,
}

/// Places the tables of all host maps in the site data.
pub fn tables(program: &mut Program) -> Vec<HostTables> {
    let (maps, data) = (&program.host_maps, &mut program.data);
    maps.iter()
        .map(|map| HostTables {
            exact: build(&map.exact, data),
            tails: build(&map.tails, data),
        })
        .collect()
}

/// Leaves the number of the host's function in `r0`, `u32::MAX` if there is
/// none.
pub fn look_up(code: &mut FunctionBuilder, tables: HostTables) {
    let done = code.label();
    let views = [
        (tables.exact, view::HOST, view::HOST_HASH),
        (tables.tails, view::HOST_TAIL, view::HOST_TAIL_HASH),
    ];
    for (table, text, hash) in views {
        if let Some(table) = table {
            let miss = code.label();
            probe(code, table, text, hash, miss);
            code.jump(done);
            code.bind(miss);
        }
    }
    code.mov_imm(Reg::R0, u32::MAX.into());
    code.bind(done);
}

/// One probe and one confirming compare.
fn probe(code: &mut FunctionBuilder, table: HashTable, text: i16, hash: i16, miss: Label) {
    let (hashed, seed, slot, multiplier) = (Reg::R1, Reg::R3, Reg::R8, Reg::R4);
    code.load(Size::D, hashed, Reg::R6, hash);
    code.mov(seed, hashed);
    code.alu32(AluOp::And, seed, table.buckets as i32 - 1);
    code.alu32(AluOp::Lsh, seed, 2);
    code.alu32(AluOp::Add, seed, table.seeds.guest() as i32);
    code.load(Size::W, seed, seed, 0);
    code.alu(AluOp::Xor, seed, hashed);
    code.mov_imm(multiplier, MULTIPLIER);
    code.alu(AluOp::Mul, seed, multiplier);
    code.alu(AluOp::Rsh, seed, table.shift as i32);
    code.alu32(AluOp::Mul, seed, SLOT_BYTES as i32);
    code.mov(slot, seed);
    code.alu32(AluOp::Add, slot, table.slots.guest() as i32);
    code.load(Size::D, multiplier, slot, 0);
    code.jump_if(Cond::Ne, multiplier, hashed, miss);
    code.load(Size::W, Reg::R3, Reg::R6, text + 4);
    code.load(Size::W, multiplier, slot, 12);
    code.jump_if32(Cond::Ne, Reg::R3, multiplier, miss);
    code.load(Size::W, Reg::R1, Reg::R6, text);
    code.load(Size::W, Reg::R2, slot, 8);
    code.call("bytes_equal");
    code.jump_if(Cond::Eq, Reg::R0, 0, miss);
    code.load(Size::W, Reg::R0, slot, 16);
}

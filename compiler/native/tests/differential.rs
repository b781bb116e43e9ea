//! Random programs do the same in the interpreter and natively.

mod support;

use support::random::{Random, program};
use support::{End, Input, image, run};
use zs_abi::layout::SLOT_BASE;

#[test]
fn random_programs_agree() {
    let programs = std::env::var("ZS_PROGRAMS").map_or(1500, |n| n.parse().unwrap());
    let (mut results, mut traps, mut faults) = (0, 0, 0);
    for seed in 1..=programs {
        let mut random = Random(seed * 0x9e37_79b9);
        let image = image(program(&mut random));
        let input = Input {
            slot: (0..0x1_0000).map(|_| random.next() as u8).collect(),
            r1: u64::from(SLOT_BASE) + random.below(0x8000),
            r2: random.value(),
            budget: random.below(200),
        };
        match run(&image, &input) {
            End::Result(_) => results += 1,
            End::Trap(_) => traps += 1,
            End::Memory(_) => faults += 1,
        }
    }
    println!("{results} results, {traps} traps, {faults} faults");
    // The generator is of no use if it stops exercising one of the ends.
    let least = programs / 50;
    assert!(results > least && traps > least && faults > least);
}

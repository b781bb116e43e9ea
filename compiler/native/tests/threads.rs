//! The number of threads changes nothing in the result.

use std::num::NonZeroUsize;

use zs_bpf::{Module, assemble, link};
use zs_native::{CompileError, Target, compile, compile_on};
use zs_stdlib_bpf::SOURCES;

fn modules() -> Vec<Module> {
    let mut calls = "func entry: .entry 0\n".to_string();
    for (name, _) in SOURCES {
        calls.push_str("r1 = 0\nr2 = 0\nr3 = 0\nr4 = 0\n");
        calls.push_str(&format!("call {name}\n"));
    }
    calls.push_str("exit\n");
    let sources = SOURCES.iter().copied().chain([("entry", calls.as_str())]);
    sources
        .map(|(name, text)| assemble(name, text).unwrap())
        .collect()
}

#[test]
fn same_code_on_any_number_of_threads() {
    let image = link(&modules()).unwrap();
    let one = compile(&image, Target::X86_64).unwrap();
    assert_eq!(one.functions.len(), SOURCES.len() + 1);
    for threads in [2, 3, 7, 64] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let many = compile_on(&image, Target::X86_64, threads).unwrap();
        assert!(one == many, "{threads} threads");
    }
}

#[test]
fn other_targets_are_refused() {
    let image = link(&modules()).unwrap();
    let error = compile(&image, Target::Aarch64).unwrap_err();
    assert_eq!(error, CompileError::Target(Target::Aarch64));
    assert_eq!(error.to_string(), "code for AArch64 is not supported yet");
}

//! eBPF routines that site code calls, in our own assembly.
//!
//! This crate holds the sources only; they are assembled when zeroserve is built.
//! Each file's head comment says what its routine takes in `r1`… and gives in `r0`.
//! Lengths are in bytes, pointers are guest addresses. A routine reads nothing
//! outside of the ranges it is given, and its loops pay the run's budget.
#![no_std]
#![forbid(unsafe_code)]

/// Name and text of each routine's source.
pub const SOURCES: &[(&str, &str)] = &[
    ("automaton_walk", include_str!("automaton_walk.bpf")),
    ("bytes_equal", include_str!("bytes_equal.bpf")),
    ("bytes_equal_fold", include_str!("bytes_equal_fold.bpf")),
    ("cidr_contains", include_str!("cidr_contains.bpf")),
    ("find_bytes", include_str!("find_bytes.bpf")),
    ("format_decimal", include_str!("format_decimal.bpf")),
    ("hash_bytes", include_str!("hash_bytes.bpf")),
    ("parse_decimal", include_str!("parse_decimal.bpf")),
    ("percent_decode", include_str!("percent_decode.bpf")),
];

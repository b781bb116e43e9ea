//! The routines of `stdlib-bpf` do what they say, in the interpreter and natively.
//! Cases are data under `testdata/bpf/stdlib`.

mod support;

use std::collections::BTreeMap;
use std::net::IpAddr;

use support::{End, Input, interpreted, run};
use zs_abi::layout::SLOT_BASE;
use zs_bpf::{EntryId, FunctionBuilder, Image, Module, Reg, assemble, link};
use zs_stdlib_bpf::SOURCES;

#[test]
fn cases() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/bpf/stdlib");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if !line.is_empty() && !line.starts_with(';') {
                check(line);
                count += 1;
            }
        }
    }
    assert!(count > 0);
}

#[test]
fn hash_equals_that_of_the_contract() {
    let text: Vec<u8> = (0..=255).collect();
    for len in [0, 1, 2, 7, 100, 256] {
        let arguments = [Argument::Bytes(text.clone()), Argument::Number(len)];
        let (end, _) = call("hash_bytes", &arguments);
        let expected = zs_abi::hash_bytes(&text[..len as usize]);
        assert_eq!(end, End::Result(expected), "{len} bytes");
    }
}

#[test]
fn automaton_accepts_words() {
    let words = ["", "/", "/api", "/api/", "/about"];
    let table = Argument::Bytes(automaton(&words));
    for text in [
        "", "/", "/a", "/api", "/api/", "/api//", "/about", "about", "/\u{ff}",
    ] {
        let accept = words.iter().position(|word| *word == text);
        let expected = accept.map_or(99, |place| place as u64 + 1);
        let arguments = [
            table.clone(),
            Argument::Bytes(text.into()),
            Argument::Number(text.len() as u64),
        ];
        let (end, _) = call("automaton_walk", &arguments);
        assert_eq!(end, End::Result(expected), "{text:?}");
    }
}

#[test]
fn sources_pack_and_unpack() {
    for (name, text) in SOURCES {
        let module = assemble(name, text).unwrap();
        assert_eq!(module.functions.len(), 1, "{name}");
        assert_eq!(module.functions[0].name, *name);
        let bytes = module.to_bytes();
        assert_eq!(Module::from_bytes(&bytes), Ok(module.clone()));
        assert_eq!(assemble(name, &module.to_string()), Ok(module));
    }
}

#[derive(Clone)]
enum Argument {
    Number(u64),
    Bytes(Vec<u8>),
}

fn check(line: &str) {
    let mut words = Words(line);
    let routine = words.next().unwrap();
    let mut arguments = Vec::new();
    loop {
        match words.next() {
            Some("=") => break,
            Some(word) => arguments.push(argument(word)),
            None => panic!("no result: {line}"),
        }
    }
    let Argument::Number(expected) = argument(words.next().unwrap()) else {
        panic!("the result is a number: {line}");
    };
    let (end, first) = call(routine, &arguments);
    assert_eq!(end, End::Result(expected), "{line}");
    if let Some(written) = words.next() {
        let Argument::Bytes(written) = argument(written) else {
            panic!("what is written is text: {line}");
        };
        assert_eq!(first[..written.len()], written, "{line}");
    }
}

/// Words of a line; quotes and brackets keep spaces together.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.0 = self.0.trim_start();
        let close = match self.0.as_bytes().first()? {
            b'"' => self.0[1..].find('"').map(|at| at + 2),
            _ => self.0.find(' '),
        };
        let (word, rest) = self.0.split_at(close.unwrap_or(self.0.len()));
        self.0 = rest;
        Some(word)
    }
}

fn argument(word: &str) -> Argument {
    let inside = |open: &str, close: &str| word.strip_prefix(open)?.strip_suffix(close);
    if let Some(text) = inside("\"", "\"") {
        return Argument::Bytes(unescape(text));
    }
    if let Some(len) = inside("[", "]") {
        return Argument::Bytes(vec![0; len.parse().unwrap()]);
    }
    if let Some(address) = inside("addr(", ")") {
        return Argument::Bytes(address_bytes(address).0.to_vec());
    }
    if let Some(ranges) = inside("cidr(", ")") {
        return Argument::Bytes(
            ranges
                .split(',')
                .filter(|r| !r.is_empty())
                .flat_map(range)
                .collect(),
        );
    }
    let negative = word.strip_prefix('-').map(|digits| digits.parse::<u64>());
    Argument::Number(match negative {
        Some(value) => value.unwrap().wrapping_neg(),
        None => word.parse().unwrap(),
    })
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The 16 bytes of an address, and how many bits precede its own.
fn address_bytes(text: &str) -> ([u8; 16], u32) {
    match text.parse().unwrap() {
        IpAddr::V4(address) => (address.to_ipv6_mapped().octets(), 96),
        IpAddr::V6(address) => (address.octets(), 0),
    }
}

fn range(text: &str) -> Vec<u8> {
    let (address, bits) = text.split_once('/').unwrap();
    let (address, before) = address_bytes(address);
    let bits = bits.parse::<u32>().unwrap() + before;
    let mut entry = address.to_vec();
    entry.extend_from_slice(&bits.to_le_bytes());
    entry.extend_from_slice(&[0; 4]);
    entry
}

/// A table whose states are the prefixes of the words; the dead state accepts 99.
fn automaton(words: &[&str]) -> Vec<u8> {
    let mut prefixes = BTreeMap::new();
    for word in words {
        for end in 0..=word.len() {
            prefixes.insert(&word[..end], 0_u16);
        }
    }
    for (number, state) in (1..).zip(prefixes.values_mut()) {
        *state = number;
    }
    let letters: Vec<u8> = {
        let mut letters: Vec<u8> = words.concat().bytes().collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    };
    let (states, stride) = (prefixes.len() as u32 + 1, letters.len() as u32 + 1);
    let accept_offset = 24 + 256;
    let transitions_offset = accept_offset + states * 4;
    let start = u32::from(prefixes[""]);
    let header = [states, stride, start, accept_offset, transitions_offset, 0];
    let mut table: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    for byte in 0..=255_u8 {
        let class = letters.iter().position(|letter| *letter == byte);
        table.push(class.map_or(0, |place| place as u8 + 1));
    }
    table.extend_from_slice(&99_u32.to_le_bytes());
    for prefix in prefixes.keys() {
        let accept = words.iter().position(|word| word == prefix);
        let value = accept.map_or(99, |place| place as u32 + 1);
        table.extend_from_slice(&value.to_le_bytes());
    }
    table.extend(std::iter::repeat_n(0, stride as usize * 2));
    for prefix in prefixes.keys() {
        table.extend_from_slice(&[0, 0]);
        for letter in &letters {
            let longer = format!("{prefix}{}", *letter as char);
            let next = prefixes.get(longer.as_str()).copied().unwrap_or(0);
            table.extend_from_slice(&next.to_le_bytes());
        }
    }
    table
}

/// Calls a routine both ways; gives the end, and what the first range holds then.
fn call(routine: &str, arguments: &[Argument]) -> (End, Vec<u8>) {
    let mut entry = FunctionBuilder::new("entry");
    entry.entry(EntryId(0));
    let mut slot = Vec::new();
    for (number, argument) in (1..).zip(arguments) {
        let value = match argument {
            Argument::Number(value) => *value,
            Argument::Bytes(bytes) => {
                // Each range ends where the next begins, so that what is read
                // beyond an end shows.
                let address = u64::from(SLOT_BASE) + slot.len() as u64;
                slot.extend_from_slice(bytes);
                address
            }
        };
        entry.mov_imm(Reg::new(number).unwrap(), value);
    }
    entry.call(routine).exit();
    let mut modules = vec![Module {
        functions: vec![entry.finish().unwrap()],
        files: Vec::new(),
    }];
    let sources = SOURCES.iter();
    modules.extend(sources.map(|(name, text)| assemble(name, text).unwrap()));
    let image: Image = link(&modules).unwrap();
    let input = Input {
        slot,
        r1: 0,
        r2: 0,
        budget: 100_000,
    };
    let end = run(&image, &input);
    (end, interpreted(&image, &input).slot)
}

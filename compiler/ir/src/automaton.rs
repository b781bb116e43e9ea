//! Path patterns as one automaton.
//!
//! All patterns of a set are matched in one walk over the path, whatever their
//! number: the automaton's accept value is the guest address of a set of bits,
//! one for each pattern. `automaton_walk` of `stdlib-bpf` walks it; the layout
//! of the table is described there.

use std::collections::BTreeMap;

use zs_abi::data::Text;
use zs_data::DataBuilder;

use crate::program::Compare;

/// A literal with how it is compared.
pub type Pattern = (Compare, Vec<u8>);

/// Most states an automaton may have; state numbers take 16 bits.
const STATES_MAX: usize = 60_000;

/// Most bytes a table may take; a larger one would not stay in the cache.
const TABLE_BYTES_MAX: usize = 4 << 20;

/// A position in a pattern: which pattern, how many of its bytes are read.
type Item = (u32, u32);

/// Builds the automaton of some patterns; `None` if it would grow too large.
/// Bit `n` of the accept value's set stands for pattern `n`; behind those
/// stand the bits of groups, which are set if any of the group is.
pub fn build(patterns: &[Pattern], groups: &[Vec<u32>], data: &mut DataBuilder) -> Option<Text> {
    let sets = Sets::new(patterns.len(), groups);
    let classes = Classes::of(patterns);
    let mut states = States::default();
    // State 0 is the dead state: no pattern can match any more.
    states.number(Vec::new());
    let start = states.number(step_start(patterns));
    let mut transitions: Vec<u16> = vec![0; classes.count];
    let mut at = start as usize;
    while at < states.items.len() {
        let items = states.items[at].clone();
        for class in 0..classes.count {
            let next = step(patterns, &items, classes.example[class]);
            transitions.push(states.number(next) as u16);
        }
        if states.items.len() > STATES_MAX || transitions.len() * 2 > TABLE_BYTES_MAX {
            return None;
        }
        at += 1;
    }
    let accepts: Vec<u32> = states
        .items
        .iter()
        .map(|items| accept(patterns, items, &sets, data))
        .collect();
    Some(data.guest_table(&encode(&classes, start, &accepts, &transitions), 8))
}

/// Sets of positions, numbered in the order in which they are found.
#[derive(Default)]
struct States {
    numbers: BTreeMap<Vec<Item>, u32>,
    items: Vec<Vec<Item>>,
}

impl States {
    fn number(&mut self, mut items: Vec<Item>) -> u32 {
        items.sort_unstable();
        items.dedup();
        if let Some(number) = self.numbers.get(&items) {
            return *number;
        }
        let number = self.items.len() as u32;
        self.numbers.insert(items.clone(), number);
        self.items.push(items);
        number
    }
}

fn step_start(patterns: &[Pattern]) -> Vec<Item> {
    (0..patterns.len() as u32)
        .map(|pattern| (pattern, 0))
        .collect()
}

fn step(patterns: &[Pattern], items: &[Item], byte: Option<u8>) -> Vec<Item> {
    let mut next = Vec::with_capacity(items.len());
    for (number, at) in items {
        let (compare, literal) = &patterns[*number as usize];
        let floating = matches!(compare, Compare::Suffix | Compare::Contains);
        let open = matches!(compare, Compare::Prefix | Compare::Contains);
        let done = *at as usize == literal.len();
        if floating && *at == 0 || open && done {
            next.push((*number, *at));
        }
        if !done && byte == Some(literal[*at as usize]) {
            next.push((*number, at + 1));
        }
    }
    next
}

/// Guest address of the set of patterns that a state accepts; 0 for none.
fn accept(patterns: &[Pattern], items: &[Item], sets: &Sets, data: &mut DataBuilder) -> u32 {
    let whole = |(number, at): &&Item| *at as usize == patterns[*number as usize].1.len();
    sets.place(items.iter().filter(whole).map(|(number, _)| *number), data)
}

/// How sets of patterns are laid out: a bit for each, and behind those one
/// for each group.
pub(crate) struct Sets {
    groups_of: Vec<Vec<u32>>,
    bytes: usize,
}

impl Sets {
    pub(crate) fn new(patterns: usize, groups: &[Vec<u32>]) -> Self {
        let mut groups_of = vec![Vec::new(); patterns];
        for (number, group) in groups.iter().enumerate() {
            for pattern in group {
                groups_of[*pattern as usize].push((patterns + number) as u32);
            }
        }
        Self {
            groups_of,
            bytes: (patterns + groups.len()).div_ceil(64) * 8,
        }
    }

    /// Guest address of a set; 0 for the empty one.
    pub(crate) fn place(&self, patterns: impl Iterator<Item = u32>, data: &mut DataBuilder) -> u32 {
        let mut bits = vec![0_u8; self.bytes];
        let mut any = false;
        for number in patterns {
            any = true;
            for bit in self.groups_of[number as usize].iter().chain([&number]) {
                bits[*bit as usize / 8] |= 1 << (bit % 8);
            }
        }
        if any {
            data.guest_table(&bits, 8).guest()
        } else {
            0
        }
    }
}

/// Bytes that all patterns treat alike share a class; class 0 holds the bytes
/// that no pattern has.
struct Classes {
    of: [u8; 256],
    /// A byte of each class; none for class 0.
    example: Vec<Option<u8>>,
    count: usize,
}

impl Classes {
    fn of(patterns: &[Pattern]) -> Self {
        let mut used = [false; 256];
        for byte in patterns.iter().flat_map(|(_, literal)| literal) {
            used[*byte as usize] = true;
        }
        // A class number must fit a byte: with all 256 bytes in use, byte 255
        // shares nothing and takes the place of the class of unused bytes.
        let mut classes = Self {
            of: [0; 256],
            example: vec![None],
            count: 1,
        };
        if used.iter().all(|used| *used) {
            classes = Self {
                of: [0; 256],
                example: Vec::new(),
                count: 0,
            };
        }
        for byte in 0..=255_u8 {
            if used[byte as usize] {
                classes.of[byte as usize] = classes.count as u8;
                classes.example.push(Some(byte));
                classes.count += 1;
            }
        }
        classes
    }
}

/// Writes a table as `automaton_walk` reads it.
fn encode(classes: &Classes, start: u32, accepts: &[u32], transitions: &[u16]) -> Vec<u8> {
    encode_table(
        &classes.of,
        classes.count as u32,
        start,
        accepts,
        transitions,
    )
}

/// Writes a table of any automaton as `automaton_walk` reads it: byte classes,
/// row length, start state, accept value of each state, next states by row.
pub fn encode_table(
    classes: &[u8; 256],
    stride: u32,
    start: u32,
    accepts: &[u32],
    transitions: &[u16],
) -> Vec<u8> {
    let header = 24 + 256;
    let accept_off = header as u32;
    let transitions_off = accept_off + accepts.len() as u32 * 4;
    let mut out = Vec::with_capacity(transitions_off as usize + transitions.len() * 2);
    for word in [
        accepts.len() as u32,
        stride,
        start,
        accept_off,
        transitions_off,
        0,
    ] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(classes);
    out.extend(accepts.iter().flat_map(|accept| accept.to_le_bytes()));
    out.extend(transitions.iter().flat_map(|next| next.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use zs_abi::SiteData;
    use zs_abi::layout::CONST_BASE;

    /// Walks a table as `automaton_walk` does; the numbers of the bits set.
    fn walk(block: &[u8], table: Text, text: &[u8], patterns: usize) -> Vec<usize> {
        let bytes = SiteData::new(block).expect("a finished block").bytes();
        let base = table.offset as usize;
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let (stride, start) = (word(base + 4) as usize, word(base + 8) as usize);
        let (accepts, next) = (
            base + word(base + 12) as usize,
            base + word(base + 16) as usize,
        );
        let mut state = start;
        for byte in text {
            let at = next + (state * stride + bytes[base + 24 + *byte as usize] as usize) * 2;
            state = u16::from_le_bytes([bytes[at], bytes[at + 1]]) as usize;
        }
        let set = word(accepts + state * 4);
        if set == 0 {
            return Vec::new();
        }
        let set = (set - CONST_BASE) as usize;
        (0..patterns)
            .filter(|bit| bytes[set + bit / 8] >> (bit % 8) & 1 == 1)
            .collect()
    }

    #[test]
    fn accepts_what_each_pattern_accepts() {
        let patterns: Vec<Pattern> = vec![
            (Compare::Equal, b"/foo".to_vec()),
            (Compare::Prefix, b"/foo/".to_vec()),
            (Compare::Suffix, b".php".to_vec()),
            (Compare::Contains, b"/admin/".to_vec()),
            (Compare::Prefix, b"/f".to_vec()),
        ];
        let mut data = DataBuilder::new();
        let table = build(&patterns, &[], &mut data).expect("small enough");
        let block = data.finish();
        let texts = [
            "/foo",
            "/foo/",
            "/foo/x.php",
            "/admin/",
            "/x/admin/a.php",
            "/admin",
            "",
            "/",
            "/f.ph.php",
            "/a.php/b",
            "..php",
        ];
        for text in texts {
            let expected: Vec<usize> = (0..patterns.len())
                .filter(|number| {
                    let (compare, literal) = &patterns[*number];
                    let literal = std::str::from_utf8(literal).expect("text");
                    match compare {
                        Compare::Equal => text == literal,
                        Compare::Prefix => text.starts_with(literal),
                        Compare::Suffix => text.ends_with(literal),
                        Compare::Contains => text.contains(literal),
                    }
                })
                .collect();
            assert_eq!(
                walk(&block, table, text.as_bytes(), patterns.len()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn all_bytes_may_be_used() {
        let all: Vec<u8> = (0..=255).collect();
        let patterns = vec![(Compare::Suffix, all.clone())];
        let mut data = DataBuilder::new();
        let table = build(&patterns, &[], &mut data).expect("small enough");
        let block = data.finish();
        assert_eq!(walk(&block, table, &[&[7, 8], &all[..]].concat(), 1), [0]);
        assert!(walk(&block, table, &all[1..], 1).is_empty());
    }
}

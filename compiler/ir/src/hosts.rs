//! Host maps: from a request's host to the function of its site, in a time
//! that does not grow with the number of sites.
//!
//! A map is two perfect hash tables with deterministic seeds, one of whole
//! names and one of what follows the first label (`*.example.com`). The hash
//! of both is in the request view; a look-up is one probe and one confirming
//! compare.

use std::collections::BTreeMap;

use zs_abi::data::Text;
use zs_abi::hash_bytes;
use zs_data::DataBuilder;

use crate::program::FunctionId;

/// Which function each host enters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostMap {
    /// Whole names, in lower case.
    pub exact: BTreeMap<String, FunctionId>,
    /// What follows the first label, for names that `exact` does not hold.
    pub tails: BTreeMap<String, FunctionId>,
}

/// A name as requests carry it: in lower case, and in ASCII.
pub fn normal(name: &str) -> String {
    // An open value has this form when it is read.
    let label = |label: &str| match zs_open::is_open(label) {
        true => label.to_owned(),
        false => crate::punycode::label(label),
    };
    let labels: Vec<String> = name.split('.').map(label).collect();
    labels.join(".").to_ascii_lowercase()
}

/// A perfect hash table in guest memory.
///
/// The bucket of a hash is `hash & (buckets - 1)`; the bucket's `u32` seed
/// moves it to slot `((hash ^ seed) * MULTIPLIER) >> shift`. A slot is
/// [`SLOT_BYTES`] long: `u64` hash, `u32` guest address and `u32` length of the name,
/// `u32` number of the function, `u32` zero. An empty slot has the number
/// `u32::MAX` and a length that no host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashTable {
    /// Seeds, one for each bucket.
    pub seeds: Text,
    /// How many buckets there are, a power of two.
    pub buckets: u32,
    /// Slots.
    pub slots: Text,
    /// Bits to shift right by: 64 less the logarithm of the slot count.
    pub shift: u32,
}

/// Length of a slot in bytes.
pub const SLOT_BYTES: u32 = 24;

/// Odd constant that spreads a seeded hash over the high bits (2^64 divided by
/// the golden ratio).
pub const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Builds the table of some names.
///
/// # Panics
/// If two names have the same 64-bit hash.
pub fn build(names: &BTreeMap<String, FunctionId>, data: &mut DataBuilder) -> Option<HashTable> {
    if names.is_empty() {
        return None;
    }
    let entries: Vec<(u64, &str, FunctionId)> = names
        .iter()
        .map(|(name, function)| (hash_bytes(name.as_bytes()), name.as_str(), *function))
        .collect();
    let slot_bits = (names.len() * 2)
        .next_power_of_two()
        .trailing_zeros()
        .max(1);
    let shift = 64 - slot_bits;
    let buckets = names.len().div_ceil(3).next_power_of_two();
    let (seeds, placed) = place(&entries, buckets, shift);
    let mut slots = Vec::with_capacity(placed.len() * SLOT_BYTES as usize);
    for entry in placed {
        let (hash, text, function) = match entry {
            Some(index) => {
                let (hash, name, function) = entries[index];
                (hash, data.text(name), function.0)
            }
            None => (
                0,
                Text {
                    offset: 0,
                    len: u32::MAX,
                },
                u32::MAX,
            ),
        };
        slots.extend_from_slice(&hash.to_le_bytes());
        for word in [
            zs_abi::layout::CONST_BASE + text.offset,
            text.len,
            function,
            0,
        ] {
            slots.extend_from_slice(&word.to_le_bytes());
        }
    }
    let seeds: Vec<u8> = seeds.iter().flat_map(|seed| seed.to_le_bytes()).collect();
    Some(HashTable {
        seeds: data.guest_table(&seeds, 8),
        buckets: buckets as u32,
        slots: data.guest_table(&slots, 8),
        shift,
    })
}

/// Finds a seed for each bucket so that no two names share a slot; the largest
/// buckets choose first.
fn place(
    entries: &[(u64, &str, FunctionId)],
    buckets: usize,
    shift: u32,
) -> (Vec<u32>, Vec<Option<usize>>) {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); buckets];
    for (index, (hash, _, _)) in entries.iter().enumerate() {
        members[*hash as usize & (buckets - 1)].push(index);
    }
    let mut order: Vec<usize> = (0..buckets).collect();
    order.sort_by_key(|bucket| std::cmp::Reverse(members[*bucket].len()));
    let mut slots: Vec<Option<usize>> = vec![None; 1 << (64 - shift)];
    let mut seeds = vec![0; buckets];
    for bucket in order {
        let wanted = |seed: u32| -> Vec<usize> {
            members[bucket]
                .iter()
                .map(|index| slot(entries[*index].0, seed, shift))
                .collect()
        };
        let fits = |at: &[usize]| {
            at.iter()
                .enumerate()
                .all(|(n, slot)| slots[*slot].is_none() && !at[..n].contains(slot))
        };
        let seed = (0..=u32::MAX)
            .find(|seed| fits(&wanted(*seed)))
            .expect("names with different hashes find different slots");
        for (index, slot) in members[bucket].iter().zip(wanted(seed)) {
            slots[slot] = Some(*index);
        }
        seeds[bucket] = seed;
    }
    (seeds, slots)
}

/// The slot of a hash under a seed, as generated code computes it.
const fn slot(hash: u64, seed: u32, shift: u32) -> usize {
    ((hash ^ seed as u64).wrapping_mul(MULTIPLIER) >> shift) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_slot() {
        for count in [1, 2, 3, 100, 2_000] {
            let names: BTreeMap<String, FunctionId> = (0..count)
                .map(|n| (format!("site{n}.example.com"), FunctionId(n)))
                .collect();
            let mut data = DataBuilder::new();
            let table = build(&names, &mut data).expect("names");
            let block = data.finish();
            let word =
                |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().expect("four bytes"));
            for (name, function) in &names {
                let hash = hash_bytes(name.as_bytes());
                let bucket = hash as u32 & (table.buckets - 1);
                let seed = word((table.seeds.offset + bucket * 4) as usize);
                let at = table.slots.offset as usize + slot(hash, seed, table.shift) * 24;
                assert_eq!(word(at + 16), function.0, "{name} of {count}");
                assert_eq!(word(at + 12) as usize, name.len());
            }
        }
    }
}

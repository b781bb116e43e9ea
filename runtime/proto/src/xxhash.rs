//! XXH64 with seed 0, which Caddy chooses upstreams by
//! (<https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>).

const PRIME1: u64 = 0x9e37_79b1_85eb_ca87;
const PRIME2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const PRIME3: u64 = 0x1656_67b1_9e37_79f9;
const PRIME4: u64 = 0x85eb_ca77_c2b2_ae63;
const PRIME5: u64 = 0x27d4_eb2f_1656_67c5;

/// The hash of some bytes.
pub fn xxh64(bytes: &[u8]) -> u64 {
    let stripes = bytes.chunks_exact(32);
    let mut rest = stripes.remainder();
    let mut hash = if bytes.len() < 32 {
        PRIME5
    } else {
        let mut lanes = [
            PRIME1.wrapping_add(PRIME2),
            PRIME2,
            0,
            PRIME1.wrapping_neg(),
        ];
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.chunks_exact(8)) {
                *lane = round(*lane, number(word));
            }
        }
        let [one, two, three, four] = lanes;
        let mixed = one
            .rotate_left(1)
            .wrapping_add(two.rotate_left(7))
            .wrapping_add(three.rotate_left(12))
            .wrapping_add(four.rotate_left(18));
        lanes.into_iter().fold(mixed, |mixed, lane| {
            let mixed = mixed ^ round(0, lane);
            mixed.wrapping_mul(PRIME1).wrapping_add(PRIME4)
        })
    };
    hash = hash.wrapping_add(bytes.len() as u64);
    while let Some((word, behind)) = rest.split_at_checked(8) {
        hash ^= round(0, number(word));
        hash = hash
            .rotate_left(27)
            .wrapping_mul(PRIME1)
            .wrapping_add(PRIME4);
        rest = behind;
    }
    if let Some((word, behind)) = rest.split_at_checked(4) {
        hash ^= number(word).wrapping_mul(PRIME1);
        hash = hash
            .rotate_left(23)
            .wrapping_mul(PRIME2)
            .wrapping_add(PRIME3);
        rest = behind;
    }
    for byte in rest {
        hash ^= u64::from(*byte).wrapping_mul(PRIME5);
        hash = hash.rotate_left(11).wrapping_mul(PRIME1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME3);
    hash ^ (hash >> 32)
}

fn round(lane: u64, word: u64) -> u64 {
    let lane = lane.wrapping_add(word.wrapping_mul(PRIME2));
    lane.rotate_left(31).wrapping_mul(PRIME1)
}

/// Up to eight bytes as a number, lowest first.
fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::xxh64;

    #[test]
    fn hashes_are_those_of_other_implementations() {
        let text = b"The quick brown fox jumps over the lazy dog, and once more";
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
        for length in 0..text.len() {
            assert_eq!(
                xxh64(&text[..length]),
                twox_hash::XxHash64::oneshot(0, &text[..length])
            );
        }
    }
}

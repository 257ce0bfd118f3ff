//! `murmur3_x86_32` of two texts as if they were one.
//!
//! By hand, as it is most of what a decision takes: the `murmur3` crate reads four bytes at a time from a stream, which
//! takes three times as long, and hashes no two slices without a copy.

/// The hash of `head` followed by `tail`.
pub(super) fn murmur3_32(head: &[u8], tail: &[u8], seed: u32) -> u32 {
    let (state, over) = mix_blocks(seed, head);
    let (state, last) = if over.is_empty() {
        mix_blocks(state, tail)
    } else {
        // One block lies over the seam, where the tail is long enough to fill it.
        let (filling, tail) = tail.split_at(tail.len().min(4 - over.len()));
        let block = little_endian(over.iter().chain(filling));
        if over.len() + filling.len() < 4 {
            return finish(state ^ scramble(block), head.len() + filling.len());
        }
        mix_blocks(mix(state, block), tail)
    };
    finish(state ^ scramble(little_endian(last.iter())), head.len() + tail.len())
}

/// Takes in every whole block, and gives back what is left: up to three bytes.
#[inline(always)]
fn mix_blocks(state: u32, bytes: &[u8]) -> (u32, &[u8]) {
    let (mut state, mut rest) = (state, bytes);
    while let Some((block, next)) = rest.split_first_chunk() {
        (state, rest) = (mix(state, u32::from_le_bytes(*block)), next);
    }
    (state, rest)
}

/// Up to four bytes as a number, the first one lowest.
#[inline(always)]
fn little_endian<'a>(bytes: impl DoubleEndedIterator<Item = &'a u8>) -> u32 {
    bytes.rev().fold(0, |block, byte| block << 8 | u32::from(*byte))
}

#[inline(always)]
fn mix(state: u32, block: u32) -> u32 {
    (state ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

#[inline(always)]
fn scramble(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

/// The length counts as 32 bits, as in the reference.
#[inline(always)]
fn finish(state: u32, length: usize) -> u32 {
    let mut hash = state ^ length as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Published test vectors of MurmurHash3_x86_32.
    #[test]
    fn hashes_as_the_reference() {
        for (text, seed, hash) in [
            ("", 0, 0),
            ("", 1, 0x514e_28b7),
            ("aaaa", 0x9747_b28c, 0x5a97_808a),
            ("aaa", 0x9747_b28c, 0x283e_0130),
            ("aa", 0x9747_b28c, 0x5d21_1726),
            ("a", 0x9747_b28c, 0x7fa0_9ea6),
            ("Hello, world!", 0x9747_b28c, 0x2488_4cba),
            ("The quick brown fox jumps over the lazy dog", 0x9747_b28c, 0x2fa8_26cd),
        ] {
            for seam in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(seam);
                assert_eq!(murmur3_32(head, tail, seed), hash, "{text:?} split at {seam}");
            }
        }
    }

    proptest! {
        #[test]
        fn hashes_as_the_crate(head in vec(any::<u8>(), 0..40), tail in vec(any::<u8>(), 0..80), seed: u32) {
            let joined = [head.as_slice(), tail.as_slice()].concat();
            let expected = murmur3::murmur3_32(&mut joined.as_slice(), seed).unwrap();
            prop_assert_eq!(murmur3_32(&head, &tail, seed), expected);
        }
    }
}

//! The least that such a decision takes, by hand: no context, no state, no effects, no other kind of rule.

use std::io::{self, Read};

use hashbrown::HashMap as FastMap;
use std::collections::HashMap as StdMap;

const SEED: u32 = 9999;

/// Experiences by key.
pub struct Floor<M> {
    experiences: M,
}

/// What a floor looks things up in.
pub trait Map<V> {
    fn find(&self, key: &str) -> Option<&V>;
}

impl<V> Map<V> for StdMap<String, V> {
    #[inline]
    fn find(&self, key: &str) -> Option<&V> {
        self.get(key)
    }
}

impl<V> Map<V> for FastMap<String, V> {
    #[inline]
    fn find(&self, key: &str) -> Option<&V> {
        self.get(key)
    }
}

/// An experience as far as a decision needs it.
pub struct Experience {
    id: String,
    attribute: String,
    value: String,
    /// The end of each variation's range of buckets, and its key.
    variations: Vec<(u32, String)>,
}

/// A visitor's id and attributes.
pub struct FloorVisitor<M> {
    id: String,
    attributes: M,
}

impl<M: FromIterator<(String, String)>> FloorVisitor<M> {
    pub fn new(id: &str, attributes: &[(&str, &str)]) -> Self {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { id: id.to_owned(), attributes }
    }
}

impl<M: FromIterator<(String, Experience)>> Floor<M> {
    /// Experiences as [`super::config`] makes them.
    pub fn new(experiences: usize) -> Self {
        let experiences = (0..experiences).map(|n| {
            let experience = Experience {
                id: super::experience_id(n),
                attribute: super::ATTRIBUTE.to_owned(),
                value: super::RULE_VALUE.to_lowercase(),
                variations: vec![(5_000, "a".to_owned()), (10_000, "b".to_owned())],
            };
            (super::experience_key(n), experience)
        });
        Self { experiences: experiences.collect() }
    }
}

/// With the maps of the standard library.
pub type StdFloor = Floor<StdMap<String, Experience>>;
pub type StdVisitor = FloorVisitor<StdMap<String, String>>;
/// With the maps and the hasher of the core.
pub type FastFloor = Floor<FastMap<String, Experience>>;
pub type FastVisitor = FloorVisitor<FastMap<String, String>>;

impl<M: Map<Experience>> Floor<M> {
    /// With the `murmur3` crate.
    #[inline]
    pub fn decide(&self, key: &str, visitor: &FloorVisitor<impl Map<String>>) -> Option<&str> {
        self.decide_with(key, visitor, |id, visitor| {
            let mut input = Joined { head: id.as_bytes(), tail: visitor.as_bytes() };
            murmur3::murmur3_32(&mut input, SEED).unwrap_or_default()
        })
    }

    /// With a hash by hand over the two slices.
    #[inline]
    pub fn decide_by_hand(&self, key: &str, visitor: &FloorVisitor<impl Map<String>>) -> Option<&str> {
        self.decide_with(key, visitor, hash_by_hand)
    }

    #[inline]
    fn decide_with(
        &self,
        key: &str,
        visitor: &FloorVisitor<impl Map<String>>,
        hash: impl Fn(&str, &str) -> u32,
    ) -> Option<&str> {
        let experience = self.experiences.find(key)?;
        let value = visitor.attributes.find(&experience.attribute)?;
        if *value != experience.value {
            return None;
        }
        let bucket = (f64::from(hash(&experience.id, &visitor.id)) / 4_294_967_296.0 * 10_000.0) as u32;
        experience.variations.iter().find(|(end, _)| bucket < *end).map(|(_, key)| key.as_str())
    }
}

/// Two texts read as one: the crate reads from a stream.
struct Joined<'a> {
    head: &'a [u8],
    tail: &'a [u8],
}

impl Read for Joined<'_> {
    #[inline(always)]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() {
            self.head = std::mem::take(&mut self.tail);
        }
        if let (Some((block, rest)), Ok(four)) =
            (self.head.split_first_chunk::<4>(), <&mut [u8; 4]>::try_from(&mut *buffer))
        {
            *four = *block;
            self.head = rest;
            return Ok(4);
        }
        let count = self.head.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.head) {
            *to = *from;
        }
        self.head = self.head.get(count..).unwrap_or_default();
        Ok(count)
    }
}

/// `murmur3_x86_32` of the two texts together, a block at a time, with one block over the seam.
fn hash_by_hand(head: &str, tail: &str) -> u32 {
    let (mut state, rest) = mix_blocks(SEED, head.as_bytes());
    // The head's last bytes, and as many of the tail's as fill a block.
    let missing = if rest.is_empty() { 0 } else { tail.len().min(4 - rest.len()) };
    let (seam, tail_rest) = tail.as_bytes().split_at(missing);
    let mut last = little_endian(rest, seam);
    if rest.len() + missing == 4 {
        state = mix(state, last);
        last = 0;
    }
    let (mut state, rest) = mix_blocks(state, tail_rest);
    if !rest.is_empty() {
        last = little_endian(rest, &[]);
    }
    state ^= scramble(last);
    state ^= (head.len() + tail.len()) as u32;
    state ^= state >> 16;
    state = state.wrapping_mul(0x85eb_ca6b);
    state ^= state >> 13;
    state = state.wrapping_mul(0xc2b2_ae35);
    state ^ (state >> 16)
}

fn mix_blocks(state: u32, bytes: &[u8]) -> (u32, &[u8]) {
    let mut blocks = bytes.chunks_exact(4);
    let state = blocks
        .by_ref()
        .fold(state, |state, block| block.try_into().map_or(state, |block| mix(state, u32::from_le_bytes(block))));
    (state, blocks.remainder())
}

fn little_endian(first: &[u8], second: &[u8]) -> u32 {
    first.iter().chain(second).rev().fold(0, |block, byte| block << 8 | u32::from(*byte))
}

#[inline(always)]
fn scramble(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[inline(always)]
fn mix(state: u32, block: u32) -> u32 {
    (state ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

//! Texts as ECMAScript matches them: by UTF-16 code unit.
//!
//! The engines match Unicode scalar values, which the halves of a surrogate pair are not. Each half is written as a
//! scalar value of a private plane; a real character of that plane is two halves itself, so nothing is ambiguous.

use std::borrow::Cow;

/// Where a surrogate stands: U+D800 as U+10D800, and so on.
const SURROGATES_AT: u32 = 0x10_0000;

/// The scalar value that stands for a code unit.
pub(super) fn scalar(unit: u16) -> char {
    let unit = u32::from(unit);
    char::from_u32(unit).or_else(|| char::from_u32(SURROGATES_AT + unit)).unwrap_or_default()
}

/// A text whose scalar values are the code units of `text`.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    // Only characters beyond the BMP start with such a byte.
    if text.bytes().all(|byte| byte < 0xf0) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.encode_utf16().map(scalar).collect())
}

/// A set of code units: sorted ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct UnitSet {
    ranges: Vec<(u16, u16)>,
}

impl UnitSet {
    pub(super) fn of(ranges: &[(u16, u16)]) -> Self {
        let mut set = Self { ranges: ranges.to_vec() };
        set.normalise();
        set
    }

    pub(super) fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        let at = self.ranges.partition_point(|&(_, last)| last < unit);
        self.ranges.get(at).is_some_and(|&(first, _)| first <= unit)
    }

    pub(super) fn extend(&mut self, ranges: &[(u16, u16)]) {
        self.ranges.extend_from_slice(ranges);
        self.normalise();
    }

    pub(super) fn complement(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = Some(0);
        for &(first, last) in &self.ranges {
            if let Some(start) = next.filter(|start| *start < first) {
                ranges.push((start, first - 1));
            }
            next = last.checked_add(1);
        }
        if let Some(start) = next {
            ranges.push((start, u16::MAX));
        }
        Self { ranges }
    }

    fn normalise(&mut self) {
        self.ranges.sort_unstable();
        self.ranges.dedup_by(|(first, last), (_, kept)| {
            let joins = kept.checked_add(1).is_none_or(|next| *first <= next);
            if joins {
                *kept = (*kept).max(*last);
            }
            joins
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_beyond_the_bmp_are_two() {
        assert_eq!(encode("a😀b"), "a\u{10d83d}\u{10de00}b");
        assert_eq!(encode("\u{10d83d}"), "\u{10dbf6}\u{10dc3d}");
        assert!(matches!(encode("é\u{ffff}"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn sets_hold_what_was_put_in(pairs in proptest::collection::vec((0_u16..40, 0_u16..9), 0..8), high: bool) {
            // The upper end of the range is where an overflow would hide.
            let base = if high { u16::MAX - 48 } else { 0 };
            let ranges: Vec<(u16, u16)> = pairs.iter().map(|(at, len)| (base + at, base + at + len)).collect();
            let set = UnitSet::of(&ranges);
            let complement = set.complement();
            for unit in base..=base + 48 {
                let expected = ranges.iter().any(|(first, last)| (*first..=*last).contains(&unit));
                proptest::prop_assert_eq!(set.contains(unit), expected);
                proptest::prop_assert_eq!(complement.contains(unit), !expected);
            }
            proptest::prop_assert_eq!(complement.complement(), set);
        }
    }
}

//! ECMAScript's `Canonicalize` without the flag `u`: which code units are one to a pattern with the flag `i`.

use std::sync::LazyLock;

use super::units::UnitSet;

/// The single code unit that a code unit's upper case is; itself where that is several, or ASCII for what is not.
fn canonicalize(unit: u16) -> u16 {
    let Some(c) = char::from_u32(u32::from(unit)) else { return unit };
    let mut upper = c.to_uppercase();
    match (upper.next().map(|upper| u16::try_from(u32::from(upper))), upper.next()) {
        (Some(Ok(upper)), None) if unit < 128 || upper >= 128 => upper,
        _ => unit,
    }
}

/// Every group of more than one code unit that are one, by its members.
static GROUPS: LazyLock<Vec<Vec<u16>>> = LazyLock::new(|| {
    let mut pairs: Vec<(u16, u16)> = (0..=u16::MAX).map(|unit| (canonicalize(unit), unit)).collect();
    pairs.sort_unstable();
    pairs
        .chunk_by(|(a, _), (b, _)| a == b)
        .filter(|group| group.len() > 1)
        .map(|group| group.iter().map(|(_, unit)| *unit).collect())
        .collect()
});

/// Adds every code unit that is one with a member.
pub(super) fn close(set: &mut UnitSet) {
    let ascii = set.ranges().last().is_none_or(|(_, last)| *last < 128);
    let added: Vec<(u16, u16)> = if ascii {
        // No other code unit is one with an ASCII one, so ASCII's own two cases are all.
        (b'a'..=b'z')
            .zip(b'A'..=b'Z')
            .map(|(lower, upper)| (u16::from(lower), u16::from(upper)))
            .filter(|(lower, upper)| set.contains(*lower) || set.contains(*upper))
            .flat_map(|(lower, upper)| [(lower, lower), (upper, upper)])
            .collect()
    } else {
        GROUPS
            .iter()
            .filter(|group| group.iter().any(|unit| set.contains(*unit)))
            .flat_map(|group| group.iter().map(|unit| (*unit, *unit)))
            .collect()
    };
    set.extend(&added);
}

/// The code units that are one with this, itself included.
pub(super) fn closed(unit: u16) -> UnitSet {
    let mut set = UnitSet::of(&[(unit, unit)]);
    close(&mut set);
    set
}

/// Whether two code units are one.
pub(super) fn is_same(a: u16, b: u16) -> bool {
    a == b || canonicalize(a) == canonicalize(b)
}

/// Subjects are lower case: a letter's upper case can be left out, and what is left is a literal to the engine.
pub(super) fn lower_case(set: UnitSet) -> UnitSet {
    match set.ranges() {
        [(upper, _), (lower, last)] if (0x41..=0x5a).contains(upper) && lower == last => {
            UnitSet::of(&[(*lower, *last)])
        }
        _ => set,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(c: char) -> Vec<char> {
        closed(c as u32 as u16)
            .ranges()
            .iter()
            .flat_map(|(first, last)| *first..=*last)
            .map(|unit| char::from_u32(u32::from(unit)).unwrap())
            .collect()
    }

    #[test]
    fn case_is_ecmascripts_and_not_unicodes() {
        assert_eq!(members('a'), ['A', 'a']);
        assert_eq!(members('k'), ['K', 'k'], "the Kelvin sign is its own");
        assert_eq!(members('\u{212a}'), ['\u{212a}']);
        assert_eq!(members('s'), ['S', 's'], "the long s is its own");
        assert_eq!(members('ſ'), ['ſ']);
        assert_eq!(members('ß'), ['ß'], "its upper case is two letters");
        assert_eq!(members('ı'), ['ı']);
        assert_eq!(members('σ'), ['Σ', 'ς', 'σ']);
        assert_eq!(members('µ'), ['µ', 'Μ', 'μ']);
        assert_eq!(members('1'), ['1']);
    }

    #[test]
    fn no_code_unit_beyond_ascii_is_one_with_an_ascii_one() {
        for group in GROUPS.iter().filter(|group| group.iter().any(|unit| *unit < 128)) {
            assert!(group.iter().all(|unit| *unit < 128), "{group:?}");
        }
    }
}

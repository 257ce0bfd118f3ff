//! Character classes: the escapes `\d \s \w`, the dot, and brackets.

use super::parse::Parser;
use super::units::UnitSet;
use super::{Fault, escape, fold};

const DIGITS: &[(u16, u16)] = &[(0x30, 0x39)];
const WORD: &[(u16, u16)] = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
const SPACES: &[(u16, u16)] = &[
    (0x09, 0x0d),
    (0x20, 0x20),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
    (0xfeff, 0xfeff),
];
const LINE_ENDS: &[(u16, u16)] = &[(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)];

/// What `.` matches.
pub(super) fn dot() -> UnitSet {
    UnitSet::of(LINE_ENDS).complement()
}

/// What `\d` and its like match; `None` for any other letter. No case group crosses the border of one of them.
pub(super) fn shorthand(letter: u16) -> Option<UnitSet> {
    let (ranges, negated) = match u8::try_from(letter).ok()? {
        b'd' => (DIGITS, false),
        b'D' => (DIGITS, true),
        b's' => (SPACES, false),
        b'S' => (SPACES, true),
        b'w' => (WORD, false),
        b'W' => (WORD, true),
        _ => return None,
    };
    let set = UnitSet::of(ranges);
    Some(if negated { set.complement() } else { set })
}

/// What stands in a class: a code unit, or a shorthand.
enum Atom {
    Unit(u16),
    Shorthand(UnitSet),
}

/// Reads a class whose `[` is read, to behind its `]`.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<UnitSet, Fault> {
    let negated = parser.eat(b'^');
    let mut units: Vec<(u16, u16)> = Vec::new();
    let mut shorthands: Vec<(u16, u16)> = Vec::new();
    let mut put = |first: Atom, last: Option<Atom>| {
        match (first, last) {
            (Atom::Unit(first), Some(Atom::Unit(last))) if first > last => return Err(Fault::Syntax),
            (Atom::Unit(first), Some(Atom::Unit(last))) => units.push((first, last)),
            (first, last) => {
                // A range to or from a shorthand is no range: its ends and the hyphen are members.
                if last.is_some() {
                    units.push((u16::from(b'-'), u16::from(b'-')));
                }
                for atom in std::iter::once(first).chain(last) {
                    match atom {
                        Atom::Unit(unit) => units.push((unit, unit)),
                        Atom::Shorthand(set) => shorthands.extend_from_slice(set.ranges()),
                    }
                }
            }
        }
        Ok(())
    };
    while !parser.eat(b']') {
        let first = atom(parser)?;
        if !parser.eat(b'-') {
            put(first, None)?;
        } else if parser.eat(b']') {
            put(first, None)?;
            put(Atom::Unit(u16::from(b'-')), None)?;
            break;
        } else {
            put(first, Some(atom(parser)?))?;
        }
    }
    let mut set = UnitSet::of(&units);
    fold::close(&mut set);
    set.extend(&shorthands);
    Ok(if negated { set.complement() } else { set })
}

fn atom(parser: &mut Parser<'_>) -> Result<Atom, Fault> {
    let unit = parser.next().ok_or(Fault::Syntax)?;
    if unit != u16::from(b'\\') {
        return Ok(Atom::Unit(unit));
    }
    if let Some(set) = parser.peek().and_then(shorthand) {
        parser.next();
        return Ok(Atom::Shorthand(set));
    }
    escape::parse(parser, true).map(Atom::Unit)
}

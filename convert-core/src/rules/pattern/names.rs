//! Capturing groups and their names, known before the pattern is read: a reference may come before its group.

use super::parse::Parser;
use super::{Fault, escape};

/// How many capturing groups a pattern has, and the names of those that have one.
#[derive(Debug, Default)]
pub(super) struct Groups {
    count: usize,
    names: Vec<(Vec<char>, usize)>,
}

impl Groups {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    pub(super) fn find(&self, name: &[char]) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, group)| *group)
    }
}

/// Counts the capturing groups: every `(` outside classes and escapes that is not followed by `?`, or by a name.
pub(super) fn scan(units: &[u16]) -> Result<Groups, Fault> {
    let mut groups = Groups::default();
    let mut parser = Parser::new(units);
    let mut in_class = false;
    while let Some(unit) = parser.next() {
        match u8::try_from(unit) {
            Ok(b'\\') => {
                parser.next();
            }
            Ok(b'[') => in_class = true,
            Ok(b']') => in_class = false,
            Ok(b'(') if !in_class => {
                if !parser.eat(b'?') {
                    groups.count += 1;
                } else if parser.eat(b'<') && !parser.eat(b'=') && !parser.eat(b'!') {
                    groups.count += 1;
                    let name = read(&mut parser)?;
                    if groups.find(&name).is_some() {
                        return Err(Fault::Syntax);
                    }
                    groups.names.push((name, groups.count));
                }
            }
            _ => {}
        }
    }
    Ok(groups)
}

/// Reads a name whose `<` is read, to behind its `>`.
pub(super) fn read(parser: &mut Parser<'_>) -> Result<Vec<char>, Fault> {
    let mut name = Vec::new();
    while !parser.eat(b'>') {
        let c = character(parser).ok_or(Fault::Syntax)?;
        let valid = c == '$'
            || c == '_'
            || c.is_alphabetic()
            || !name.is_empty() && (c.is_alphanumeric() || matches!(c, '\u{200c}' | '\u{200d}'));
        if !valid {
            return Err(Fault::Syntax);
        }
        name.push(c);
    }
    if name.is_empty() { Err(Fault::Syntax) } else { Ok(name) }
}

/// One character of a name: written out, as `\uXXXX`, as two of those for a surrogate pair, or as `\u{X...}`.
fn character(parser: &mut Parser<'_>) -> Option<char> {
    let first = unit(parser)?;
    match first {
        Part::Scalar(c) => Some(c),
        Part::Unit(high) => {
            if let Some(c) = char::from_u32(u32::from(high)) {
                return Some(c);
            }
            let Part::Unit(low) = unit(parser)? else { return None };
            char::decode_utf16([high, low]).next()?.ok()
        }
    }
}

enum Part {
    Unit(u16),
    Scalar(char),
}

fn unit(parser: &mut Parser<'_>) -> Option<Part> {
    let unit = parser.next()?;
    if unit != u16::from(b'\\') {
        return Some(Part::Unit(unit));
    }
    if !parser.eat(b'u') {
        return None;
    }
    if !parser.eat(b'{') {
        return escape::hex(parser, 4).map(Part::Unit);
    }
    let mut value: u32 = 0;
    while !parser.eat(b'}') {
        let digit = char::from_u32(u32::from(parser.next()?))?.to_digit(16)?;
        value = value.checked_mul(16)?.checked_add(digit)?;
    }
    char::from_u32(value).map(Part::Scalar)
}

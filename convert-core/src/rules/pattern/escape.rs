//! Escapes that stand for one code unit, with the leniencies of ECMAScript's Annex B.

use super::Fault;
use super::parse::Parser;

/// The code unit of an escape whose backslash is read. `in_class`: between brackets, where some read differently.
pub(super) fn parse(parser: &mut Parser<'_>, in_class: bool) -> Result<u16, Fault> {
    let unit = parser.next().ok_or(Fault::Syntax)?;
    let Ok(byte) = u8::try_from(unit) else { return Ok(unit) };
    Ok(match byte {
        b'f' => 0x0c,
        b'n' => 0x0a,
        b'r' => 0x0d,
        b't' => 0x09,
        b'v' => 0x0b,
        b'b' if in_class => 0x08,
        b'c' => control(parser, in_class),
        b'x' => hex(parser, 2).unwrap_or(unit),
        b'u' => hex(parser, 4).unwrap_or(unit),
        b'0'..=b'7' => octal(parser, unit),
        // With named groups in the pattern, `\k` is theirs alone.
        b'k' if parser.has_names() => return Err(Fault::Syntax),
        _ => unit,
    })
}

/// `\cX`. Where no control letter follows, the backslash stands for itself and the `c` is read again.
fn control(parser: &mut Parser<'_>, in_class: bool) -> u16 {
    match parser.peek().and_then(|unit| u8::try_from(unit).ok()) {
        Some(letter) if letter.is_ascii_alphabetic() || in_class && (letter.is_ascii_digit() || letter == b'_') => {
            parser.next();
            u16::from(letter % 32)
        }
        _ => {
            parser.back();
            u16::from(b'\\')
        }
    }
}

/// Exactly this many hexadecimal digits; where there are fewer nothing is read.
pub(super) fn hex(parser: &mut Parser<'_>, digits: usize) -> Option<u16> {
    let mut value = 0;
    for ahead in 0..digits {
        let digit = char::from_u32(u32::from(parser.peek_at(ahead)?))?.to_digit(16)?;
        value = value << 4 | digit as u16;
    }
    parser.skip(digits);
    Some(value)
}

/// A legacy octal escape whose first digit is read: up to three digits, up to `\377`.
fn octal(parser: &mut Parser<'_>, first: u16) -> u16 {
    let mut value = first - u16::from(b'0');
    for _ in 0..2 {
        let Some(digit) = parser.peek().and_then(|unit| unit.checked_sub(u16::from(b'0'))).filter(|digit| *digit < 8)
        else {
            break;
        };
        if value * 8 + digit > 0o377 {
            break;
        }
        value = value * 8 + digit;
        parser.next();
    }
    value
}

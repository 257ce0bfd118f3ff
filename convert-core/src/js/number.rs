//! Numbers and their text, both ways.

use super::text::{trim, trim_start};

/// The text of a number as `String(n)` gives it, on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberText {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl NumberText {
    /// The longest text is a negative one with 17 digits and a three-digit exponent, or with five leading zeros.
    const CAPACITY: usize = 32;

    pub(crate) fn new(number: f64) -> Self {
        let mut text = Self { bytes: [0; Self::CAPACITY], len: 0 };
        if number == number.trunc() && number.abs() < 9_007_199_254_740_992.0 {
            text.push_integer(number as i64);
        } else {
            text.push(ryu_js::Buffer::new().format(number));
        }
        text
    }

    pub(crate) fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + text.len()) {
            room.copy_from_slice(text.as_bytes());
            self.len += text.len();
        }
    }

    /// An integer below 2^53, which most numbers are. Minus zero has no sign, in JavaScript either.
    fn push_integer(&mut self, number: i64) {
        let mut digits = [0; 16];
        let mut rest = number.unsigned_abs();
        let mut start = digits.len();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            start = at;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.push("-");
        }
        let text = digits.get(start..).and_then(|digits| std::str::from_utf8(digits).ok());
        self.push(text.unwrap_or_default());
    }
}

/// `String(n)`.
pub(crate) fn number_to_string(number: f64) -> String {
    NumberText::new(number).as_str().to_owned()
}

/// `Number(text)`: white space around is ignored, the empty text is 0, what is no number is NaN.
pub(crate) fn parse_number(text: &str) -> f64 {
    let text = trim(text);
    if text.is_empty() {
        return 0.0;
    }
    if let Some((radix_bits, digits)) = radix_prefix(text) {
        return match digits_in_radix(digits, radix_bits) {
            (number, "") if !digits.is_empty() => number,
            _ => f64::NAN,
        };
    }
    match decimal_prefix(text) {
        Some((number, "")) => number,
        _ => f64::NAN,
    }
}

/// `parseInt(text)`: the longest prefix that is a decimal or `0x` integer; `None` where JavaScript says NaN.
pub(crate) fn parse_int_prefix(text: &str) -> Option<f64> {
    let text = trim_start(text);
    let (negative, digits) = sign(text);
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => {
            if !hex.starts_with(|c: char| c.is_ascii_hexdigit()) {
                return None;
            }
            digits_in_radix(hex, 4).0
        }
        None => {
            let end = digits.bytes().take_while(u8::is_ascii_digit).count();
            digits.get(..end)?.parse().ok()?
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `parseFloat(text)`: the longest prefix that is a decimal number; `None` where JavaScript says NaN.
pub(crate) fn parse_float_prefix(text: &str) -> Option<f64> {
    decimal_prefix(trim_start(text)).map(|(number, _)| number)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The longest prefix that is a `StrDecimalLiteral`, and what follows it.
fn decimal_prefix(text: &str) -> Option<(f64, &str)> {
    let (negative, unsigned) = sign(text);
    if let Some(rest) = unsigned.strip_prefix("Infinity") {
        return Some((if negative { f64::NEG_INFINITY } else { f64::INFINITY }, rest));
    }
    let bytes = unsigned.as_bytes();
    let digits_from = |at: usize| bytes.iter().skip(at).take_while(|b| b.is_ascii_digit()).count();
    let whole = digits_from(0);
    let mut end = whole;
    let mut digits = whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits_from(end + 1);
        digits += fraction;
        end += 1 + fraction;
    }
    if digits == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits_from(end + 1 + signed);
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    // The standard library reads this syntax exactly, a bare leading or trailing point included.
    let number: f64 = unsigned.get(..end)?.parse().ok()?;
    Some((if negative { -number } else { number }, unsigned.get(end..)?))
}

/// Splits `0x`, `0o` and `0b` off; the first part is how many bits one digit holds.
fn radix_prefix(text: &str) -> Option<(u32, &str)> {
    let rest = text.strip_prefix('0')?;
    let bits = match rest.bytes().next()? {
        b'x' | b'X' => 4,
        b'o' | b'O' => 3,
        b'b' | b'B' => 1,
        _ => return None,
    };
    Some((bits, rest.get(1..)?))
}

/// The number that the leading digits make, correctly rounded, and what follows them.
fn digits_in_radix(text: &str, bits: u32) -> (f64, &str) {
    let mut kept: u128 = 0;
    let mut dropped_bits = 0_i32;
    let mut end = 0;
    for byte in text.bytes() {
        let Some(digit) = char::from(byte).to_digit(1 << bits) else { break };
        end += 1;
        if kept >> (127 - bits) == 0 {
            kept = (kept << bits) | u128::from(digit);
        } else {
            // What does not fit any more only decides a tie in rounding: one sticky bit stands for it.
            kept |= u128::from(digit != 0);
            dropped_bits = dropped_bits.saturating_add(bits as i32);
        }
    }
    let scale = if dropped_bits > 1100 { f64::INFINITY } else { 2_f64.powi(dropped_bits) };
    let number = if kept == 0 { 0.0 } else { kept as f64 * scale };
    (number, text.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::excessive_precision, reason = "the digits beyond the shortest text are what is tested")]
    fn numbers_print_as_in_javascript() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (10.0, "10"),
            (-9_007_199_254_740_991.0, "-9007199254740991"),
            (1e-7, "1e-7"),
            (-1.234e-7, "-1.234e-7"),
            (0.000_001_234_567_890_123_456_7, "0.0000012345678901234567"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-f64::MIN_POSITIVE, "-2.2250738585072014e-308"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            // Two shortest texts are equally near: the even digit wins.
            (1_215_371_813_309_129.25, "1215371813309129.2"),
            (-1_735_507_235_992_053.25, "-1735507235992053.2"),
            (1_215_371_813_309_129.75, "1215371813309129.8"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(number_to_string(number), text);
        }
    }

    #[test]
    fn text_reads_as_a_number_as_in_javascript() {
        for (text, number) in [
            ("", 0.0),
            (" \u{feff}\n", 0.0),
            (" 12 ", 12.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("-.5e1", -5.0),
            ("+3", 3.0),
            ("0x1F", 31.0),
            ("0o17", 15.0),
            ("0b11", 3.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e1000", f64::INFINITY),
            ("0x20000000000001", 9_007_199_254_740_992.0),
            ("0x20000000000003", 9_007_199_254_740_996.0),
        ] {
            assert_eq!(parse_number(text), number, "{text}");
        }
        for text in ["abc", "12px", "0x", "-0x1", "1e", ".", "inf", "nan", "1_000", "1 2", "infinity", "--1"] {
            assert!(parse_number(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn prefixes_read_as_parse_int_and_parse_float() {
        for (text, int, float) in [
            ("7.9", Some(7.0), Some(7.9)),
            ("7abc", Some(7.0), Some(7.0)),
            (" 12 ", Some(12.0), Some(12.0)),
            ("0x1f", Some(31.0), Some(0.0)),
            ("1e3", Some(1.0), Some(1000.0)),
            ("1e", Some(1.0), Some(1.0)),
            ("1,5", Some(1.0), Some(1.0)),
            ("-.5", None, Some(-0.5)),
            ("Infinity", None, Some(f64::INFINITY)),
            ("0x", None, Some(0.0)),
            ("-12", Some(-12.0), Some(-12.0)),
            ("true", None, None),
            ("", None, None),
            ("é", None, None),
        ] {
            assert_eq!(parse_int_prefix(text), int, "{text}");
            assert_eq!(parse_float_prefix(text), float, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_number_survives_its_text(bits in proptest::num::u64::ANY) {
            let number = f64::from_bits(bits);
            let read = parse_number(&number_to_string(number));
            proptest::prop_assert!(read == number || (read.is_nan() && number.is_nan()));
        }

        #[test]
        fn an_integer_prints_as_it_is(number in -9_007_199_254_740_991_i64..9_007_199_254_740_992) {
            proptest::prop_assert_eq!(number_to_string(number as f64), number.to_string());
        }

        #[test]
        fn any_text_reads_without_a_fault(text in "[ +\\-.0-9xXoObBeEInfity,é]{0,12}") {
            let number = parse_number(&text);
            // Where the whole text is a decimal number, its prefix reading is the same number.
            if !number.is_nan() && !trim(&text).is_empty() && radix_prefix(trim(&text)).is_none() {
                proptest::prop_assert_eq!(parse_float_prefix(&text), Some(number));
            }
            let _ = parse_int_prefix(&text);
        }
    }
}

//! The two sides of a comparison, each in the form that its operators want.

use std::cmp::Ordering;

use crate::attributes::AttributeValue;
use crate::js::{self, JsKind, JsValue, NumberText};
use crate::text::Text;

/// Texts up to this length are lowered on the stack.
const STACK: usize = 256;

/// Calls `f` with `String(value)`.
#[inline]
pub(super) fn with_text<R>(value: &AttributeValue, f: impl FnOnce(&str) -> R) -> R {
    match value.kind() {
        JsKind::Text(text) => f(text),
        JsKind::Number(number) => f(NumberText::new(number).as_str()),
        _ => f(&js::string_of(value)),
    }
}

/// Calls `f` with the text in lower case.
pub(super) fn with_lowered<R>(text: &str, f: impl FnOnce(&str) -> R) -> R {
    if text.len() <= STACK && text.is_ascii() {
        if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return f(text);
        }
        let mut buffer = [0; STACK];
        for (to, from) in buffer.iter_mut().zip(text.bytes()) {
            *to = from.to_ascii_lowercase();
        }
        if let Some(Ok(lowered)) = buffer.get(..text.len()).map(std::str::from_utf8) {
            return f(lowered);
        }
    }
    f(&js::lower(text))
}

/// Whether the text in lower case is `lowered`, which is lower case itself.
#[inline]
pub(super) fn equals_lowered(text: &str, lowered: &str) -> bool {
    // Most texts are lower case already, and a plain comparison is many times faster.
    if text == lowered || text.eq_ignore_ascii_case(lowered) {
        return true;
    }
    !text.is_ascii() && equals_lowered_beyond_ascii(text, lowered)
}

#[cold]
fn equals_lowered_beyond_ascii(text: &str, lowered: &str) -> bool {
    // How a sigma lowers depends on what is around it; every other character lowers by itself.
    if text.contains('Σ') {
        return js::lower(text) == lowered;
    }
    text.chars().flat_map(char::to_lowercase).eq(lowered.chars())
}

/// A side of `less` and `lessEqual`: a number where it is one or reads as one, else what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ordered<T> {
    Number(f64),
    Text(T),
    Bool(bool),
    Null,
    /// A list or a map, by its text.
    Object(T),
}

impl Ordered<Text> {
    pub(super) fn from_rule(value: &AttributeValue) -> Self {
        with_ordered(value, |side| match side {
            Ordered::Number(number) => Self::Number(number),
            Ordered::Text(text) => Self::Text(text.into()),
            Ordered::Bool(flag) => Self::Bool(flag),
            Ordered::Null => Self::Null,
            Ordered::Object(text) => Self::Object(text.into()),
        })
    }

    fn as_deref(&self) -> Ordered<&str> {
        match self {
            Self::Number(number) => Ordered::Number(*number),
            Self::Text(text) => Ordered::Text(text),
            Self::Bool(flag) => Ordered::Bool(*flag),
            Self::Null => Ordered::Null,
            Self::Object(text) => Ordered::Object(text),
        }
    }

    /// How a visitor's value compares with this; `None` where JavaScript's types differ, so that nothing can be said,
    /// and `Some(None)` where one side is not a number.
    pub(super) fn compare(&self, visitor: &AttributeValue) -> Option<Option<Ordering>> {
        with_ordered(visitor, |side| side.compare(self.as_deref()))
    }
}

impl Ordered<&str> {
    fn compare(self, other: Self) -> Option<Option<Ordering>> {
        use Ordered::{Bool, Null, Number, Object, Text};
        Some(match (self, other) {
            (Number(a), Number(b)) => a.partial_cmp(&b),
            (Bool(a), Bool(b)) => Some(a.cmp(&b)),
            // By UTF-16 code unit: a character beyond the BMP sorts by its surrogates.
            (Text(a), Text(b)) | (Object(a), Object(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
            // `null` is an object to `typeof` and 0 to `<`, which then reads the other side as a number.
            (Null, Null) => Some(Ordering::Equal),
            (Null, Object(text)) => 0.0.partial_cmp(&js::parse_number(text)),
            (Object(text), Null) => js::parse_number(text).partial_cmp(&0.0),
            _ => return None,
        })
    }
}

fn with_ordered<R>(value: &AttributeValue, f: impl FnOnce(Ordered<&str>) -> R) -> R {
    match value.kind() {
        JsKind::Null => f(Ordered::Null),
        JsKind::Bool(flag) => f(Ordered::Bool(flag)),
        JsKind::Number(number) => f(Ordered::Number(number)),
        JsKind::Text(text) => f(numeric(text).map_or(Ordered::Text(text), Ordered::Number)),
        JsKind::List(_) | JsKind::Map => f(Ordered::Object(&js::string_of(value))),
    }
}

/// The number that a text is to the SDK: `-?` and digits, in whole groups of three where there are commas, and a
/// fraction; or a fraction alone.
fn numeric(text: &str) -> Option<f64> {
    if !is_numeric(text) {
        return None;
    }
    let (before, after) = text.split_once(',').unwrap_or((text, ""));
    if after.is_empty() {
        return text.parse().ok();
    }
    if before == "0" {
        // "0,500" is a European fraction; of "0,500,000" the prefix that is a number counts.
        return js::parse_float_prefix(&text.replace(',', "."));
    }
    text.replace(',', "").parse().ok()
}

/// `^-?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)$`
fn is_numeric(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !fraction.is_none_or(digits) {
        return false;
    }
    if whole.is_empty() {
        return fraction.is_some();
    }
    match whole.split_once(',') {
        None => digits(whole),
        Some((first, rest)) => {
            first.len() <= 3 && digits(first) && rest.split(',').all(|group| group.len() == 3 && digits(group))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_one_way() {
        for (text, number) in [
            ("12", 12.0),
            ("-12.50", -12.5),
            (".5", 0.5),
            ("-.5", -0.5),
            ("1,000", 1000.0),
            ("12,345.67", 12345.67),
            ("0,500", 0.5),
            ("0,500,000", 0.5),
            ("-0,500", -500.0),
            ("00", 0.0),
        ] {
            assert_eq!(numeric(text), Some(number), "{text}");
        }
        for text in
            ["", "-", "+1", "1e5", " 1", "1.", "1\n", "1,00", "1234,567", ",500", "1,,000", "１", "Infinity", "."]
        {
            assert_eq!(numeric(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn numeric_texts_are_what_the_expression_says(text in "-?[0-9,.]{0,9}") {
            let expression = regex::Regex::new(r"\A-?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)\z");
            proptest::prop_assert_eq!(is_numeric(&text), expression.unwrap().is_match(&text));
            proptest::prop_assert_eq!(numeric(&text).is_some(), is_numeric(&text));
        }

        #[test]
        fn lowering_is_one_whichever_way(text in "[a-zA-ZéÉΣσςİıſKß ]{0,12}", other in "[a-zA-ZéÉΣσςİıſKß ]{0,12}") {
            let lowered = text.to_lowercase();
            proptest::prop_assert!(with_lowered(&text, |side| side == lowered));
            proptest::prop_assert!(equals_lowered(&text, &lowered));
            let other = other.to_lowercase();
            proptest::prop_assert_eq!(equals_lowered(&text, &other), lowered == other);
        }
    }
}

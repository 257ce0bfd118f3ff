//! Percent-encoding of cookie values and query strings.

use std::borrow::Cow;

/// Decodes `%XX`; `None` where the result is not UTF-8. A percent sign that starts no code stays.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.as_bytes().contains(&b'%') {
        return Some(Cow::Borrowed(text));
    }
    String::from_utf8(bytes_of(text.as_bytes(), false)).ok().map(Cow::Owned)
}

/// Decodes a name or a value of a query: `+` is a space, and what is not UTF-8 becomes U+FFFD.
pub(super) fn decode_query(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = bytes_of(text.as_bytes(), true);
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn bytes_of(mut text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        text = rest;
        match (first, rest) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high * 16 + low);
                    text = after;
                }
                _ => decoded.push(first),
            },
            (b'+', _) if plus_is_space => decoded.push(b' '),
            _ => decoded.push(first),
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Appends a cookie's value, encoding what JavaScript's `encodeURIComponent` encodes.
pub(super) fn encode_into(target: &mut String, text: &str) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            target.push(char::from(byte));
        } else {
            target.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_decoded_and_anything_else_stays() {
        assert_eq!(decode("a%20b+c").unwrap(), "a b+c");
        assert_eq!(decode_query("a%20b+c"), "a b c");
        assert_eq!(decode("100%").unwrap(), "100%");
        assert_eq!(decode("%4").unwrap(), "%4");
        assert_eq!(decode("%zz%41").unwrap(), "%zzA");
        assert_eq!(decode("%C3%A9").unwrap(), "é");
        assert_eq!(decode("%ff"), None);
        assert_eq!(decode_query("%ff"), "\u{fffd}");
        assert!(matches!(decode("plain"), Some(Cow::Borrowed("plain"))));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(text in ".*") {
            let mut encoded = String::new();
            encode_into(&mut encoded, &text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded).unwrap(), text.as_str());
            prop_assert_eq!(decode_query(&encoded), text);
        }
    }
}

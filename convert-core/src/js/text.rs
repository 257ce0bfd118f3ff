//! Text as ECMAScript sees it: its white space and its lower case.

use std::borrow::Cow;

/// Whether ECMAScript's `trim` removes the character. Differs from Unicode's `White_Space` in U+FEFF and U+0085.
pub(crate) fn is_white_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

/// `String.prototype.trim`.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_white_space)
}

/// `String.prototype.trimStart`.
pub(crate) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_white_space)
}

/// `String.prototype.toLowerCase`. Allocates only where something changes.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    if text.chars().all(is_lower_already) { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

fn is_lower_already(c: char) -> bool {
    let mut mapped = c.to_lowercase();
    mapped.next() == Some(c) && mapped.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_ecmascripts() {
        assert_eq!(trim("\u{feff}\u{a0} x\u{2028}\n"), "x");
        assert_eq!(trim("\u{85}x"), "\u{85}x");
        assert_eq!(trim_start(" x "), "x ");
    }

    #[test]
    fn lower_case_is_unicodes() {
        assert_eq!(lower("İ"), "i\u{307}");
        assert_eq!(lower("ΑΣ"), "ας");
        assert_eq!(lower("STRASSE ẞ"), "strasse ß");
        assert!(matches!(lower("already lower ß"), Cow::Borrowed(_)));
        assert!(matches!(lower("ascii"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn lower_agrees_with_the_standard_library(text in ".*") {
            proptest::prop_assert_eq!(lower(&text), text.to_lowercase());
        }
    }
}
